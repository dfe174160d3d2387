"""Terms of a query: a closed list of fields, and values that are never part of the SQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from host.catalogue.tables import records
from host.catalogue.terms import FIELDS, Term, condition, parse, parse_all
from host.errors import CatalogueError


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("device~AMD EPYC", Term("device", "~", "AMD EPYC")),
        ("value>=40", Term("value", ">=", "40")),
        (" U < 0.5 ", Term("U", "<", "0.5")),
        ("since=2026-11-01", Term("started", ">=", "2026-11-01")),
        ("until=2026", Term("started", "<", "2026")),
        ("measurand=decode_rate@1", Term("measurand_id", "=", "decode_rate@1")),
        ("measurand=stated.vendor.rate", Term("measurand", "=", "convention:stated.vendor.rate")),
        ("scope=", Term("scope", "=", "")),
        ("engine!=a=b", Term("engine", "!=", "a=b")),
    ],
)
def test_a_term_is_read_as_people_write_it(text: str, term: Term) -> None:
    assert parse(text) == term


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no FIELD OP VALUE"),
        ("device", "is no FIELD OP VALUE"),
        ("devise~x", "did you mean 'device'"),
        ("value~4", "compared by one of"),
        ("value>fast", "no finite number"),
        ("value>nan", "no finite number"),
        ("value<inf", "no finite number"),
        ("model=xyz", "first digits"),
        ("model=%", "first digits"),
        ("since=yesterday", "a time is"),
        ("since=2026-11-01'; DROP TABLE records; --", "a time is"),
        ("records.path=x", "is no FIELD OP VALUE"),
        ("password=x", "no field is called 'password'"),
        ("device~" + "x" * 500, "is no FIELD OP VALUE"),
    ],
)
def test_what_is_no_term_is_refused_with_the_term(text: str, why: str) -> None:
    with pytest.raises(CatalogueError, match=why) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_several_terms_stand_in_one_text_and_quotes_keep_spaces() -> None:
    assert parse_all("device~'AMD EPYC' model=3e") == (
        Term("device", "~", "AMD EPYC"),
        Term("model", "=", "3e"),
    )
    with pytest.raises(CatalogueError, match="no list of terms"):
        parse_all("device~'open")


@settings(max_examples=40)
@given(st.sampled_from(["device", "path", "scope", "engine"]), st.sampled_from("=~"), st.text())
def test_no_text_of_a_value_stands_in_the_sql(name: str, operator: str, value: str) -> None:
    marked = f"zq{value[:100]}zq"
    sql = str(select(records.c.id).where(condition(Term(name, operator, marked))).compile())
    assert "zq" not in sql


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_any_text_is_a_term_of_a_known_field_or_a_refusal(text: str) -> None:
    try:
        term = parse(text)
    except CatalogueError:
        return
    assert term.name in FIELDS
    assert str(condition(term).compile())
