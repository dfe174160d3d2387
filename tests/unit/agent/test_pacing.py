"""Slots are absolute, jitter is seeded and bounded, missed slots are jumped over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.pacing import Ahead, Schedule, schedule, slots_per_read, unit_of

schedules = st.builds(
    schedule,
    start_ns=st.integers(0, 1 << 62),
    rate_hz=st.floats(0.01, 1000),
    jitter_ratio=st.floats(0, 0.45),
    seed=st.integers(0, (1 << 64) - 1),
)
slots = st.integers(0, 1_000_000)


@given(plan=schedules, slot=slots)
def test_a_due_time_is_within_the_jitter_of_its_slot(plan: Schedule, slot: int) -> None:
    away_ns = abs(plan.due_ns(slot) - plan.start_ns - slot * plan.period_ns)
    assert away_ns <= plan.jitter_ratio * plan.period_ns + 1


@given(plan=schedules, slot=slots)
def test_due_times_keep_the_order_of_their_slots(plan: Schedule, slot: int) -> None:
    assert plan.due_ns(slot) < plan.due_ns(slot + 1)


@given(plan=schedules, slot=slots, late_ratio=st.floats(0, 50))
def test_the_next_slot_is_the_one_that_can_still_be_served(
    plan: Schedule, slot: int, late_ratio: float
) -> None:
    now_ns = plan.due_ns(slot) + round(late_ratio * plan.period_ns)
    found, due_ns = plan.next_slot(slot, now_ns)
    assert due_ns == plan.due_ns(found)
    assert found > slot
    assert plan.due_ns(found + 1) > now_ns
    assert found == slot + 1 or plan.due_ns(found) <= now_ns


def test_without_delay_no_slot_is_missed_and_nothing_drifts() -> None:
    plan = schedule(0, 10.0, 0.0, 1)
    assert [plan.due_ns(slot) for slot in (0, 1, 864_000)] == [0, 100_000_000, 86_400 * 10**9]


def test_jitter_spreads_over_its_whole_range_and_leaves_the_mean() -> None:
    draws = [unit_of(42, slot) for slot in range(10_000)]
    assert min(draws) < 0.01
    assert max(draws) > 0.99
    # Standard error of the mean of 10,000 uniform numbers: 0.289 / 100.
    assert abs(sum(draws) / len(draws) - 0.5) < 4 * 0.00289


def test_the_same_seed_gives_the_same_due_times_and_another_one_others() -> None:
    due = [[schedule(0, 10, 0.2, seed).due_ns(k) for k in range(20)] for seed in (1, 1, 2)]
    assert due[0] == due[1]
    assert due[0] != due[2]


@given(rate_hz=st.floats(0.1, 1000), max_hz=st.floats(0.01, 1000))
def test_a_slow_source_is_read_as_often_as_it_may_be_and_no_oftener(
    rate_hz: float, max_hz: float
) -> None:
    every = slots_per_read(rate_hz, max_hz)
    assert rate_hz / every <= max_hz * (1 + 1e-6)
    assert every == 1 or rate_hz / (every - 1) > max_hz


def test_a_source_without_limit_is_read_in_every_slot() -> None:
    assert slots_per_read(1000, None) == 1


@given(
    plan=schedules,
    slot=st.integers(0, 1000),
    seconds=st.floats(0, 3),
    lates=st.lists(st.floats(0, 5), max_size=30),
)
def test_slots_worked_out_ahead_are_those_of_the_schedule(
    plan: Schedule, slot: int, seconds: float, lates: list[float]
) -> None:
    ahead = Ahead(plan)
    ahead.look(slot, plan.due_ns(slot) + round(seconds * 1e9))
    for late in lates:
        now_ns = plan.due_ns(slot) + round(late * plan.period_ns)
        found = ahead.next_slot(slot, now_ns)
        assert found == plan.next_slot(slot, now_ns)
        slot, _ = found
