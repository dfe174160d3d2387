"""What a source costs and how often it is new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.part import Part, Polled
from collectors.probe import ChannelProbe, probe, summarise
from collectors.reading import Channel, Gap, Kind, Missing, Quantity, Reading, Unit, Value
from tests.fakes.clock import ScriptedClock, SteppingClock

CHANNEL = Channel("a.b", Unit.ONE, Kind.INSTANT, Quantity.STATE, "a test")


def source(values: list[Value]) -> Polled:
    """A source of one channel that gives these values one after the other."""
    left = iter(values)
    return Polled([Part((CHANNEL,), lambda: (next(left),), lambda: None)], SteppingClock())


def test_cost_is_the_time_of_the_whole_read() -> None:
    clock = ScriptedClock([0, 10, 100, 130, 200, 220])
    (found,) = probe([source([1, 1, 1])], clock, 3)
    assert (found.cost_p50_ns, found.cost_max_ns, found.span_ns) == (20, 30, 220)


def test_the_median_of_two_costs_lies_between_them() -> None:
    (found,) = probe([source([1, 1])], ScriptedClock([0, 10, 100, 130]), 2)
    assert found.cost_p50_ns == 20


def test_a_source_that_repeats_itself_shows_its_true_refresh() -> None:
    # 11 reads in 1 s, 3 values: two of them came new in that second.
    times = [t for n in range(11) for t in (n * 100_000_000, n * 100_000_000)]
    (found,) = probe([source([5, 5, 5, 5, 6, 6, 6, 7, 7, 7, 7])], ScriptedClock(times), 11)
    assert found.distinct == {"a.b": 3}
    assert found.refresh_hz == {"a.b": 2.0}


def test_gaps_are_counted_and_are_no_value() -> None:
    (found,) = probe([source([Missing("x"), 4, Missing("y")])], SteppingClock(), 3)
    assert found.channels == (ChannelProbe("a.b", readings=1, gaps=2, distinct=1),)


def test_a_source_of_gaps_has_no_refresh() -> None:
    (found,) = probe([source([Missing("x")] * 2)], SteppingClock(), 2)
    assert found.refresh_hz == {}


def test_a_span_of_nothing_has_no_refresh() -> None:
    (found,) = probe([source([1])], ScriptedClock([5, 5]), 1)
    assert found.refresh_hz == {}


def test_sources_are_read_in_turn_and_each_over_the_whole_span() -> None:
    clock = ScriptedClock([0, 1, 10, 12, 100, 101, 110, 112])
    quick, slow = probe([source([1, 2]), source([7, 7])], clock, 2)
    assert (quick.cost_p50_ns, quick.span_ns, quick.distinct) == (1, 101, {"a.b": 2})
    assert (slow.cost_p50_ns, slow.span_ns, slow.distinct) == (2, 102, {"a.b": 1})


def test_no_reads_are_refused() -> None:
    with pytest.raises(ValueError, match="no reads"):
        probe([source([])], SteppingClock(), 0)


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 5)), min_size=1)
)
def test_the_median_lies_within_the_costs_and_distinct_within_the_readings(
    rows: list[tuple[int, int, int]],
) -> None:
    timed: list[tuple[int, int, tuple[Reading | Gap, ...]]] = []
    now_ns = 0
    for wait_ns, cost_ns, value in rows:
        start_ns = now_ns + wait_ns
        now_ns = start_ns + cost_ns
        timed.append((start_ns, now_ns, (Reading("a.b", start_ns, now_ns, value),)))
    found = summarise((CHANNEL,), timed)
    costs = [cost_ns for _, cost_ns, _ in rows]
    assert min(costs) <= found.cost_p50_ns <= found.cost_max_ns == max(costs)
    assert 1 <= found.distinct["a.b"] <= len(rows)
    assert found.span_ns >= found.cost_max_ns
