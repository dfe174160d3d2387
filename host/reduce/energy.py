"""Energy over phases from whatever a source gives: a counter, power now, or averaged power.

The rule is named beside every value, and every value has the bounds it stands on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from host.handover import rules
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, IntArray, Series, Window
from host.reduce.channels import with_readings
from host.reduce.counters import difference, updates_of
from host.reduce.coverage import CoverageError
from host.reduce.integral import NS, Integral, step_hold, trapezoid
from host.reduce.latency import late_s
from host.reduce.phases import DECODE, LOAD, PREFILL, seconds, windows

# Two readings lost in a row are bridged, more is a hole: our choice, jitter stays far below it.
MAX_GAP_PERIODS = 3
# Fewest updates in a phase whose edges lie inside a request. The edge error is about 1/(updates)
# times (power step / mean power), so 50 keep it near 1 % of a step as large as half the mean.
MIN_UPDATES = 50
# Fewest changes of a power reading from which an update period is taken.
MIN_CHANGES = 4
# Share of the stays of a value that counts as short: our choice, so that one late reading, which
# makes one stay short, does not decide, and a steady stretch does not either.
SHORT_SHARE = 0.1
# NVML means power over 1 s and hwmon's power*_average over as much by default; a source that
# states nothing shorter is not believed to resolve more.
AVERAGE_PERIOD_NS = 1_000_000_000
SPLIT_PHASES = (LOAD, PREFILL, DECODE)

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
class Meter:
    """What integrates one series, and how often its source truly has something new.

    bracket_s: the longest read beside the edges of a window. lag_s: how much earlier the middle
    of the source's averaging time lies than that of the stretch a reading is held over; the
    energy of a window then is that of one earlier by so much. stale_s: how much longer than the
    reading period a value stays; None where it changed too seldom to tell.
    """

    over: Integrator
    update_period_ns: int
    bracket_s: Callable[[Window], float]
    lag_s: float = 0.0
    stale_s: float | None = None


@dataclass(frozen=True, slots=True)
class PhaseEnergy:
    """Energy of a phase in J, and the length of the phase in s.

    windows: how many it has. step_w: sum over them of the larger jump of power at an edge.
    drift_w: half of what the mean powers of its windows differ. bracket_s: longest read at an
    edge. late_s: how much later than its events the stamps of its edges may be, summed. lag_s,
    stale_s: as in Meter.
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


def meter_of(series: Series) -> Meter:
    """What gives the energy in J of any window. Raises CoverageError for an unusable series."""
    with_readings(series)
    if rule_of(series) == rules.COUNTER:
        updates = updates_of(series)
        period_ns = _median_spacing(updates.t_ns, series.channel)
        at_edges = edge_bracket(updates.t0_ns, updates.t1_ns)
        return Meter(lambda window: difference(updates, window), period_ns, at_edges)
    by_rule = step_hold if rule_of(series) == rules.HOLD else trapezoid
    times, values, max_gap_ns = series.t_ns, series.values, max_gap_of(series)
    return Meter(
        lambda window: by_rule(times, values, window, max_gap_ns),
        _update_period_of(series),
        edge_bracket(series.t0_ns, series.t1_ns),
        _lag_s(series),
        _stale_s(series),
    )


def _lag_s(series: Series) -> float:
    """Half of what the averaging time is longer than the reading period; 0 for other sources."""
    if rule_of(series) != rules.HOLD:
        return 0.0
    return max(0, _averaging_ns(series) - _median_spacing(series.t_ns, series.channel)) / 2 * NS


def _averaging_ns(series: Series) -> int:
    """As the source states it, else what sources of its kind do."""
    if series.averaging_s is None:
        return AVERAGE_PERIOD_NS
    return round(series.averaging_s / NS)


def _stale_s(series: Series) -> float | None:
    """The shortest stays of a value (lower decile) less the reading period, s.

    A source that has something new only now and then cannot change faster than that, while one
    that is merely steady or coarse sometimes does.
    """
    changes = series.t_ns[1:][np.diff(series.values) != 0]
    if len(changes) < MIN_CHANGES:
        return None
    stays_ns = float(np.quantile(np.diff(changes), SHORT_SHARE, method="higher"))
    return max(0.0, stays_ns - _median_spacing(series.t_ns, series.channel)) * NS


