from dataclasses import replace
from math import inf

import pytest

from host.evaluate.budget_of import BY_RANKS, ONLY_ZEROS
from host.evaluate.gum import NO_COMMON_DOF, NOTHING_EVALUATED, ONLY_SECOND_ORDER
from host.handover.budget import Budget, Correlation, Input, MonteCarlo, Row
from host.handover.quantity import Quantity
from host.handover.result import Result
from host.handover.text import Txt
from host.record.budgets import budgets_of
from host.record.quantities import quantity_of
from tests.fakes.records import sample_record

TEXT = Txt("文", "text")
CLOCK = Input(
    symbol="rate",
    name=TEXT,
    source=TEXT,
    kind="B",
    distribution="rectangular",
    estimate=0.0,
    unit="1",
    u=0.0002,
    nu=inf,
    evaluation=TEXT,
    half_width=0.00035,
)
OPEN = replace(CLOCK, symbol="agent", kind="A", u=None, nu=4.0)
SPREAD = replace(CLOCK, symbol="repeatability", kind="A", unit="s", n=9, lags=3, inflation=1.5)
BUDGET = Budget(
    measurand="load_time@1",
    model="y = repeatability * (1 + rate) * agent",
    unit="s",
    value=2.0,
    rows=(Row(SPREAD, 1.0, 3.0, 0.9), Row(CLOCK, 2.0, 4e-4, 0.1), Row(OPEN, None, None, None)),
    correlations=(Correlation("rate", "repeatability", 0.25, TEXT),),
    u=3.0,
    nu_eff=16.75,
    nu_used=16.0,
    p=0.95,
    k=2.12,
    U=6.36,
    k_rule="t_nu_eff",
)
DRAWN = MonteCarlo(1000, "PCG64", 2**60, None, 3.1, (-4.0, 8.0), (-4.1, 7.9), 0.05, True)  # noqa: FBT003
RESULT = Result(
    measurand="load_time@1",
    statistic="mean",
    scope="",
    unit="s",
    value=2.0,
    spread=None,
    interval=None,
    by_attempt=((1, 1.0), (2, 3.0)),
    budget=BUDGET,
)


def quantity(**change: object) -> Quantity:
    return quantity_of(replace(RESULT, budget=replace(BUDGET, **change)))  # type: ignore[arg-type]


def test_no_row_is_dropped_evaluated_or_not() -> None:
    [budget] = budgets_of([RESULT])
    assert [row.symbol for row in budget.rows] == ["repeatability", "rate", "agent"]
    assert budget.id == quantity_of(RESULT).budget_ref == "load_time@1/mean"


def test_an_open_row_has_no_figures_and_says_why() -> None:
    row = budgets_of([RESULT])[0].rows[2]
    assert (row.u, row.nu, row.c, row.contribution, row.share) == (None,) * 5
    assert row.evaluation == TEXT


def test_infinite_degrees_of_freedom_are_the_word_inf() -> None:
    assert budgets_of([RESULT])[0].rows[1].nu == "inf"
    assert quantity(nu_eff=inf, nu_used=inf).nu_used == "inf"


def test_units_of_sensitivities_are_result_over_input() -> None:
    assert [row.c_unit for row in budgets_of([RESULT])[0].rows] == ["1", "s", "s"]


def test_correlated_samples_keep_lags_and_inflation() -> None:
    rows = budgets_of([RESULT])[0].rows
    assert rows[0].autocorr == {"lags": "3", "inflation": "1.5"}
    assert rows[0].n == 9
    assert rows[1].autocorr is None


def test_correlations_stand_in_the_budget_with_their_reason() -> None:
    [found] = budgets_of([RESULT])[0].correlations
    assert (found.a, found.b, found.r, found.reason) == ("rate", "repeatability", "0.25", TEXT)


def test_a_budget_with_an_open_row_is_partly_evaluated_and_names_it() -> None:
    found = quantity_of(RESULT)
    assert found.uncertainty_status == "partly_evaluated"
    assert found.open_rows == ("agent",)
    assert (found.nu_eff, found.nu_used, found.k, found.U) == ("16.75", "16", "2.12", "6.36")
    assert (found.method, found.k_rule) == ("GUF", "t_nu_eff")


