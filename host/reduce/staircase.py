"""A load staircase as a meter and a source of the device saw it: one pair of powers a step.

Both powers of a step are means over one stretch of it, by the same rules as all energies: the end
of the step, without what settles at its beginning and without what an edge may reach into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from host.handover import rules
from host.handover.staircase import Pair, Steps
from host.handover.trace import AttemptTrace, FloatArray, IntArray, Series, Window
from host.reduce.channels import series_of
from host.reduce.counters import updates_of
from host.reduce.coverage import CoverageError
from host.reduce.energy import Meter, meter_of, rule_of
from host.reduce.integral import NS

# Fewest updates of the slower of both in the stretch that is used: what an edge of a mean leaves
# open stays about a tenth of a step of power.
MIN_UPDATES = 10
# Kept away from each edge of a step, in updates of the slower source: one that an average may
# reach over, one by which a reading may be late.
EDGE_UPDATES = 2
# Parts of the stretch whose means show the noise of a power: few enough to hold updates each.
BLOCKS = 5


def steps_of(
    attempts: Sequence[AttemptTrace], reference: Series, source: Series, lag_s: float = 0.0
) -> Steps:
    """The pairs of all attempts. reference, source: one series of each channel, for its name.

    lag_s: by how much later the source shows the same moment; its stretch is taken as much later.
    """
    pairs: list[Pair] = []
    dropped: list[str] = []
    seen: list[FloatArray] = []
    for attempt in attempts:
        try:
            theirs, ours = (
                series_of(attempt, reference),
                _earlier(series_of(attempt, source), lag_s),
            )
            meters = meter_of(theirs), meter_of(ours)
        except CoverageError as err:
            dropped.append(f"{err} (attempt {attempt.number})")
            continue
        for number, step in enumerate(attempt.steps):
            try:
                within = _used(step.window, (theirs, ours), meters, lag_s)
                shown = _shown(ours, within)
                pairs.append(_pair(attempt.number, step.level, within, (theirs, ours), meters))
                seen.append(shown)
            except CoverageError as err:
                dropped.append(f"{err} (attempt {attempt.number}, step {number})")
    every = np.concatenate(seen) if seen else np.zeros(1)
    return Steps(tuple(pairs), tuple(dropped), float(every.min()), float(every.max()))


def _earlier(series: Series, lag_s: float) -> Series:
    shift = round(lag_s / NS)
    return replace(series, t0_ns=series.t0_ns - shift, t1_ns=series.t1_ns - shift)


def _used(
    step: Window, both: tuple[Series, Series], meters: tuple[Meter, Meter], lag_s: float
) -> Window:
    """The stretch of a step that is used. Raises CoverageError `step-too-short`.

    A source that was moved earlier by its lag ends as much earlier than the attempt.
    """
    period_ns, lag_ns = max(map(period_of, both, meters)), round(lag_s / NS)
    start_ns = step.start_ns + EDGE_UPDATES * period_ns + max(0, -lag_ns)
    end_ns = step.end_ns - period_ns - max(0, lag_ns)
    if end_ns - start_ns < MIN_UPDATES * period_ns:
        raise CoverageError(
            "step-too-short",
            f"it lasts {step.seconds:.3g} s, and {MIN_UPDATES + EDGE_UPDATES + 1} updates of the"
            f" slower source, {period_ns * NS:.3g} s apart, are needed",
        )
    return Window(start_ns, end_ns)


def period_of(series: Series, meter: Meter) -> int:
    """The longest time between two new values, ns.

    Of a momentary reading: how long a value stays where it changes soonest (steady power and
    coarse steps make it stay longer); of a mean its averaging time; of a counter its updates.
    """
    reads_ns = int(np.median(np.diff(series.t_ns)))
    if rule_of(series) == rules.TRAPEZOID:
        return reads_ns + round((meter.stale_s or 0.0) / NS)
    return max(reads_ns, meter.update_period_ns)


def _pair(
    attempt: int,
    level: float,
    within: Window,
    both: tuple[Series, Series],
    meters: tuple[Meter, Meter],
) -> Pair:
    (theirs, u_theirs), (ours, u_ours) = (
        _power(meter, within, series) for meter, series in zip(meters, both, strict=True)
    )
    return Pair(attempt, level, theirs, ours, u_theirs, u_ours)


def _power(meter: Meter, within: Window, series: Series) -> tuple[float, float]:
    """Mean power and what noise leaves open of it, W.

    Noise: half the mean square of the differences of successive block means over their number
    (von Neumann, Ann. Math. Stat. 12 (1941) 367), which a slow drift of the load does not enter;
    not below the rounding of one reading, of a counter of the two at the ends.
    """
    mean_w = meter.over(within).value / within.seconds
    edges = np.linspace(within.start_ns, within.end_ns, BLOCKS + 1).astype(np.int64)
    blocks = [Window(int(a), int(b)) for a, b in pairwise(edges)]
    means = np.array([meter.over(block).value / block.seconds for block in blocks])
    noise_w = float(np.sqrt(np.mean(np.diff(means) ** 2) / 2 / BLOCKS))
    rounding = (series.resolution or 0.0) / 12**0.5
    rounding_w = rounding * 2**0.5 / within.seconds if series.quantity == "energy" else rounding
    return mean_w, max(noise_w, rounding_w)


def _shown(series: Series, within: Window) -> FloatArray:
    """The powers that a source showed in a stretch; of a counter between its updates, W.

    Raises CoverageError `no-reading` for fewer than one a block: a counter that stands still has a
    straight line through the stretch, which says nothing of it.
    """
    t_ns, powers = powers_of(series)
    found: FloatArray = powers[(t_ns >= within.start_ns) & (t_ns <= within.end_ns)]
    if len(found) < BLOCKS:
        raise CoverageError(
            "no-reading", f"{series.channel} shows {len(found)} new values in the step"
        )
    return found


def powers_of(series: Series) -> tuple[IntArray, FloatArray]:
    """Powers and the moments they belong to, ns and W.

    A mean belongs to the middle of its averaging time, a counter's growth to the middle of the
    time between its updates. Raises CoverageError for a counter that is none.
    """
    if rule_of(series) == rules.COUNTER:
        updates = updates_of(series)
        spans = np.diff(updates.t_ns)
        return updates.t_ns[:-1] + spans // 2, np.diff(updates.values) / (spans * NS)
    if rule_of(series) == rules.HOLD and series.averaging_s is not None:
        return series.t_ns - round(series.averaging_s / NS / 2), series.values
    return series.t_ns, series.values
