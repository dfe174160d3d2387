from __future__ import annotations

from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.compare.conformity import (
    DecisionRule,
    Limit,
    Outcome,
    RuleName,
    conformance_probability,
    outcome_of,
    state,
)
from host.compare.limits import Wanted, conformity, parse
from host.compare.pairs import side
from host.errors import UsageError
from tests.fakes.compared import quantity, record

LOW = Limit(20.0, None)


@pytest.mark.parametrize(
    ("rule", "y", "outcome"),
    [
        ("simple", 20.1, "pass"),
        ("simple", 19.9, "fail"),
        ("guarded", 21.1, "pass"),
        ("guarded", 20.9, "noPass"),
        ("guarded", 10.0, "noPass"),
        ("guarded-rejection", 19.1, "noFail"),
        ("guarded-rejection", 18.9, "fail"),
        ("nonbinary", 21.1, "pass"),
        ("nonbinary", 20.5, "conditionalPass"),
        ("nonbinary", 19.5, "conditionalFail"),
        ("nonbinary", 18.9, "fail"),
    ],
)
def test_the_outcome_of_each_rule_with_a_guard_band_of_one(
    rule: RuleName, y: float, outcome: Outcome
) -> None:
    assert outcome_of(y, 1.0, LOW, rule) == outcome


def test_limits_closer_than_the_guard_bands_leave_nothing_to_accept() -> None:
    assert outcome_of(20.5, 1.0, Limit(20.0, 21.0), "guarded") == "noPass"


def test_a_statement_holds_all_that_its_word_needs() -> None:
    found = state(("r", 25.0, 1.0, inf, 2.0), "SPEC-1", LOW, DecisionRule("guarded"))
    assert found.outcome == "pass"
    assert (found.specification, found.w, found.distribution) == ("SPEC-1", 2.0, "normal")
    assert found.p_c == pytest.approx(1, abs=1e-6)
    assert found.specific_risk == pytest.approx(1 - found.p_c)


def test_the_risk_of_a_rejection_is_the_probability_of_conformance() -> None:
    found = state(("r", 19.5, 1.0, inf, 2.0), "SPEC-1", LOW, DecisionRule("simple"))
    assert found.outcome == "fail"
    assert found.specific_risk == found.p_c == pytest.approx(0.3085, abs=1e-4)


def test_alpha_sets_the_guard_band_and_few_values_widen_it() -> None:
    rule = DecisionRule("guarded", 0.05)
    wide = state(("r", 25.0, 1.0, 2.0, 4.3), "S", LOW, rule)
    assert state(("r", 25.0, 1.0, inf, 2.0), "S", LOW, rule).w == pytest.approx(1.645, abs=1e-3)
    assert wide.w == pytest.approx(2.920, abs=1e-3)  # t of 2 degrees of freedom, 95 % one-sided
    assert wide.distribution == "t, nu = 2"


def test_no_statement_without_a_specification() -> None:
    with pytest.raises(UsageError, match="specification"):
        state(("r", 25.0, 1.0, inf, 2.0), " ", LOW, DecisionRule("simple"))


@given(st.floats(-100, 100), st.floats(0.01, 50), st.floats(-50, 50), st.floats(0.01, 50))
def test_both_sides_of_a_limit_share_the_whole_probability(
    y: float, u: float, low: float, width: float
) -> None:
    high = low + width
    inside = conformance_probability(y, u, Limit(low, high))
    below = conformance_probability(y, u, Limit(None, low))
    above = conformance_probability(y, u, Limit(high, None))
    assert inside + below + above == pytest.approx(1)


@given(st.floats(-100, 100), st.floats(0, 20))
def test_what_passes_with_a_guard_band_passes_without(y: float, w: float) -> None:
    if outcome_of(y, w, LOW, "guarded") == "pass":
        assert outcome_of(y, w, LOW, "simple") == "pass"
        assert outcome_of(y, w, LOW, "nonbinary") == "pass"


