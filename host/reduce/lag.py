"""How much later a source shows a change of power than the meter does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host.handover.trace import AttemptTrace, FloatArray, IntArray, Series
from host.reduce.channels import series_of
from host.reduce.coverage import CoverageError
from host.reduce.energy import meter_of
from host.reduce.integral import NS
from host.reduce.staircase import period_of, powers_of

# Looked for on both sides: sources of phones show means over up to some seconds.
FARTHEST_S = 5.0
# Shifts that are tried; the best three are then laid through by a parabola.
SHIFTS = 401


@dataclass(frozen=True, slots=True)
class Lag:
    """lag_s: by how much the source is late, with its standard uncertainty; None with a reason."""

    lag_s: float | None
    u_s: float | None
    reason: str = ""


NO_LAG = Lag(None, None, "no-attempt: no attempt has both sources")


def lag_of(
    attempts: Sequence[AttemptTrace], like: tuple[Series, Series], line: tuple[float, float]
) -> Lag:
    """Least squares over the shift, all attempts together.

    like: meter and source. line: gain and offset (W), by which the meter's power becomes that of
    the source. The squares are those of the source's readings less the meter's power, straight
    lines between its readings, a shift earlier. Their minimum and its curvature give the shift
    and u = sqrt(2 s^2 / curvature) (least squares in one parameter, linearised; JCGM 100, 5);
    half the update period of the slower one bounds what a shift within it cannot show.
    """
    shifts: FloatArray = np.linspace(-FARTHEST_S, FARTHEST_S, SHIFTS)
    total: FloatArray = np.zeros(SHIFTS)
    count, period_s = 0, 0.0
    for attempt in attempts:
        try:
            both = series_of(attempt, like[0]), series_of(attempt, like[1])
            slowest = max(period_of(series, meter_of(series)) for series in both)
            squares, readings = _squares(attempt, both, line, shifts)
        except CoverageError:
            continue
        total += squares
        count += readings
        period_s = max(period_s, slowest * NS)
    if count <= len(line):
        return NO_LAG
    return _least(shifts, total, count, period_s)


def _squares(
    attempt: AttemptTrace,
    both: tuple[Series, Series],
    line: tuple[float, float],
    shifts: FloatArray,
) -> tuple[FloatArray, int]:
    """The sum of squares at each shift, over readings that the meter covers at every shift."""
    (their_ns, theirs), (our_ns, ours) = powers_of(both[0]), powers_of(both[1])
    start_ns = attempt.steps[0].window.start_ns if attempt.steps else 0
    end_ns = attempt.steps[-1].window.end_ns if attempt.steps else 0
    within = (our_ns >= start_ns) & (our_ns <= end_ns)
    t_s, values = _seconds(our_ns[within], start_ns), ours[within]
    at_s, expected = _seconds(their_ns, start_ns), line[0] * theirs + line[1]
    return (
        np.array([np.sum((values - np.interp(t_s - x, at_s, expected)) ** 2) for x in shifts]),
        len(values),
    )


def _seconds(t_ns: IntArray, since_ns: int) -> FloatArray:
    found: FloatArray = (t_ns - since_ns).astype(np.float64) * NS
    return found


def _least(shifts: FloatArray, squares: FloatArray, count: int, period_s: float) -> Lag:
    best = int(np.argmin(squares))
    if best in (0, len(shifts) - 1):
        return Lag(None, None, f"lag-not-found: none within {FARTHEST_S:g} s fits best")
    step = float(shifts[1] - shifts[0])
    before, at, after = (float(x) for x in squares[best - 1 : best + 2])
    bend = (before - 2 * at + after) / step**2
    if bend <= 0:
        return Lag(None, None, "lag-not-found: no shift fits better than its neighbours")
    lag_s = float(shifts[best]) - (after - before) / (2 * step) / bend
    u_squared = 2 * (at / count) / bend + period_s**2 / 12
    return Lag(lag_s, u_squared**0.5)
