from dataclasses import replace

import pytest

from host.evaluate.quantile import order_interval
from host.evaluate.student import student_t
from host.handover.quantity import Reported
from host.handover.result import Interval, Result
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
    assert found.text.en.endswith("n = 5, Type A only; bounds of the rule [220.0, 240.1] J)")
    assert "积分界 [220.0, 240.1] J" in found.text.zh


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
