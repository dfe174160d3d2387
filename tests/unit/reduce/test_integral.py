from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import FloatArray, IntArray, Window
from host.reduce.coverage import CoverageError
from host.reduce.integral import Integral, need_observed, step_hold, trapezoid

S = 10**9
Rule = Callable[[IntArray, FloatArray, Window, int], Integral]
RULES: list[Rule] = [trapezoid, step_hold]
WIDE = 10**12


@st.composite
def sampled(draw: st.DrawFn) -> tuple[IntArray, FloatArray]:
    """At least four readings at uneven times, values 0..100."""
    steps = draw(st.lists(st.integers(1, 10**9), min_size=4, max_size=30))
    start = draw(st.integers(0, 2**60))
    times = start + np.cumsum(np.array(steps, dtype=np.int64))
    values = draw(
        st.lists(st.floats(0, 100), min_size=len(steps), max_size=len(steps)).map(np.array)
    )
    return times, values


@st.composite
def cuts(draw: st.DrawFn, count: int) -> tuple[IntArray, FloatArray, list[int]]:
    """Readings, and so many different moments between the first and the last one."""
    times, values = draw(sampled())
    span = int(times[-1] - times[0])
    offsets = draw(
        st.lists(st.integers(0, span), min_size=count, max_size=count, unique=True)
        if span >= count
        else st.just(list(range(count)))
    )
    return times, values, sorted(int(times[0]) + o for o in offsets)


@pytest.mark.parametrize("rule", RULES)
@given(data=cuts(3))
def test_windows_side_by_side_add_up(
    rule: Rule, data: tuple[IntArray, FloatArray, list[int]]
) -> None:
    times, values, (a, b, c) = data
    if c > times[-1]:
        return
    parts = rule(times, values, Window(a, b), WIDE) + rule(times, values, Window(b, c), WIDE)
    whole = rule(times, values, Window(a, c), WIDE)
    assert parts.value == pytest.approx(whole.value, rel=1e-9, abs=1e-9)
    assert parts.low <= whole.low + 1e-9
    assert parts.high >= whole.high - 1e-9


@pytest.mark.parametrize("rule", RULES)
@given(data=cuts(2))
def test_bounds_hold_the_value(rule: Rule, data: tuple[IntArray, FloatArray, list[int]]) -> None:
    times, values, (a, b) = data
    if b > times[-1]:
        return
    found = rule(times, values, Window(a, b), WIDE)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9


@pytest.mark.parametrize("rule", RULES)
@given(data=cuts(2), power=st.floats(0, 1e4))
def test_constant_power_gives_power_times_time(
    rule: Rule, data: tuple[IntArray, FloatArray, list[int]], power: float
) -> None:
    times, values, (a, b) = data
    if b > times[-1]:
        return
    found = rule(times, np.full(len(values), power), Window(a, b), WIDE)
    assert found.value == pytest.approx(power * (b - a) * 1e-9, rel=1e-9)


@pytest.mark.parametrize("rule", RULES)
@given(data=cuts(2), shift=st.integers(-(2**61), 2**61))
def test_it_does_not_matter_when_it_was(
    rule: Rule, data: tuple[IntArray, FloatArray, list[int]], shift: int
) -> None:
    times, values, (a, b) = data
    if b > times[-1]:
        return
    moved = rule(times + shift, values, Window(a + shift, b + shift), WIDE)
    assert moved == rule(times, values, Window(a, b), WIDE)


def test_a_trapezoid_with_cut_edges_by_hand() -> None:
    times = np.array([0, 2 * S, 4 * S])
    values = np.array([0.0, 4.0, 2.0])
    found = trapezoid(times, values, Window(S, 3 * S), WIDE)
    # 2..4 W in the first half second cell, 4..3 W in the second; neighbours bound each cell
    assert found == Integral(0.0 + 2.0, 3.0 + 3.5, 4.0 + 4.0, edge=3.0 + 1.5)


def test_a_held_average_by_hand() -> None:
    times = np.array([0, 2 * S, 4 * S, 6 * S])
    values = np.array([9.0, 4.0, 2.0, 1.0])
    found = step_hold(times, values, Window(S, 5 * S), WIDE)
    # Of the first cell's 8 J: 2 W after the edge (known to half of 2 - 1 W) say 2 J, 4 W all
    # through (known to a quarter of the step 4 - 2 W) say 4 J; the last one's 2 W before the edge
    # (known to 1 W) say 2 J, its own 1 W (known to 0.25 W) says 1 J. Of the middle cell all.
    value = (2 + 4) / 2 + 4.0 + (2 * 1 + 1 * 16) / 17
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == (4.0, 8.0 + 4.0 + 2.0)
    assert found.edge == pytest.approx(14.0 - value)


def test_a_held_average_says_nothing_of_the_time_before_it_began() -> None:
    times, values = np.array([0, 2 * S]), np.array([1e9, 3.0])
    assert step_hold(times, values, Window(0, 2 * S), WIDE) == Integral(6.0, 6.0, 6.0)