def test_a_budget_without_open_rows_is_evaluated() -> None:
    assert quantity(rows=BUDGET.rows[:2]).uncertainty_status == "evaluated"


def test_monte_carlo_stands_beside_with_its_settings() -> None:
    found = quantity(monte_carlo=DRAWN)
    assert found.method == "both"
    assert found.mcm is not None
    assert (found.mcm.seed, found.mcm.mean, found.mcm.symmetric) == (str(2**60), None, ("-4", "8"))
    assert found.mcm.gum_validated is True


def test_a_budget_without_u_gives_no_figures_but_keeps_its_rows() -> None:
    found = quantity(U=None, k=None, k_rule="", reason="one", monte_carlo=DRAWN, second_order=3.0)
    assert (found.mcm, found.second_order) == (None, None)
    assert found.uncertainty_status == "not_evaluated"
    assert (found.u, found.U, found.k, found.p, found.nu_eff, found.method) == (*[None] * 5, "")
    assert found.budget_ref == found.id


def without(reason: str, attempts: int = 1) -> Txt:
    """The reason in the record of a result whose budget has no U."""
    result = replace(
        RESULT,
        by_attempt=tuple((n, 2.0) for n in range(1, attempts + 1)),
        budget=replace(BUDGET, U=None, k=None, reason=reason),
    )
    found = budgets_of([result])[0].reason
    assert found is not None
    return found


def test_one_attempt_says_in_both_languages_why_there_is_no_u() -> None:
    found = without("too-few-attempts: 1 of at least 2")
    assert found.en.startswith("1 valid attempt with a value: no spread")
    assert "只有 1 次有效测量" in found.zh


def test_every_reason_of_the_evaluation_has_its_sentence() -> None:
    told = [BY_RANKS, ONLY_ZEROS, NOTHING_EVALUATED, NO_COMMON_DOF, ONLY_SECOND_ORDER]
    said = [without(reason) for reason in told]
    assert all(
        one.zh != one.en and reason not in (one.zh, one.en)
        for one, reason in zip(said, told, strict=True)
    )
    assert len({one.zh for one in said}) == len({one.en for one in said}) == len(told)
    assert without("not-evaluated: clock_rate").en.startswith("the row clock_rate is required")


def test_a_budget_with_u_has_no_reason_for_none() -> None:
    assert budgets_of([RESULT])[0].reason is None


def test_a_record_of_one_attempt_holds_the_reason_for_every_value() -> None:
    record = sample_record(1)
    no_u = {q.budget_ref for q in record.results if q.budget_ref and q.U is None}
    exact = {q.budget_ref for q in record.results if q.uncertainty_status == "exact_count"}
    reasons = {b.id: b.reason for b in record.budgets}
    assert len(no_u - exact) > 10
    assert [name for name in no_u - exact if reasons[name] is None] == []


def test_a_count_that_never_varied_is_exact() -> None:
    found = quantity(unit="{count}", u=0.0, U=0.0, rows=())
    assert found.uncertainty_status == "exact_count"
    assert (found.u, found.U, found.k) == ("0", None, None)


@pytest.mark.parametrize("change", [{"unit": "s"}, {"rows": BUDGET.rows[2:]}, {"u": 0.5}])
def test_nothing_else_is_an_exact_count(change: dict[str, object]) -> None:
    base = {"unit": "{count}", "u": 0.0, "U": 0.0, "rows": ()}
    assert quantity(**{**base, **change}).uncertainty_status != "exact_count"


def test_a_result_without_value_has_no_budget_figures() -> None:
    found = quantity_of(replace(RESULT, value=None, missing="not-present"))
    assert (found.budget_ref, found.u, found.reported) == ("", None, None)


def test_every_value_of_the_sample_record_has_a_budget_of_its_own() -> None:
    record = sample_record(2)
    ids = [b.id for b in record.budgets]
    assert len(ids) == len(set(ids))
    assert {q.budget_ref for q in record.results if q.budget_ref} == set(ids)
    assert [q.id for q in record.results if q.value is not None and not q.budget_ref] == []
