"""Energy over phases from whatever a source gives: a counter, power now, or averaged power.

The rule is named beside every value, and every value has the bounds it stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from host.handover import rules
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, FloatArray, IntArray, Series, Window
from host.reduce.channels import with_readings
from host.reduce.counters import difference, updates_of
from host.reduce.coverage import CoverageError
from host.reduce.edges import stepped
from host.reduce.integral import NO_GAPS, NS, Integral, need_observed, step_hold, trapezoid
from host.reduce.latency import late_s
from host.reduce.observed import (
    about_a_line,
    about_neighbours,
    follows_tokens,
    need_seen,
    scatter,
    stretches,
)
from host.reduce.phases import DECODE, LOAD, PREFILL, REQUEST, seconds, windows
from host.reduce.refresh import (
    averages_of,
    shortest_stay_ns,
    spacing_ns,
    stale_s,
    update_period_ns,
)
from host.reduce.shifts import shifts_of, step_w

# Two readings lost in a row are bridged, more is a hole: our choice, jitter stays far below it.
MAX_GAP_PERIODS = 3
# Fewest updates in a phase whose edges lie inside a request. The edge error is about 1/(updates)
# times (power step / mean power), so 50 keep it near 1 % of a step as large as half the mean.
MIN_UPDATES = 50
# NVML means power over 1 s and hwmon's power*_average over as much by default; a source that
# states nothing shorter is not believed to resolve more.
AVERAGE_PERIOD_NS = 1_000_000_000
# A value that stays for two readings and more was read more often than it is new.
MANY_READ = 2
# What a meter says of updates that nobody took, or took twice (`collectors/meters`).
LATE_GAPS = frozenset({"missed-update", "repeat", "repeated"})
# Tiers A and A-: a meter on a clock of its own (design, law 5).
EXTERNAL = "A"
SPLIT_PHASES = (LOAD, PREFILL, DECODE)
TOO_SHORT = "not-resolvable"  # a phase for its source

Integrator = Callable[[Window], Integral]


def rule_of(series: Series) -> Txt | None:
    """The rule for this kind of source, None when it gives neither energy nor power."""
    return _RULES.get((series.quantity, series.kind))


_RULES = {
    ("energy", "counter"): rules.COUNTER,
    ("power", "instant"): rules.TRAPEZOID,
    ("power", "average"): rules.HOLD,
}


@dataclass(frozen=True, slots=True)
class Moments:
    """Readings of a moment: between two of them nothing was seen. events_ns: edges of phases."""

    t_ns: IntArray
    values: FloatArray
    events_ns: IntArray


@dataclass(frozen=True, slots=True)
class Meter:
    """What integrates one series, and how often its source truly has something new.

    bracket_s: the longest read beside the edges of a window. lag_s: how much earlier the middle
    of the source's averaging time lies than that of the stretch a reading is held over; the
    energy of a window then is that of one earlier by so much. stale_s: how much longer than the
    reading period a value stays; None where it changed too seldom to tell. moments: the readings,
    of a source that shows the power of a moment. shifts_ns: as of `shifts.shifts_of`.
    """

    over: Integrator
    update_period_ns: int
    bracket_s: Callable[[Window], float]
    shifts_ns: tuple[int, ...]
    lag_s: float = 0.0
    stale_s: float | None = None
    moments: Moments | None = None


@dataclass(frozen=True, slots=True)
class PhaseEnergy:
    """Energy of a phase in J, and the length of the phase in s.

    windows: how many it has. step_w: sum over them of how fast their energy changes when they
    are shifted.
    drift_w: half of what the mean powers of its windows differ. bracket_s: longest read at an
    edge. late_s: how much later than its events the stamps of its edges may be, summed. lag_s,
    stale_s: as in Meter. scatter: of momentary readings, W (`observed.scatter`).
    """

    energy: Integral
    length_s: float
    windows: int = 1
    step_w: float = 0.0
    drift_w: float = 0.0
    bracket_s: float = 0.0
    late_s: float = 0.0
    lag_s: float = 0.0
    stale_s: float | None = None
    scatter: tuple[float, ...] = ()


def meter_of(series: Series, events_ns: IntArray = NO_GAPS) -> Meter:
    """What gives the energy in J of any window. Raises CoverageError for an unusable series.

    events_ns: moments at which power may step (`phases.events_of`); power of the moment is held
    up to them and from them on.
    """
    with_readings(series)
    if rule_of(series) == rules.COUNTER:
        updates = updates_of(series)
        period_ns = spacing_ns(updates.t_ns, series.channel)
        at_edges = edge_bracket(updates.t0_ns, updates.t1_ns)
        shifts = _shifts(series, period_ns)
        return Meter(lambda window: difference(updates, window), period_ns, at_edges, shifts)
    if rule_of(series) == rules.HOLD:
        return _averaging(series)
    return _momentary(series, events_ns)


def _momentary(series: Series, events_ns: IntArray) -> Meter:
    """Trapezoids with a step at each event, within the bounds of plain ones."""
    t_ns, values, gaps_ns = series.t_ns, series.values, _gaps_of(series)
    max_gap_ns = max_gap_of(series)
    with_steps = stepped(t_ns, values, events_ns)

    def over(window: Window) -> Integral:
        plain = trapezoid(t_ns, values, window, max_gap_ns, gaps_ns)
        value = trapezoid(*with_steps, window, max_gap_ns).value
        return replace(plain, value=value, edge=plain.edge + abs(value - plain.value))

    update_ns = update_period_ns(series)
    return Meter(
        over,
        update_ns,
        edge_bracket(series.t0_ns, series.t1_ns),
        _shifts(series, update_ns),
        stale_s=stale_s(series),
        moments=Moments(t_ns, values, events_ns),
    )


def _averaging(series: Series) -> Meter:
    """Averages over their own cells; one that is read more often than it is new has few."""
    period_ns = spacing_ns(series.t_ns, series.channel)
    stay_ns = shortest_stay_ns(series)
    t_ns, values, late_ns = series.t_ns, series.values, 0
    own_ns, max_gap_ns = period_ns, max_gap_of(series)
    many_read_ns = MANY_READ * period_ns
    # What a source that averages over each reading repeats is no old value: the power was steady.
    told_longer = series.averaging_s is None or series.averaging_s >= many_read_ns * NS
    told_longer = told_longer and not series.each_new
    if stay_ns is not None and stay_ns >= many_read_ns and told_longer:
        t_ns, values = averages_of(series, stay_ns, period_ns)
        own_ns, late_ns, max_gap_ns = stay_ns, period_ns, MAX_GAP_PERIODS * stay_ns
    gaps_ns = _gaps_of(series)
    beside = edge_bracket(series.t0_ns, series.t1_ns)
    update_ns = max(_averaging_ns(series), own_ns)
    return Meter(
        lambda window: step_hold(t_ns, values, window, max_gap_ns, gaps_ns),
        update_ns,
        lambda window: beside(window) + late_ns * NS,
        _shifts(series, update_ns),
        max(0, _averaging_ns(series) - own_ns) / 2 * NS,
        0.0 if late_ns else stale_s(series),
    )


def _shifts(series: Series, update_ns: int) -> tuple[int, ...]:
    return shifts_of(update_ns, other_clock=series.tier.startswith(EXTERNAL))


def _gaps_of(series: Series) -> IntArray:
    """Moments at which a reading was due and gave no power, ascending.

    One that only came late, or twice, is told by its stamps as others are.
    """
    lost = (gap.t_ns for gap in series.gaps if gap.reason.partition(":")[0] not in LATE_GAPS)
    return np.array(sorted(lost), dtype=np.int64)


def _averaging_ns(series: Series) -> int:
    """As the source states it, else what sources of its kind do."""
    if series.averaging_s is None:
        return AVERAGE_PERIOD_NS
    return round(series.averaging_s / NS)


def edge_bracket(t0_ns: IntArray, t1_ns: IntArray) -> Callable[[Window], float]:
    """What gives the longest read, in s, among the readings beside the edges of a window."""

    def longest(window: Window) -> float:
        at = np.searchsorted(t0_ns, (window.start_ns, window.end_ns))
        beside = np.clip(np.concatenate((at - 1, at)), 0, len(t0_ns) - 1)
        return float((t1_ns[beside] - t0_ns[beside]).max()) * NS

    return longest


def max_gap_of(series: Series) -> int:
    """The longest stretch without a reading that is bridged, ns."""
    return MAX_GAP_PERIODS * spacing_ns(series.t_ns, series.channel)


def phase_energy(attempt: AttemptTrace, meter: Meter, phase: str) -> PhaseEnergy:
    """Energy and length of a phase of an attempt.

    Raises CoverageError when the readings do not reach over it, or when the phase is too short
    for the source to tell it from its neighbours; the phase `request` is always tried.
    """
    found = windows(attempt, phase)
    length_s = seconds(found)
    if phase in SPLIT_PHASES:
        _need_resolved(meter, phase, length_s)
    if meter.moments is not None and phase in (*SPLIT_PHASES, REQUEST):
        need_seen(meter.moments.t_ns, attempt, found)
    parts = [meter.over(w) for w in found]
    whole = need_observed(reduce(Integral.__add__, parts), length_s)
    means = [part.value / w.seconds for part, w in zip(parts, found, strict=True)]
    return PhaseEnergy(
        energy=whole,
        length_s=length_s,
        windows=len(found),
        step_w=sum(step_w(meter.over, w, meter.shifts_ns) for w in found),
        drift_w=(max(means) - min(means)) / 2,
        bracket_s=max(meter.bracket_s(w) for w in found),
        late_s=late_s(attempt.scored()) if phase == DECODE else 0.0,
        lag_s=meter.lag_s,
        stale_s=meter.stale_s,
        scatter=_scatter(attempt, meter, found),
    )


def _scatter(attempt: AttemptTrace, meter: Meter, found: Sequence[Window]) -> tuple[float, ...]:
    """An average and a counter miss nothing between two readings; momentary ones do."""
    seen = meter.moments
    if seen is None:
        return ()
    about = about_neighbours if follows_tokens(attempt, meter.update_period_ns) else about_a_line
    return scatter(seen.t_ns, seen.values, stretches(seen.t_ns, found, seen.events_ns), about)


def _need_resolved(meter: Meter, phase: str, length_s: float) -> None:
    period_s = meter.update_period_ns * NS
    if length_s < MIN_UPDATES * period_s:
        raise CoverageError(
            TOO_SHORT,
            f"{phase} lasts {length_s:.3g} s, the source updates each {period_s:.3g} s and"
            f" {MIN_UPDATES} updates are needed; see the phase `request`",
        )
