"""What the sources gave over all attempts, what they cost, what was missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median_low
from typing import Any

from host.handover.fixes import fix_words
from host.handover.record import AbsentField, GapField, SourceField
from host.handover.trace import AlignedRun, SourceCost
from host.schema.canonical import decimal


def sources_of(run: AlignedRun, sources: Mapping[str, Any]) -> tuple[SourceField, ...]:
    """One field a source, in the order of its first attempt; void attempts count too."""
    costs: dict[str, list[SourceCost]] = {}
    for attempt in run.attempts:
        for cost in attempt.costs:
            costs.setdefault(cost.source, []).append(cost)
    channels = sources.get("channels", ())
    return tuple(_source(source, found, channels) for source, found in costs.items())


def absent_of(sources: Mapping[str, Any]) -> tuple[AbsentField, ...]:
    """What was looked for and is not there, as the agent said it."""
    return tuple(
        AbsentField(
            source=" ".join(str(a[key]) for key in ("kind", "source") if a.get(key)),
            reason=str(a.get("reason", "")),
            fix=fix_words(str(a.get("fix", ""))),
        )
        for a in sources.get("absent", ())
    )


def gaps_of(run: AlignedRun) -> tuple[GapField, ...]:
    """Missing readings counted by attempt, channel and reason code."""
    counts = Counter(
        (attempt.number, gap.channel, gap.reason.partition(":")[0])
        for attempt in run.attempts
        for series in attempt.series
        for gap in series.gaps
    )
    return tuple(GapField(*key, count) for key, count in sorted(counts.items()))


def _source(
    source: str, costs: Sequence[SourceCost], channels: Sequence[Mapping[str, Any]]
) -> SourceField:
    """Counts add up. achieved_hz: readings over the time they took, all attempts together.

    read_p50_ns: the middle one of the attempts' medians, the lower of two. refresh_hz: the
    slowest attempt, for no more can be relied on.
    """
    own = [c for c in channels if c.get("kind_of_source") == source]
    return SourceField(
        source=source,
        channels=tuple(str(c["name"]) for c in own),
        tier=" ".join(sorted({str(c.get("tier") or "") for c in own} - {""})),
        ticks=sum(c.ticks for c in costs),
        missed=sum(c.missed for c in costs),
        late=sum(c.late for c in costs),
        achieved_hz=_rate(_achieved_hz(costs)),
        read_p50_ns=str(median_low(c.read_p50_ns for c in costs)),
        read_max_ns=str(max(c.read_max_ns for c in costs)),
        refresh_hz=_refresh(costs),
    )


def _rate(value_hz: float) -> str:
    """A rate to four significant digits: it describes the sampling and enters no result."""
    return decimal(float(f"{value_hz:.4g}"))


def _achieved_hz(costs: Sequence[SourceCost]) -> float:
    timed = [c for c in costs if c.achieved_hz > 0 and c.ticks > 0]
    if not timed:
        return 0.0
    return sum(c.ticks for c in timed) / sum(c.ticks / c.achieved_hz for c in timed)


def _refresh(costs: Sequence[SourceCost]) -> dict[str, str]:
    channels = sorted({channel for cost in costs for channel in cost.refresh_hz})
    return {
        channel: _rate(min(c.refresh_hz[channel] for c in costs if channel in c.refresh_hz))
        for channel in channels
    }
