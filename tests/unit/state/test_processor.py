from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.state.missing import DENIED, Missing
from host.state.processor import (
    Ticks,
    busy_between,
    parse_loadavg,
    parse_ticks,
    policies_of,
    throttle_events,
)


def test_ticks_are_the_eight_fields_and_idle_counts_waiting() -> None:
    raw = b"cpu  300 10 100 5000 40 3 7 5 20 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert parse_ticks(raw) == Ticks(5465, 5040)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_busy_ratio_is_what_was_not_idle(total: int, idle: int) -> None:
    idle = min(idle, total)
    found = busy_between(Ticks(7, 3), Ticks(7 + total, 3 + idle))
    assert found == pytest.approx((total - idle) / total)


def test_no_time_between_two_readings_is_no_ratio() -> None:
    assert isinstance(busy_between(Ticks(5, 1), Ticks(5, 1)), Missing)
    assert isinstance(busy_between(Ticks(9, 1), Ticks(5, 1)), Missing)


def test_waiting_time_that_goes_back_stays_within_the_ratio() -> None:
    assert busy_between(Ticks(0, 9), Ticks(10, 5)) == 1.0


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: b"cpu  " + b))
def test_any_bytes_give_ticks_or_a_reason(raw: bytes) -> None:
    assert isinstance(parse_ticks(raw), Ticks | Missing)
    assert isinstance(parse_loadavg(raw), float | Missing)


def test_policies_say_governor_and_limits_and_why_not() -> None:
    found = policies_of(
        {
            "policy4": {"scaling_governor": DENIED, "scaling_max_freq": "x"},
            "policy0": {
                "scaling_governor": "schedutil",
                "scaling_min_freq": "300000",
                "scaling_max_freq": "1804800",
                "cpuinfo_max_freq": "1804800",
                "scaling_available_governors": "performance schedutil",
            },
        }
    )
    assert isinstance(found, tuple)
    first, second = found
    assert (first.name, first.governor, first.max_khz) == ("policy0", "schedutil", 1804800)
    assert first.governors == ("performance", "schedutil")
    assert isinstance(second.governor, Missing)
    assert second.governor.code == "not-readable"
    assert isinstance(second.max_khz, Missing)


def test_a_machine_without_policies_says_so() -> None:
    assert isinstance(policies_of({}), Missing)


def test_throttle_events_are_summed_over_the_cores_that_count_them() -> None:
    assert throttle_events({"cpu0": "3", "cpu1": "4", "cpu2": "?"}) == 7
    assert isinstance(throttle_events({}), Missing)