@pytest.mark.parametrize(
    ("text", "name", "low", "high"),
    [
        ("decode_rate@1=>=20", "decode_rate@1", 20.0, None),
        ("load_time@1=<=5e-1", "load_time@1", None, 0.5),
        ("decode_rate@1/mean = 10 .. 20", "decode_rate@1/mean", 10.0, 20.0),
        ("decode_rate@1>=20", "decode_rate@1", 20.0, None),
    ],
)
def test_limits_are_read(text: str, name: str, low: float | None, high: float | None) -> None:
    wanted = parse(text)
    assert (wanted.name, wanted.limit) == (name, Limit(low, high))


@pytest.mark.parametrize(
    "text", ["", "decode_rate@1", "decode_rate@1=20", "=>=20", "x>=nan", "x>=1e999", "x=3..3",
             "x=5..1", "x>=1.2.3"],
)  # fmt: skip
def test_limits_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize("limit", [(None, None), (2.0, 1.0), (float("nan"), None), (0.0, inf)])
def test_limits_that_bound_nothing_are_refused(limit: tuple[float | None, float | None]) -> None:
    with pytest.raises(UsageError):
        Limit(*limit)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -1.0, float("nan")])
def test_a_risk_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(UsageError):
        DecisionRule("guarded", alpha)


def test_simple_acceptance_takes_no_alpha() -> None:
    with pytest.raises(UsageError, match="no guard band"):
        DecisionRule("simple", 0.05)


def test_one_attempt_and_equal_attempts_get_no_statement() -> None:
    for values in ([25.0], [25.0, 25.0, 25.0]):
        made = side("A", record(quantity(values)))
        (found,) = conformity([made], [parse("decode_rate@1>=20")], "S", DecisionRule("simple"))
        assert found.statement is None
        assert found.refused is not None
        assert "no U" in found.refused.en


def test_a_record_that_is_void_gets_no_statement() -> None:
    good = record(quantity([25.0, 26.0]))
    void = msgspec.structs.replace(
        good, verdict=msgspec.structs.replace(good.verdict, status="void")
    )
    rule = DecisionRule("simple")
    (found,) = conformity([side("A", void)], [parse("decode_rate@1>=20")], "S", rule)
    assert found.statement is None


def test_a_withdrawn_record_gets_no_statement() -> None:
    good = record(quantity([25.0, 26.0]))
    status = msgspec.structs.replace(good.status, state="withdrawn")
    made = side("A", msgspec.structs.replace(good, status=status))
    (found,) = conformity([made], [parse("decode_rate@1>=1")], "S", DecisionRule("simple"))
    assert found.statement is None
    assert found.refused is not None
    assert "withdrawn" in found.refused.en


@pytest.mark.parametrize(
    ("rule", "width", "outcome"),
    [
        ("guarded", 4.0, "noPass"),  # 5 % beyond the near limit and 0.9 % beyond the other
        ("nonbinary", 4.0, "conditionalPass"),
        ("guarded", 7.0, "pass"),
    ],
)
def test_no_pass_beyond_the_risk_asked_for_between_close_limits(
    rule: RuleName, width: float, outcome: str
) -> None:
    found = state(("r", 1.645, 1.0, inf, 2.0), "S", Limit(0.0, width), DecisionRule(rule, 0.05))
    assert found.outcome == outcome
    assert (found.specific_risk <= 0.05) == (outcome == "pass")


def test_a_limit_in_another_unit_is_refused() -> None:
    made = side("A", record(quantity([25.0, 26.0])))
    wanted = Wanted("decode_rate@1", LOW, "By/s")
    with pytest.raises(UsageError, match="the limit in By/s"):
        conformity([made], [wanted], "S", DecisionRule("simple"))


def test_a_limit_on_what_is_not_there_names_what_is_near() -> None:
    made = side("A", record(quantity([25.0, 26.0])))
    with pytest.raises(UsageError, match="near: decode_rate@1/mean"):
        conformity([made], [parse("decode_rte@1>=20")], "S", DecisionRule("simple"))
