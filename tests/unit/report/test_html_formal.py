"""Every formal field, row and correlation of a record is found again on its page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import msgspec
import pytest

from host.handover.record import Record
from host.report.html import page
from host.report.html_numbers import share, short
from tests.fakes.full_records import full_record
from tests.fakes.records import sample_record
from tests.fakes.traces import example_run
from tests.unit.report.page_reader import PageReader, read

FORMAL = (
    "record_no",
    "status",
    "laboratory",
    "customer",
    "people",
    "item_received",
    "performed",
    "issued",
    "method",
    "scope_statement",
    "intended_use",
    "equipment",
    "environment",
    "external_provider_results",
    "opinions",
    "limitations",
)
# Shown in other words: names of quantities and units have theirs in both languages.
SHOWN_AS = {"on_board", "ambient_temperature", "Cel"}
HOSTILE = "<script>globalThis.taken=1</script><img src=x>\u202e"


@cache
def full() -> tuple[Record, PageReader]:
    record = full_record()
    return record, read(page(record, example_run()))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("field", FORMAL)
def test_every_word_of_a_formal_field_stands_on_the_page(field: str) -> None:
    record, found = full()
    said = [s for s in strings(msgspec.to_builtins(getattr(record, field))) if s not in SHOWN_AS]
    reasons = [s.partition(": ")[2] if s.startswith("not-measured") else s for s in said]
    assert any(reasons)
    assert [s for s in reasons if s not in found.words] == []


def test_every_row_of_every_whole_budget_stands_with_how_it_was_evaluated() -> None:
    record, found = full()
    items = set(record.settings["items"])
    whole = {q.budget_ref for q in record.results if q.scope not in items}
    budgets = [b for b in record.budgets if b.id in whole]
    tables = {t.caption.partition(" / ")[0]: t for t in found.tables}
    assert len(budgets) > 10
    for budget in budgets:
        rows = tables[budget.id].rows[1:]
        assert [row[0].split()[0] for row in rows] == [r.symbol for r in budget.rows]
        for row, told in zip(budget.rows, rows, strict=True):
            assert ("not evaluated" in told[3]) == (row.u is None)
            assert all(cell.strip() for cell in told)
            assert row.evaluation.zh in found.words
            assert row.evaluation.en in found.words
        assert budget.model in found.words


def test_a_budget_without_u_says_why_on_the_page() -> None:
    record = sample_record(1)
    words = read(page(record, example_run(1))).words
    reasons = {b.reason for b in record.budgets if b.reason is not None}
    assert reasons
    for reason in reasons:
        assert reason.zh in words
        assert reason.en in words


def test_budgets_of_items_are_reached_and_their_open_rows_are_marked() -> None:
    record, found = full()
    items = set(record.settings["items"])
    tables = [t for t in found.tables if "contributions of each item" in t.caption]
    lines = [row for t in tables for row in t.rows[1:]]
    assert len(lines) == sum(q.scope in items and bool(q.budget_ref) for q in record.results) > 0
    for table in tables:
        place = next(i for i, name in enumerate(table.rows[0]) if name == "agent")
        assert all("not evaluated" in row[place] for row in table.rows[1:])


def test_correlations_and_the_monte_carlo_interval_are_told() -> None:
    record, found = full()
    assert "r = 0.25" in found.words
    assert "the same clock" in found.words
    drawn = [q for q in record.results if q.mcm is not None and q.scope == ""]
    assert drawn
    assert all(f"seed {q.mcm.seed}" in found.words for q in drawn if q.mcm)


def test_every_link_into_the_page_leads_somewhere() -> None:
    drawn = page(full_record(), example_run()).decode()
    targets = set(re.findall(r'href="#([^"]+)"', drawn))
    assert targets - set(re.findall(r' id="([^"]+)"', drawn)) == set()
    assert sum(t.startswith("budget-") for t in targets) > 40


@pytest.mark.parametrize("make", [full_record, sample_record])
def test_nothing_of_nan_or_none_is_printed(make: Callable[[], Record]) -> None:
    words = read(page(make(), example_run())).words
    assert not re.search(r"\bNone\b(?!\.)|\bnan\b|\bNaN\b", words)


def test_a_withdrawn_record_says_so_before_its_verdict() -> None:
    found = read(page(full_record("withdrawn"), example_run()))
    assert found.sections[:2] == ["withdrawn", "verdict"]
    assert "WITHDRAWN: not to be used" in found.words


def test_a_draft_says_why_it_has_no_number_and_no_laboratory() -> None:
    words = read(page(sample_record(), example_run())).words
    for reason in ("draft, not issued", "a draft has none", "no laboratory file"):
        assert reason in words
    assert "end of record" in words
    assert "Signatures are not inside the record" in words


def test_hostile_words_in_formal_fields_make_no_element() -> None:
    record = full_record()
    people = tuple(msgspec.structs.replace(p, name=HOSTILE) for p in record.people)
    meter = msgspec.structs.replace(record.equipment[0], maker=HOSTILE, id=HOSTILE)
    time = {**record.time, "utc_source": {HOSTILE: HOSTILE}, "interval_clock": HOSTILE}
    bad = msgspec.structs.replace(
        record, people=people, equipment=(meter,), time=time, record_no=HOSTILE
    )
    drawn = page(bad, example_run())
    assert "img" not in read(drawn).elements
    assert "\u202e" not in drawn.decode()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("0.0000000031904", "3.19×10⁻⁹"),
        ("-7.8148", "-7.81"),
        ("9999999", "1×10⁷"),
        ("0", "0"),
        ("inf", "∞"),
        ("0.0005", "0.0005"),
        (None, "—"),
    ],
)
def test_numbers_of_a_budget_are_short(number: str | None, shown: str) -> None:
    assert short(number) == shown


def test_a_share_too_small_to_see_is_not_called_zero() -> None:
    assert share("1e-19") == "&lt; 0.01 %"
    assert share("0") == "0 %"
    assert share("0.5").startswith("50 % <svg")
