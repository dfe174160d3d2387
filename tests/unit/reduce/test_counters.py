from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import Series, Window
from host.reduce.counters import difference, unwrap, updates_of
from host.reduce.coverage import CoverageError
from tests.fakes.traces import kind_of, series

S = 10**9
COUNTER = kind_of("energy", "counter", "J", tier="B")


def counter(times: list[int], values: list[float], wraps_at: float | None = None) -> Series:
    return replace(series(times, values, COUNTER), wraps_at=wraps_at)


@given(
    st.lists(st.integers(0, 400), min_size=2, max_size=40),
    st.integers(0, 999),
)
def test_a_wrapped_counter_unwraps_to_what_was_counted(steps: list[int], start: int) -> None:
    truth = start + np.cumsum(np.array([0, *steps]))
    wrapped = (truth % 1000).astype(np.float64)
    assert np.array_equal(unwrap(wrapped, 1000.0) - wrapped[0], (truth - start).astype(float))


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_a_counter_that_never_falls_is_left_as_it_is(steps: list[float]) -> None:
    values = np.cumsum(np.array(steps))
    assert np.array_equal(unwrap(values, None), values)
    assert np.array_equal(unwrap(values, 1e12), values)


def test_a_counter_that_goes_back_is_refused_where_no_wrap_is_declared() -> None:
    with pytest.raises(CoverageError, match="counter-went-back"):
        unwrap(np.array([5.0, 7.0, 6.0]), None)


def test_a_fall_that_a_wrap_does_not_explain_is_a_reset() -> None:
    assert unwrap(np.array([900.0, 100.0]), 1000.0).tolist() == [900.0, 1100.0]
    assert unwrap(np.array([600.0, 100.0]), 1000.0).tolist() == [600.0, 1100.0]
    with pytest.raises(CoverageError, match="counter-reset"):
        unwrap(np.array([599.0, 100.0]), 1000.0)
    with pytest.raises(CoverageError, match="counter-reset"):
        unwrap(np.array([5000.0, 100.0]), 1000.0)


def test_a_rise_of_more_than_half_a_range_is_no_wrap_and_stays() -> None:
    assert unwrap(np.array([0.0, 900.0, 50.0]), 1000.0).tolist() == [0.0, 900.0, 1050.0]


