"""What one source costs to read here, and how often it has something new to say."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.protocol import Clock, Collector
from collectors.reading import Channel, Gap, Reading

# (start, end, what was read), times in ns.
TimedRead = tuple[int, int, Sequence[Reading | Gap]]


@dataclass(frozen=True, slots=True)
class ChannelProbe:
    """Of one channel: readings and gaps in the probe, and different values among the readings."""

    channel: str
    readings: int
    gaps: int
    distinct: int


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """Time per read of the whole source, median and longest, and the span of all reads (ns)."""

    cost_p50_ns: int
    cost_max_ns: int
    span_ns: int
    channels: tuple[ChannelProbe, ...]

    @property
    def distinct(self) -> dict[str, int]:
        """Different values by channel."""
        return {c.channel: c.distinct for c in self.channels}

    @property
    def refresh_hz(self) -> dict[str, float]:
        """New values per second by channel, the first not counted: a bound from below.

        0 says that nothing new came in the span, not that nothing ever comes. A channel
        without readings, and a span of 0, give no entry.
        """
        known = [c for c in self.channels if c.readings and self.span_ns]
        return {c.channel: (c.distinct - 1) / (self.span_ns * 1e-9) for c in known}


def probe(collectors: Sequence[Collector], clock: Clock, rounds: int) -> tuple[SourceProbe, ...]:
    """Read all sources in turn, so many rounds (1 or more) without a pause.

    In turn, so that each is watched over the whole span: a burst of its own would be over before
    most sources have anything new to say. `max_hz` is not heeded. A source that is asked beside
    the loop is asked once, for each question starts a process.
    """
    timed: list[list[TimedRead]] = [[] for _ in collectors]
    for number in range(rounds):
        for reads, collector in zip(timed, collectors, strict=True):
            if number == 0 or not collector.beside:
                reads.append(_timed(collector, clock))
    return tuple(
        summarise(collector.describe(), reads)
        for reads, collector in zip(timed, collectors, strict=True)
    )


def _timed(collector: Collector, clock: Clock) -> TimedRead:
    start_ns = clock.now_ns()
    found = collector.read()
    return start_ns, clock.now_ns(), found


def summarise(channels: Sequence[Channel], timed: Sequence[TimedRead]) -> SourceProbe:
    """Reduce timed reads, in order of time. Raises ValueError when there is none."""
    if not timed:
        raise ValueError("no reads to summarise")
    costs = [end_ns - start_ns for start_ns, end_ns, _ in timed]
    return SourceProbe(
        cost_p50_ns=round(statistics.median(costs)),
        cost_max_ns=max(costs),
        span_ns=timed[-1][1] - timed[0][0],
        channels=tuple(
            _channel(channel.name, [found[index] for _, _, found in timed])
            for index, channel in enumerate(channels)
        ),
    )


def _channel(name: str, found: Sequence[Reading | Gap]) -> ChannelProbe:
    values = [one.value for one in found if isinstance(one, Reading)]
    return ChannelProbe(name, len(values), len(found) - len(values), len(set(values)))
