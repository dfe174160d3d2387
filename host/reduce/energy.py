"""Energy over phases from whatever a source gives: a counter, power now, or averaged power.

The rule is named beside every value, and every value has the bounds it stands on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from host.handover.trace import AttemptTrace, IntArray, Series, Window
from host.reduce.channels import with_readings
from host.reduce.counters import difference, updates_of
from host.reduce.coverage import CoverageError
from host.reduce.integral import NS, Integral, step_hold, trapezoid
from host.reduce.phases import DECODE, LOAD, PREFILL, seconds, windows

COUNTER_RULE = "counter difference, edges interpolated; bounds: one update at each end"
TRAPEZOID_RULE = "trapezoid, edges interpolated; bounds: power stays between its two readings"
HOLD_RULE = (
    "average held back to the reading before; bounds: a cut edge reading counts or not, the"
    " source averages over no more than the reading period"
)

# Two readings lost in a row are bridged, more is a hole: our choice, jitter stays far below it.
MAX_GAP_PERIODS = 3
# Fewest updates in a phase whose edges lie inside a request. The edge error is about 1/(updates)
# times (power step / mean power), so 50 keep it near 1 % of a step as large as half the mean.
MIN_UPDATES = 50
# Fewest changes of a power reading from which an update period is taken.
MIN_CHANGES = 4
# NVML means power over 1 s and hwmon's power*_average over as much by default; a source that
# states nothing shorter is not believed to resolve more.
AVERAGE_PERIOD_NS = 1_000_000_000
SPLIT_PHASES = (LOAD, PREFILL, DECODE)

Integrator = Callable[[Window], Integral]


def rule_of(series: Series) -> str:
    """The rule for this kind of source, "" when it gives neither energy nor power."""
    return _RULES.get((series.quantity, series.kind), "")


_RULES = {
    ("energy", "counter"): COUNTER_RULE,
    ("power", "instant"): TRAPEZOID_RULE,
    ("power", "average"): HOLD_RULE,
}


@dataclass(frozen=True, slots=True)
class Meter:
    """What integrates one series, and how often its source truly has something new."""

    over: Integrator
    update_period_ns: int


@dataclass(frozen=True, slots=True)
class PhaseEnergy:
    """Energy of a phase in J, and the length of the phase in s."""

    energy: Integral
    length_s: float


def meter_of(series: Series) -> Meter:
    """What gives the energy in J of any window. Raises CoverageError for an unusable series."""
    with_readings(series)
    if rule_of(series) == COUNTER_RULE:
        updates = updates_of(series)
        period_ns = _median_spacing(updates.t_ns, series.channel)
        return Meter(lambda window: difference(updates, window), period_ns)
    by_rule = step_hold if rule_of(series) == HOLD_RULE else trapezoid
    times, values, max_gap_ns = series.t_ns, series.values, max_gap_of(series)
    return Meter(
        lambda window: by_rule(times, values, window, max_gap_ns), _update_period_of(series)
    )


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
    return PhaseEnergy(reduce(Integral.__add__, [meter.over(w) for w in found]), length_s)


def _update_period_of(series: Series) -> int:
    """How often a power source truly has something new, ns; never below the reading period.

    Median spacing of the readings that differ from the one before. A value that never or hardly
    moves says nothing about updates: then it is the reading period.
    """
    period_ns = _median_spacing(series.t_ns, series.channel)
    if rule_of(series) == HOLD_RULE:
        return max(AVERAGE_PERIOD_NS, period_ns)
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