def test_a_difference_takes_its_edges_between_updates() -> None:
    updates = updates_of(counter([0, S, 2 * S, 3 * S], [0.0, 10.0, 30.0, 60.0]))
    found = difference(updates, Window(S // 2, 2 * S + S // 2))
    assert found.value == pytest.approx(45.0 - 5.0)
    assert (found.low, found.high) == (30.0 - 10.0, 60.0 - 0.0)


def test_repeats_do_not_count_as_updates() -> None:
    slow = counter([0, S, 2 * S, 3 * S, 4 * S, 5 * S], [0.0, 0.0, 0.0, 30.0, 30.0, 50.0])
    assert updates_of(slow).t_ns.tolist() == [0, 3 * S, 5 * S]
    found = difference(updates_of(slow), Window(S, 4 * S))
    assert found.value == pytest.approx(40.0 - 10.0)
    assert (found.low, found.high) == (0.0, 50.0)


def test_a_window_within_one_update_has_a_lower_bound_of_zero_and_not_below() -> None:
    updates = updates_of(counter([0, 10 * S], [0.0, 100.0]))
    found = difference(updates, Window(2 * S, 3 * S))
    assert (found.low, found.high) == (0.0, 100.0)
    assert found.value == pytest.approx(10.0)


def test_the_span_of_each_read_widens_the_bounds() -> None:
    slow_read = replace(
        counter([0, S, 2 * S], [0.0, 10.0, 20.0]), t1_ns=np.array([4, S + 4, 2 * S + 4])
    )
    updates = updates_of(slow_read)
    inside = difference(updates, Window(S + 1, S + 3))
    assert (inside.low, inside.high) == (0.0, 20.0)
    after = difference(updates, Window(S + 4, S + 5))
    assert (after.low, after.high) == (0.0, 10.0)
    assert updates.t_ns.tolist() == [2, S + 2, 2 * S + 2]


@given(
    steps=st.lists(st.tuples(st.integers(1, S), st.floats(0.001, 50)), min_size=3, max_size=30),
    cuts=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    shift=st.integers(0, 2**61),
)
def test_differences_add_up_hold_their_bounds_and_do_not_care_when(
    steps: list[tuple[int, float]], cuts: tuple[float, float, float], shift: int
) -> None:
    times = np.cumsum([0] + [dt for dt, _ in steps])
    values = np.cumsum([0.0] + [dv for _, dv in steps])
    a, b, c = sorted(round(x * int(times[-1])) for x in cuts)
    if b in (a, c):
        return
    updates = updates_of(series(times, values, COUNTER))
    one, two, both = (difference(updates, Window(*w)) for w in ((a, b), (b, c), (a, c)))
    assert one.value + two.value == pytest.approx(both.value, rel=1e-9, abs=1e-9)
    assert both.low - 1e-9 <= both.value <= both.high + 1e-9
    moved = updates_of(series(times + shift, values, COUNTER))
    assert difference(moved, Window(a + shift, c + shift)) == both


@given(power=st.floats(0.1, 1000), start=st.integers(0, 90), length=st.integers(1, 9))
def test_constant_power_gives_power_times_time_through_a_wrap(
    power: float, start: int, length: int
) -> None:
    times = np.arange(0, 101, dtype=np.int64) * (S // 10)
    truth = power * 1e-9 * times.astype(np.float64)
    wraps_at = power * 5
    wrapped = replace(series(times, truth % wraps_at, COUNTER), wraps_at=wraps_at)
    window = Window(start * S // 10 + 7, (start + length) * S // 10 + 7)
    found = difference(updates_of(wrapped), window)
    assert found.value == pytest.approx(power * length / 10, rel=1e-6)


def test_bounds_hold_the_truth_where_power_steps_between_updates() -> None:
    times = np.arange(0, 20, dtype=np.int64) * S
    for offset in range(10):
        step_s = 9.0 + offset / 10
        truth = np.where(
            times * 1e-9 < step_s, 2.0 * times * 1e-9, 2 * step_s + 50 * (times * 1e-9 - step_s)
        )
        found = difference(
            updates_of(series(times, truth, COUNTER)), Window(round(step_s * S), 15 * S + 1)
        )
        assert found.low - 1e-9 <= 50.0 * (15 - step_s) <= found.high + 1e-9


@pytest.mark.parametrize("window", [Window(-1, S), Window(S, 3 * S + 1)])
def test_a_window_that_the_updates_do_not_reach_over_is_refused(window: Window) -> None:
    updates = updates_of(counter([0, S, 3 * S], [0.0, 1.0, 2.0]))
    assert difference(updates, Window(0, 3 * S)).value == pytest.approx(2.0)
    with pytest.raises(CoverageError, match="not-covered"):
        difference(updates, window)


def test_repeats_at_the_end_do_not_stand_in_for_an_update() -> None:
    updates = updates_of(counter([0, S, 2 * S, 3 * S], [0.0, 5.0, 5.0, 5.0]))
    with pytest.raises(CoverageError, match="not-covered"):
        difference(updates, Window(0, 2 * S))


def test_a_counter_that_never_moves_is_stuck() -> None:
    with pytest.raises(CoverageError, match="counter-stuck"):
        updates_of(counter([0, S, 2 * S], [7.0, 7.0, 7.0]))


def test_a_counter_without_readings_is_refused() -> None:
    with pytest.raises(CoverageError, match="no-reading"):
        updates_of(counter([], []))


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(CoverageError, match="empty-window"):
        difference(updates_of(counter([0, S], [0.0, 1.0])), Window(5, 5))