def edge_bracket(t0_ns: IntArray, t1_ns: IntArray) -> Callable[[Window], float]:
    """What gives the longest read, in s, among the readings beside the edges of a window."""

    def longest(window: Window) -> float:
        at = np.searchsorted(t0_ns, (window.start_ns, window.end_ns))
        beside = np.clip(np.concatenate((at - 1, at)), 0, len(t0_ns) - 1)
        return float((t1_ns[beside] - t0_ns[beside]).max()) * NS

    return longest


def max_gap_of(series: Series) -> int:
    """The longest stretch without a reading that is bridged, ns."""
    return MAX_GAP_PERIODS * _median_spacing(series.t_ns, series.channel)


def phase_energy(attempt: AttemptTrace, meter: Meter, phase: str) -> PhaseEnergy:
    """Energy and length of a phase of an attempt.

    Raises CoverageError when the readings do not reach over it, or when the phase is too short
    for the source to tell it from its neighbours; the phase `request` is always tried.
    """
    found = windows(attempt, phase)
    length_s = seconds(found)
    if phase in SPLIT_PHASES:
        _need_resolved(meter, phase, length_s)
    parts = [meter.over(w) for w in found]
    means = [part.value / w.seconds for part, w in zip(parts, found, strict=True)]
    return PhaseEnergy(
        energy=reduce(Integral.__add__, parts),
        length_s=length_s,
        windows=len(found),
        step_w=sum(_step_w(meter, w, mean) for w, mean in zip(found, means, strict=True)),
        drift_w=(max(means) - min(means)) / 2,
        bracket_s=max(meter.bracket_s(w) for w in found),
        late_s=late_s(attempt.scored()) if phase == DECODE else 0.0,
        lag_s=meter.lag_s,
        stale_s=meter.stale_s,
    )


def _step_w(meter: Meter, window: Window, inside_w: float) -> float:
    """The larger jump of power at an edge, W: inside against one update period outside.

    Inside is the mean of what lies one update period from both edges, of all where nothing
    does; outside is the second period from the edge: no average in either reaches over the edge.
    Where nothing was read outside, power may have been as low as 0 W.
    """
    one = meter.update_period_ns
    if window.end_ns - window.start_ns > 2 * one:
        inside_w = _mean_w(meter, Window(window.start_ns + one, window.end_ns - one))
    outside = (
        Window(window.start_ns - 2 * one, window.start_ns - one),
        Window(window.end_ns + one, window.end_ns + 2 * one),
    )
    return max(abs(inside_w - _mean_w(meter, stretch)) for stretch in outside)


def _mean_w(meter: Meter, window: Window) -> float:
    try:
        return meter.over(window).value / window.seconds
    except CoverageError:
        return 0.0


def _update_period_of(series: Series) -> int:
    """How often a power source truly has something new, ns; never below the reading period.

    Median spacing of the readings that differ from the one before. A value that never or hardly
    moves says nothing about updates: then it is the reading period.
    """
    period_ns = _median_spacing(series.t_ns, series.channel)
    if rule_of(series) == rules.HOLD:
        return max(_averaging_ns(series), period_ns)
    fresh = series.t_ns[np.concatenate(([True], np.diff(series.values) != 0))]
    if len(fresh) < MIN_CHANGES:
        return period_ns
    return max(period_ns, _median_spacing(fresh, series.channel))


def _median_spacing(t_ns: IntArray, channel: str) -> int:
    if len(t_ns) < 2:  # noqa: PLR2004 - a spacing needs two
        raise CoverageError("no-reading", f"{channel} gave {len(t_ns)} readings")
    return int(np.median(np.diff(t_ns)))


def _need_resolved(meter: Meter, phase: str, length_s: float) -> None:
    period_s = meter.update_period_ns * NS
    if length_s < MIN_UPDATES * period_s:
        raise CoverageError(
            "not-resolvable",
            f"{phase} lasts {length_s:.3g} s, the source updates each {period_s:.3g} s and"
            f" {MIN_UPDATES} updates are needed; see the phase `request`",
        )