def test_negative_averages_keep_the_bounds_in_order() -> None:
    times, values = np.array([0, 2 * S, 4 * S]), np.array([0.0, -4.0, 6.0])
    found = step_hold(times, values, Window(S, 3 * S), WIDE)
    assert found.value == pytest.approx(-4.0 + 6.0)
    assert (found.low, found.high, found.edge) == pytest.approx((-8.0, 12.0, 10.0))


@given(phase=st.floats(0, 1))
def test_a_step_between_two_readings_stays_within_the_bounds(phase: float) -> None:
    times = np.arange(0, 11 * S, S, dtype=np.int64)
    step = 5 * S + int(phase * S)
    values = np.where(times < step, 2.0, 8.0)
    truth = 2.0 * (step * 1e-9 - 0.5) + 8.0 * (9.5 - step * 1e-9)
    found = trapezoid(times, values, Window(S // 2, 9 * S + S // 2), WIDE)
    assert found.low - 1e-9 <= truth <= found.high + 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_a_window_that_starts_before_the_readings_is_refused(rule: Rule) -> None:
    times, values = np.array([S, 2 * S]), np.ones(2)
    assert rule(times, values, Window(S, 2 * S), WIDE).value == pytest.approx(1.0)
    with pytest.raises(CoverageError, match="not-covered"):
        rule(times, values, Window(S - 1, 2 * S), WIDE)
    with pytest.raises(CoverageError, match="not-covered"):
        rule(times, values, Window(S, 2 * S + 1), WIDE)


@pytest.mark.parametrize("rule", RULES)
def test_no_readings_are_refused(rule: Rule) -> None:
    with pytest.raises(CoverageError, match="not-covered"):
        rule(np.zeros(0, dtype=np.int64), np.zeros(0), Window(0, 1), WIDE)


@pytest.mark.parametrize("rule", RULES)
def test_a_hole_from_one_ns_too_many_on_is_unobserved_and_may_hold_anything(rule: Rule) -> None:
    times, values = np.array([0, S, 4 * S, 5 * S, 6 * S]), np.array([1.0, 1.0, 1.0, 1.0, 7.0])
    assert rule(times, values, Window(0, 5 * S), 3 * S).unobserved_s == 0
    found = rule(times, values, Window(0, 5 * S), 3 * S - 1)
    assert (found.value, found.unobserved_s) == pytest.approx((5.0, 3.0))
    # Nothing, or the 7 W that were read elsewhere, for 3 s.
    assert (found.low, found.high, found.missed) == pytest.approx((2.0, 23.0, 18.0))
    with pytest.raises(CoverageError, match="unobserved: 3 s of 5 s"):
        need_observed(found, 5.0)


@pytest.mark.parametrize("rule", RULES)
def test_a_reading_that_was_due_and_is_missing_breaks_the_integral(
    rule: Callable[..., Integral],
) -> None:
    times, values = np.arange(0, 401, dtype=np.int64) * S, np.ones(401)
    found = rule(times, values, Window(0, 400 * S), WIDE, np.array([7 * S + 5, 7 * S + 6, 90 * S]))
    assert found.unobserved_s == pytest.approx(1.0)
    assert need_observed(found, 400.0).half_width == pytest.approx(1.0)


def test_an_average_that_lost_an_update_lies_between_its_neighbours() -> None:
    times, values = np.array([0, S, 2 * S, 4 * S, 5 * S]), np.array([9.0, 3.0, 4.0, 6.0, 6.0])
    found = step_hold(times, values, Window(0, 5 * S), 3 * S)
    assert (found.low, found.value, found.high) == pytest.approx((21.0, 25.0, 25.0))
    assert (found.edge, found.missed, found.inside) == pytest.approx((0.0, 0.0, 4.0))


@pytest.mark.parametrize("rule", RULES)
def test_a_hole_outside_the_window_does_not_matter(rule: Rule) -> None:
    times, values = np.array([0, S, 2 * S, 90 * S]), np.ones(4)
    assert rule(times, values, Window(0, 2 * S), S).value == pytest.approx(2.0)


@pytest.mark.parametrize("rule", RULES)
def test_a_window_without_length_is_refused(rule: Rule) -> None:
    with pytest.raises(CoverageError, match="empty-window"):
        rule(np.array([0, S]), np.ones(2), Window(5, 5), WIDE)


@pytest.mark.parametrize("rule", RULES)
def test_two_readings_with_one_stamp_are_refused(rule: Rule) -> None:
    with pytest.raises(CoverageError, match="stamps-not-ascending"):
        rule(np.array([0, S, S, 2 * S]), np.ones(4), Window(0, 2 * S), WIDE)


def test_integrals_add_up_part_by_part() -> None:
    assert Integral(1.0, 2.0, 4.0) + Integral(10.0, 20.0, 40.0) == Integral(11.0, 22.0, 44.0)
