"""Whether a meter's readings show the load pulses when they were played: the judgement. Pure.

The lag that `pulses.py` finds is what the offset of the clocks, already applied, does not explain.
It must lie in a joint bound of what is known: U of the lag, the bound of the offset, half the read
bracket, and, on the late side alone, one reading period (a polled reading may be as old as that:
the edge term of an energy leaves as much open) and the time in which power follows load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from host.align.meters import Metered
from host.align.pulses import Pattern, Readings, lag_of
from host.handover.pulses import RESPONSE_NS, K, Lag, PulseCheck
from host.handover.trace import IntArray, Series, Window

NS = 1e-9
# A pattern that explains less than 0.81 of what the readings vary is not believed to be in them
# (`shared` reference reliability, 3.2: correlation above 0.9).
LEAST_CORRELATION = 0.9
# A time that is known no better than this is none: two and a half bits of 200 ms, our choice.
MOST_U_NS = 500_000_000
# A reading after a longer break than this stands for one period, as those before it.
BREAK_PERIODS = 1.5
# A momentary reading is a mean over its bracket, and no shorter than this.
SHORTEST_NS = 1_000
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Known:
    """What a lag is judged by.

    patterns: as played. offset_bound_ns: half-width, None where the clocks are not aligned.
    clock: of the device, which all readings were carried to. stamped: clocks of the patterns.
    least_step_w: of the plan.
    """

    patterns: tuple[Pattern, ...]
    stamped: frozenset[str]
    clock: str
    offset_bound_ns: int | None
    least_step_w: float


def checked(metered: Metered, known: Known | None) -> tuple[PulseCheck, ...]:
    """One verdict for each channel of power or energy of every meter, in order of names.

    known: None where the plan asks for no pulses.
    """
    parts: dict[str, list[Series]] = {}
    played = () if known is None else known.patterns
    windows = [Window(int(p.t_ns[0]), int(p.t_ns[-1])) for p in played]
    for one in metered.around(windows):
        if one.quantity in ("power", "energy"):
            parts.setdefault(one.channel, []).append(one)
    return tuple(_check(parts[name], known) for name in sorted(parts))


def barred(metered: Metered, checks: Sequence[PulseCheck]) -> Metered:
    """Those that are out of time marked so: their readings stay, and nothing is taken of them."""
    late = {c.meter: _said(c) for c in checks if c.verdict == "outside"}
    series = tuple(replace(s, barred=late.get(s.source, "")) for s in metered.series)
    recordings = tuple(replace(r, barred=late.get(r.name, "")) for r in metered.recordings)
    return replace(metered, series=series, recordings=recordings)


def _said(check: PulseCheck) -> str:
    lag_ms = 0.0 if check.lag is None else check.lag.lag_ns / 1e6
    return (
        f"meter-out-of-time: {check.channel} shows the load pulses {lag_ms:.3g} ms late,"
        f" {check.low_ns / 1e6:.3g} to {check.high_ns / 1e6:.3g} ms is what is known of its time"
    )


def _check(parts: Sequence[Series], known: Known | None) -> PulseCheck:
    first = parts[0]
    blank = PulseCheck(first.source, first.channel, "not-judged", _before(known), ())
    if known is None or blank.reason:
        return blank
    blank = replace(blank, patterns=tuple(p.name for p in known.patterns))
    near = [(p, _near(one, p)) for p in known.patterns for one in parts]
    played = [(p, _readings(one)) for p, one in near]
    resolution_w = _resolution_w(first)
    lag = lag_of(played, resolution_w)
    unseen = any(not sum(len(r.power_w) for q, r in played if q is p) for p in known.patterns)
    if lag is None or unseen:
        return replace(blank, reason="few-readings")
    each = tuple(
        lag_of([(q, r) for q, r in played if q is p], resolution_w) for p in known.patterns
    )
    low_ns, high_ns = _joint([one for _, one in near], lag, known.offset_bound_ns or 0)
    found = replace(
        blank, lag=lag, each=each, low_ns=low_ns, high_ns=high_ns, reason=_doubt(lag, known)
    )
    if found.reason:
        return found
    inside = low_ns <= lag.lag_ns <= high_ns
    return replace(found, verdict="agrees" if inside else "outside")


def _before(known: Known | None) -> str:
    """What keeps any lag from being looked for."""
    if known is None:
        return "not-asked"
    if not known.patterns:
        return "not-played"
    if known.stamped != {known.clock}:
        return "other-clock"
    return "not-aligned" if known.offset_bound_ns is None else ""


def _doubt(lag: Lag, known: Known) -> str:
    """Why a lag is not to be believed, "" for one that is."""
    if lag.correlation < LEAST_CORRELATION:
        return "pattern-not-seen"
    if lag.step_w < known.least_step_w:
        return "step-too-small"
    return "ambiguous" if K * lag.u_ns > MOST_U_NS else ""


def _joint(parts: Sequence[Series], lag: Lag, offset_bound_ns: int) -> tuple[int, int]:
    longest = max(int((s.t1_ns - s.t0_ns).max(initial=0)) for s in parts)
    either = round(K * lag.u_ns) + offset_bound_ns + longest // 2
    period = max(_period(s.t_ns) for s in parts)
    return -either, either + period + RESPONSE_NS


def _near(one: Series, pattern: Pattern) -> Series:
    """The readings in the time of a pattern: a run has an hour of others."""
    first, last = np.searchsorted(one.t0_ns, (pattern.t_ns[0], pattern.t_ns[-1]))
    at = slice(int(first), int(last))
    return replace(one, t0_ns=one.t0_ns[at], t1_ns=one.t1_ns[at], values=one.values[at])


def _period(t_ns: IntArray) -> int:
    return int(np.median(np.diff(t_ns))) if len(t_ns) > 1 else 0


def _readings(one: Series) -> Readings:
    """What each reading stands for.

    Its own averaging time, else the time since the one before, or the moment between its stamps.
    """
    if len(one.values) < FEWEST or not np.isfinite(one.values).all():
        return Readings(one.t0_ns[:0], one.t1_ns[:0], one.values[:0])
    if one.kind == "instant":
        end = np.maximum(one.t1_ns, one.t0_ns + SHORTEST_NS)
        return Readings(one.t0_ns, end, one.values)
    t_ns = one.t_ns
    since = np.diff(t_ns)
    period = _period(t_ns)
    if one.kind == "counter":
        power = np.diff(one.values) / (since * NS)
        whole = (power >= 0) & (since > 0)  # it may have been set back, or started again
        return Readings(t_ns[:-1][whole], t_ns[1:][whole], power[whole])
    if one.averaging_s is not None:
        over = np.full(len(since), round(one.averaging_s / NS), dtype=np.int64)
    else:
        over = np.where(since > BREAK_PERIODS * period, period, since)
    over = np.maximum(over, SHORTEST_NS)
    return Readings(t_ns[1:] - over, t_ns[1:], one.values[1:])


def _resolution_w(one: Series) -> float:
    """Of a power; a counter's step over a period is in the residual as it is."""
    return one.resolution or 0.0 if one.quantity == "power" else 0.0
