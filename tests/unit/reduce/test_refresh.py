"""A source that has a new average each second and is read ten times a second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from host.handover.trace import Series, Window
from host.reduce.energy import meter_of
from host.reduce.refresh import averages_of, shortest_stay_ns
from tests.fakes.traces import kind_of, series

S = 10**9
PERIOD = S // 10
LIKE = kind_of("power", "average", "W")


def read(start_s: float, length_s: float, phase_s: float = 0.0) -> Series:
    """10 W and 110 W from start_s on; the average of a second shows through the next one."""
    times_s = 0.05 + np.arange(0, 40, 0.1)
    ended_s = np.floor(times_s - phase_s) + phase_s
    busy = np.minimum(ended_s, start_s + length_s) - np.maximum(ended_s - 1, start_s)
    wave = 10 + 0.001 * (np.floor(times_s - phase_s) % 2)  # idle is never quite the same
    return series((times_s * S).astype(np.int64), wave + 100 * np.clip(busy, 0, None), LIKE)


def test_a_value_that_shows_for_a_second_was_averaged_until_it_first_showed() -> None:
    found = read(10.0, 5.0)
    assert shortest_stay_ns(found) == pytest.approx(S, abs=PERIOD)
    times, values = averages_of(found, S, PERIOD)
    assert np.diff(times[1:-1]) == pytest.approx(S, abs=PERIOD)
    busy = times[values > 100] * 1e-9
    assert (busy[0], busy[-1]) == pytest.approx((11.0, 15.0), abs=0.06)


@pytest.mark.parametrize("length_s", [3.0, 5.0])
def test_its_energy_holds_the_truth_where_it_was_a_second_late(length_s: float) -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(40):
        start_s, phase_s = 12 + rng.random(), rng.random()
        meter = meter_of(read(start_s, length_s, phase_s))
        window = Window(round(start_s * S), round((start_s + length_s) * S))
        energy, truth = meter.over(window), 110 * length_s
        # Its moments are known to a reading period, which the bracket says.
        open_j = energy.half_width + 100 * meter.bracket_s(window) / 2
        held += abs(energy.value - truth) <= open_j
        assert abs(energy.value - truth) < 0.1 * truth
    assert held >= 39


def test_what_is_left_of_its_lag_and_stay_is_next_to_nothing() -> None:
    meter = meter_of(read(12.3, 5.0))
    assert meter.lag_s == pytest.approx(0, abs=0.06)
    assert meter.stale_s == 0.0


def test_a_source_that_averages_over_each_reading_repeats_what_is_steady() -> None:
    times = np.arange(0, 20 * S, PERIOD, dtype=np.int64)
    high = (times > 8 * S) & (times <= 9 * S)
    levels = np.where(high, 50.0, 5.0) + (times // S % 2).astype(np.float64)
    steady = replace(series(times, levels, LIKE), averaging_s=PERIOD / S)
    unsaid = replace(steady, averaging_s=None)  # as if each level were the average of a second
    for window, truth in ((Window(8 * S, 9 * S), 50.1), (Window(17 * S // 2, 9 * S), 25.1)):
        assert meter_of(steady).over(window).value == pytest.approx(truth, abs=0.01)
    assert meter_of(unsaid).over(Window(17 * S // 2, 9 * S)).value != pytest.approx(25.1, abs=1)


def test_a_value_that_stays_for_long_was_the_next_average_as_well() -> None:
    times = np.arange(0, 20 * S, PERIOD, dtype=np.int64)
    values = np.where(times < 12 * S, 5.0, 9.0)
    ends, found = averages_of(series(times, values, LIKE), S, PERIOD)
    assert found[ends <= 11.2 * S].max() == 5.0
    assert found[ends > 11.5 * S].min() == 9.0


def test_stamps_that_claim_a_long_time_make_no_more_cells_than_there_are_readings() -> None:
    times = np.array([0, 1, 2, 3, 2**62], dtype=np.int64)
    ends, _ = averages_of(series(times, np.array([1.0, 1.0, 2.0, 2.0, 2.0]), LIKE), 2, 1)
    assert len(ends) <= len(times) + 2
