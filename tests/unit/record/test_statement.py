from dataclasses import replace

import pytest

from host.evaluate.quantile import order_interval
from host.evaluate.student import student_t
from host.handover.budget import Budget, Input, MonteCarlo, Row
from host.handover.quantity import Reported
from host.handover.result import Interval, Result
from host.handover.text import Txt
from host.record.statement import reported

VALUES = [230.0, 231.0, 232.0, 233.0, 231.2360]
RATE = Result(
    measurand="decode_rate@1",
    statistic="mean",
    scope="",
    unit="{token}/s",
    value=sum(VALUES) / 5,
    spread=student_t(VALUES),
    interval=None,
    by_attempt=tuple(enumerate(VALUES, 1)),
)


def said(result: Result) -> Reported:
    found = reported(result)
    assert found is not None
    return found


def test_a_mean_is_stated_with_u_k_p_n_and_what_u_holds() -> None:
    found = said(RATE)
    assert found.text.en == "231.4 ± 1.4 token/s (k = 2.78, p = 95 %, n = 5, Type A only)"
    assert found.text.zh == "231.4 ± 1.4 token/s（k = 2.78，p = 95 %，n = 5，仅 A 类评定）"
    assert (found.value, found.U, found.unit) == ("231.4", "1.4", "token/s")


def test_one_attempt_has_no_interval_and_no_plus_minus() -> None:
    found = said(replace(RATE, value=231.447, spread=student_t([1.0]), by_attempt=((1, 231.447),)))
    assert found.text.en == "231.4 token/s (n = 1, no interval)"
    assert "±" not in found.text.zh
    assert found.U is None


def test_equal_attempts_are_said_to_be_equal() -> None:
    same = replace(
        RATE, unit="By", value=2.0**21, spread=student_t([1.0] * 3), by_attempt=RATE.by_attempt[:3]
    )
    assert said(same).text.en == "2.000 MiB (n = 3, all equal)"
    assert said(same).U == "0"


def test_bounds_of_the_rule_stand_beside_u() -> None:
    found = said(replace(RATE, unit="J", bounds=(220.04, 240.06)))
    assert found.text.en.endswith("n = 5, Type A only; bounds of the rule [220, 241] J)")
    assert "积分界 [220, 241] J" in found.text.zh


def test_a_value_near_zero_is_stated_in_the_unit_and_to_the_place_of_its_u() -> None:
    near = replace(RATE, unit="J", value=1.0687e-4, bounds=(-6.6903963, 6.5706218))
    found = said(replace(near, budget=replace(BUDGET, U=7.72084, k=1.96)))
    assert (found.value, found.U, found.unit) == ("0.0", "7.7", "J")
    assert found.text.en.startswith("0.0 ± 7.7 J (k = 1.96")
    assert found.text.en.endswith("bounds of the rule [-6.7, 6.6] J)")


def test_narrow_bounds_are_not_stated_as_one_number() -> None:
    narrow = replace(RATE, unit="J", value=22.6528, bounds=(22.65123, 22.65441))
    found = said(replace(narrow, budget=replace(BUDGET, U=0.0456)))
    assert "bounds of the rule [22.6512, 22.6545] J" in found.text.en


def test_a_ratio_has_no_unit_and_no_stray_space() -> None:
    found = said(replace(RATE, unit="1", value=0.5, spread=student_t([0.49, 0.5, 0.51])))
    assert found.text.en.startswith("0.500 ± 0.025 (k")


def quantile(interval: Interval, count: int) -> str:
    found = replace(
        RATE, statistic="p99", unit="s", value=0.0045, spread=None, interval=interval, count=count
    )
    assert "±" not in said(found).text.en
    assert said(found).U is None
    return said(found).text.en


def test_a_quantile_is_stated_with_interval_coverage_and_assumption() -> None:
    assert quantile(Interval(0.00441, 0.0051, 0.9512), 400) == (
        "4.500 ms (interval [4.410, 5.100] ms, coverage 95.1 %, n = 400,"
        " intervals taken as independent)"
    )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.00441, None, "[4.410, …] ms"), (None, 0.0051, "[…, 5.100] ms")],
)
def test_a_side_that_n_does_not_bound_stays_open(
    low: float | None, high: float | None, text: str
) -> None:
    assert text in quantile(Interval(low, high, 0.98, "too-few-values"), 100)


def test_too_few_values_are_said_to_be_too_few() -> None:
    text = quantile(order_interval([1.0, 2.0], 0.5), 2)
    assert text == "4.500 ms (n = 2, too few for an interval)"


def test_what_has_no_value_is_not_stated() -> None:
    assert reported(replace(RATE, value=None, spread=None, missing="x")) is None


AGENT = Input(
    symbol="agent",
    name=Txt("采样影响", "agent"),
    source=Txt("配对", "pairs"),
    kind="A",
    distribution="t",
    estimate=1.0,
    unit="1",
    u=None,
    nu=4.0,
    evaluation=Txt("未评定", "not evaluated"),
)
BUDGET = Budget(
    measurand="decode_rate@1",
    model="y = repeatability * agent",
    unit="{token}/s",
    value=231.4472,
    rows=(),
    correlations=(),
    u=0.8,
    nu_eff=6.4,
    nu_used=6.0,
    p=0.95,
    k=2.4469,
    U=1.95752,
    k_rule="t_nu_eff",
)
DRAWN = MonteCarlo(
    trials=200_000,
    rng="PCG64",
    seed=1,
    mean=231.4,
    u=0.8,
    symmetric=(229.8512, 233.0419),
    shortest=(229.8, 233.0),
    delta=0.05,
    gum_validated=False,
)


def test_with_a_whole_budget_nothing_is_said_to_be_type_a_only() -> None:
    found = said(replace(RATE, budget=BUDGET))
    assert found.text.en == "231.4 ± 2.0 token/s (k = 2.45, p = 95 %, n = 5)"
    assert found.text.zh == "231.4 ± 2.0 token/s（k = 2.45，p = 95 %，n = 5）"


@pytest.mark.parametrize(
    ("count", "en", "zh"),
    [(1, "; 1 row not evaluated", "；1 项未评定"), (3, "; 3 rows not evaluated", "；3 项未评定")],
)
def test_rows_that_are_open_are_counted(count: int, en: str, zh: str) -> None:
    rows = tuple(Row(replace(AGENT, symbol=f"x{n}"), None, None, None) for n in range(count))
    found = said(replace(RATE, budget=replace(BUDGET, rows=rows)))
    assert en in found.text.en
    assert zh in found.text.zh


def test_a_monte_carlo_interval_stands_beside_u_to_the_same_place() -> None:
    found = said(replace(RATE, budget=replace(BUDGET, monte_carlo=DRAWN)))
    assert found.text.en == (
        "231.4 ± 2.0 token/s (k = 2.45, p = 95 %, n = 5;"
        " Monte Carlo, symmetric 95 % interval [229.9, 233.0] token/s)"
    )
    assert "蒙特卡洛法 95 % 概率对称区间 [229.9, 233.0] token/s" in found.text.zh


def test_a_budget_without_u_gives_no_plus_minus_though_attempts_spread() -> None:
    found = said(replace(RATE, budget=replace(BUDGET, U=None, k=None)))
    assert found.U is None
    assert "±" not in found.text.zh + found.text.en


def test_a_negative_value_keeps_its_sign_in_the_statement() -> None:
    found = said(replace(RATE, unit="K", value=-3.14159, budget=replace(BUDGET, U=0.25)))
    assert found.text.en.startswith("-3.14 ± 0.25 K (k = 2.45")
