from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gates import Limits, busy_ratio, closed, hottest_c


def ticks(total: int, idle: int) -> dict[str, Any]:
    return {"cpu_ticks": {"total": total, "idle": idle}}


@given(total=st.integers(1, 10**9), idle=st.integers(0, 10**9))
def test_busy_ratio_is_what_was_not_idle(total: int, idle: int) -> None:
    idle = min(idle, total)
    found = busy_ratio(ticks(0, 0), ticks(total, idle))
    assert found == pytest.approx((total - idle) / total)


def test_busy_ratio_of_no_time_is_not_known() -> None:
    assert busy_ratio(ticks(5, 1), ticks(5, 1)) is None
    assert busy_ratio({}, ticks(5, 1)) is None


def test_hottest_sensor_counts() -> None:
    assert hottest_c({"temperatures_c": {"a": 30.5, "b": 41.0}}) == 41.0
    assert hottest_c({"temperatures_c": {}}) is None
    assert hottest_c({}) is None


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({**ticks(100, 80), "temperatures_c": {"a": 30}}, ""),
        ({**ticks(100, 20), "temperatures_c": {"a": 30}}, "CPU busy 0.80, at most 0.50"),
        ({**ticks(100, 80), "temperatures_c": {"a": 45}}, "45.0 °C, at most 40.0"),
        ({**ticks(100, 80), "temperatures_c": {}}, "no temperature"),
        ({"temperatures_c": {"a": 30}}, "cannot be read"),
    ],
)
def test_a_closed_gate_says_value_and_limit(now: dict[str, Any], words: str) -> None:
    gates = Limits(max_busy_ratio=0.5, max_temperature_c=40.0)
    found = closed(gates, ticks(0, 0), now)
    assert (words in found) if words else (found == "")
