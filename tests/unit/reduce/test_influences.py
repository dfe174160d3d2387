"""Temperature, frequency and throttling: what explains a speed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import AttemptTrace, Series, Window
from host.reduce.coverage import CoverageError
from host.reduce.frequency import mean_frequency
from host.reduce.temperature import temperature_rise
from host.reduce.throttle import throttle_events, throttled_ratio
from tests.fakes.traces import Shape, attempt, kind_of, requests, series

S = 10**9
# One request from 2 s to 6 s.
ASKED = requests([Shape(ttft_ns=S, tpot_ns=S, output_tokens=4)], t0_ns=2 * S)


def each_second(values: list[float], quantity: str, kind: str, channel: str = "") -> Series:
    like = kind_of(quantity, kind, "1", channel=channel)
    return series([i * S for i in range(len(values))], values, like)


def test_a_rise_counts_from_the_last_reading_before_the_window() -> None:
    found = each_second([90.0, 40.0, 41.0, 55.0, 50.0, 99.0], "temperature", "instant")
    rise = temperature_rise(found, Window(S + 1, 4 * S))
    assert rise.value == pytest.approx(15.0)
    assert rise.count == 4  # the one at the start and three in the window


def test_a_reading_at_the_very_end_of_the_window_counts() -> None:
    found = each_second([40.0, 41.0, 47.0, 99.0], "temperature", "instant")
    assert temperature_rise(found, Window(0, 2 * S)).value == pytest.approx(7.0)
    assert temperature_rise(found, Window(0, 2 * S - 1)).value == pytest.approx(1.0)


def test_a_sensor_that_only_cooled_has_a_negative_rise() -> None:
    found = each_second([50.0, 45.0, 44.0], "temperature", "instant")
    assert temperature_rise(found, Window(0, 2 * S)).value == pytest.approx(-5.0)


@given(st.lists(st.integers(0, 90), min_size=2, max_size=9), st.integers(-50, 50))
def test_a_rise_does_not_depend_on_the_zero_of_the_scale(values: list[int], shift: int) -> None:
    window = Window(0, (len(values) - 1) * S)
    plain = each_second([float(v) for v in values], "temperature", "instant")
    moved = each_second([float(v + shift) for v in values], "temperature", "instant")
    assert temperature_rise(moved, window) == temperature_rise(plain, window)


@pytest.mark.parametrize("window", [Window(-1, S), Window(2 * S, 3 * S)])
def test_a_rise_needs_a_start_and_a_reading_in_the_window(window: Window) -> None:
    with pytest.raises(CoverageError, match="not-covered"):
        temperature_rise(each_second([1.0, 2.0, 3.0], "temperature", "instant"), window)


def test_frequency_is_a_mean_over_time_within_the_requests() -> None:
    found = each_second([9.0, 9.0, 1.0, 3.0, 3.0, 3.0, 3.0, 9.0], "frequency", "instant")
    estimate = mean_frequency(attempt(ASKED), found)
    assert estimate.value == pytest.approx((2 + 3 + 3 + 3) / 4)
    assert estimate.bounds == pytest.approx(((1 + 9) / 4, 12 / 4))


def test_throttle_events_are_what_the_counter_moved() -> None:
    assert throttle_events(each_second([7.0, 7.0, 9.0], "throttle", "counter")).value == 2.0
    with pytest.raises(CoverageError, match="no-reading"):
        throttle_events(each_second([7.0], "throttle", "counter"))
    with pytest.raises(CoverageError, match="counter-went-back"):
        throttle_events(each_second([7.0, 6.0], "throttle", "counter"))


def with_state(values: list[float], channel: str = "cooling.fan.state") -> float:
    return throttled_ratio(attempt(ASKED), each_second(values, "throttle", "state", channel)).value


def test_a_throttle_state_is_the_share_of_readings_in_the_requests() -> None:
    assert with_state([9, 9, 0, 1, 2, 0, 0, 9]) == pytest.approx(2 / 5)


def test_an_idle_gpu_and_asked_for_clocks_are_no_throttling() -> None:
    bits = [0.0, 0.0, 0x1, 0x2, 0x4, 0x20, 0x3]
    assert with_state(bits, "nvml.gpu0.clock_event_reasons") == pytest.approx(2 / 5)
    assert with_state(bits) == pytest.approx(1.0)


def test_a_state_without_a_reading_in_the_requests_is_not_covered() -> None:
    with pytest.raises(CoverageError, match="not-covered"):
        with_state([0.0, 0.0])


def test_an_attempt_cut_before_its_requests_has_no_frequency() -> None:
    empty: AttemptTrace = replace(attempt(ASKED), requests=())
    with pytest.raises(CoverageError, match="phase-not-recorded"):
        mean_frequency(empty, each_second([1.0, 1.0], "frequency", "instant"))
