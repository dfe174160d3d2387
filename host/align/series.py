"""Turns source streams into series in coherent units, with gaps, costs and refresh rates. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.spool import SpoolFile
from collectors.reading import Unit
from host.handover.trace import Gap, IntArray, Series, SourceCost
from host.handover.units import conversion

STAMPS = ("tick", "due_ns", "t0_ns", "t1_ns")
SOURCE_PREFIX = "source-"
NS_PER_S = 1_000_000_000
# An own stamp in ms since boot has at most so many digits in thirty years of uptime.
MOST_DIGITS = 12
LONGEST_STAY_S = 86400.0  # our choice: what is new once a day is no source of a run
# A value older than this is not of the source's cache any more (odpm.c: 2.62 s at its slowest).
OLDEST_NS = 10 * NS_PER_S


def series_of(
    streams: Mapping[str, SpoolFile], channels: Sequence[Mapping[str, Any]]
) -> tuple[Series, ...]:
    """All channels of all source streams, in the order of streams and columns."""
    by_name = {str(c["name"]): c for c in channels}
    return tuple(
        _series(stream, position, by_name.get(column.name, {}))
        for name, stream in sorted(streams.items())
        if name.startswith(SOURCE_PREFIX)
        for position, column in enumerate(stream.columns)
        if column.name not in STAMPS
    )


def costs_of(
    streams: Mapping[str, SpoolFile], series: Sequence[Series], rate_hz: float
) -> tuple[SourceCost, ...]:
    """What each source cost and gave; a slot without a reading shows as a jump of `tick`."""
    return tuple(
        _cost(name.removeprefix(SOURCE_PREFIX), stream, series, rate_hz)
        for name, stream in sorted(streams.items())
        if name.startswith(SOURCE_PREFIX) and stream.lines
    )


def sampler_cpu_ratio(ticks: SpoolFile | None) -> float | None:
    """CPU time of the sampler over wall time, one core = 1; None below two lines."""
    if ticks is None or len(ticks.lines) < 2:  # noqa: PLR2004
        return None
    t, cpu = ticks.index("t_ns"), ticks.index("cpu_ns")
    first, last = ticks.lines[0].fields, ticks.lines[-1].fields
    span_ns = int(last[t]) - int(first[t])
    return (int(last[cpu]) - int(first[cpu])) / span_ns if span_ns > 0 else None


def _stamps(stream: SpoolFile, column: str) -> IntArray:
    position = stream.index(column)
    return np.array([int(s.fields[position]) for s in stream.lines], dtype=np.int64)


def _series(stream: SpoolFile, position: int, channel: Mapping[str, Any]) -> Series:
    column = stream.columns[position]
    fields = [s.fields[position] for s in stream.lines]
    there = np.array([not f.startswith("!") for f in fields], dtype=bool)
    t0_ns, t1_ns = _stamps(stream, "t0_ns"), _stamps(stream, "t1_ns")
    own = own_stamps(stream, str(channel.get("stamped_by") or ""), t0_ns, t1_ns)
    begin_ns, end_ns = (t0_ns, t1_ns) if own is None else own
    gaps = tuple(
        Gap(column.name, int(t0), field[1:])
        for field, t0 in zip(fields, t0_ns, strict=True)
        if field.startswith("!")
    )
    raw = np.array([float(f) for f in fields if not f.startswith("!")], dtype=np.float64)
    rule = conversion(Unit(column.unit), float(channel.get("scale", 1.0)))
    step = conversion(Unit(column.unit))  # a resolution is in the unit already, a reading is not
    with np.errstate(over="ignore"):  # infinity is refused, with a reason, where it is reduced
        values = raw * rule.factor + rule.offset
    # A value that was stamped before is the same reading once more, out of the source's cache.
    new = np.ones(len(values), dtype=bool)
    if own is not None:
        new[1:] = np.diff(begin_ns[there]) > 0
    wraps_at = channel.get("wraps_at")
    resolution = channel.get("resolution")
    averaging_s = channel.get("averaging_s")
    return Series(
        channel=column.name,
        source=stream.stream.removeprefix(SOURCE_PREFIX),
        quantity=str(channel.get("quantity", "")),
        kind=str(channel.get("kind", "")),
        unit=rule.unit,
        tier=str(channel.get("tier", "")),
        t0_ns=begin_ns[there][new] if len(there) else t0_ns,
        t1_ns=end_ns[there][new] if len(there) else t1_ns,
        values=values[new],
        wraps_at=None if wraps_at is None else float(wraps_at) * rule.factor,
        resolution=None if resolution is None else float(resolution) * step.factor,
        gaps=gaps,
        averaging_s=None if averaging_s is None else float(averaging_s),
        refresh_s=_told_s(channel.get("refresh_s")),
        each_new=own is not None or channel.get("each_new") is True,
    )


def _told_s(value: object) -> float | None:
    """How long a value stays by the source's own word, s; None where that cannot be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= LONGEST_STAY_S else None


def own_stamps(
    stream: SpoolFile, column: str, t0_ns: IntArray, t1_ns: IntArray
) -> tuple[IntArray, IntArray] | None:
    """Begin and end of the moment to which the source's own stamps ascribe its values.

    A counter is differenced on the source's own stamp where it has one on the device's clock: the
    reading may be 50 ms younger than the value. Where one row has none, or one that lies after
    its reading, long before it, or before the stamp of the row before, none of them is believed:
    None.
    """
    if column not in {c.name for c in stream.columns}:
        return None
    position = stream.index(column)
    unit = next(c.unit for c in stream.columns if c.name == column)
    step_ns = round(conversion(Unit(unit)).factor * NS_PER_S)
    fields = [one.fields[position] for one in stream.lines]
    if not all(len(f) <= MOST_DIGITS and f.isascii() and f.isdigit() for f in fields):
        return None
    begin = np.array([int(f) for f in fields], dtype=np.int64) * step_ns
    late, old = begin > t1_ns, begin < t0_ns - OLDEST_NS
    if np.any(late | old) or np.any(np.diff(begin) < 0):
        return None
    return begin, begin + step_ns


def _cost(source: str, stream: SpoolFile, series: Sequence[Series], rate_hz: float) -> SourceCost:
    ticks, due = _stamps(stream, "tick"), _stamps(stream, "due_ns")
    t0, t1 = _stamps(stream, "t0_ns"), _stamps(stream, "t1_ns")
    span_s = float(t0[-1] - t0[0]) * 1e-9
    took = t1 - t0
    read = took[took > 0] if np.any(took > 0) else took  # a source that rests was not read
    period_ns = float(np.median(np.diff(due))) if len(due) > 1 else 1e9 / rate_hz
    return SourceCost(
        source=source,
        ticks=len(ticks),
        missed=_missed(ticks, due, period_ns),
        late=int(np.sum(t0 - due > period_ns / 2)),
        read_p50_ns=int(np.median(read)),
        read_max_ns=int(np.max(read)),
        achieved_hz=(len(ticks) - 1) / span_s if span_s > 0 else 0.0,
        refresh_hz={
            s.channel: float(np.sum(np.diff(s.values) != 0)) / span_s if span_s > 0 else 0.0
            for s in series
            if s.source == source
        },
    )


def _missed(ticks: IntArray, due: IntArray, period_ns: float) -> int:
    """Slots without a reading, judged by due times: a slow source skips ticks on purpose."""
    if len(ticks) < 2:  # noqa: PLR2004
        return 0
    slots = np.rint(np.diff(due) / period_ns).astype(np.int64)
    return int(np.sum(np.maximum(slots - 1, 0)))
