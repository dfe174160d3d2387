"""Counters: unwrapped, told apart from resets, and differenced over a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host.handover.trace import FloatArray, IntArray, Series, Window
from host.reduce.coverage import CoverageError
from host.reduce.edges import energy_before
from host.reduce.integral import NS, Integral

# A wrap is believed when the step it explains is below half of the counter's range. Larger steps
# cannot be told from a reset to 0; sampled more than twice a wrap, a real one is always smaller.
WRAP_SHARE = 0.5


def unwrap(values: FloatArray, wraps_at: float | None) -> FloatArray:
    """Values that never fall. wraps_at: where the source starts again at 0, in their unit.

    Raises CoverageError for a counter that goes back where no wrap is declared, or so that a
    wrap would not explain it.
    """
    steps = np.diff(values)
    back = steps < 0
    if not back.any():
        return values
    if wraps_at is None:
        raise CoverageError("counter-went-back", f"by {-float(steps.min())}, no wrap is declared")
    steps = np.where(back, steps + wraps_at, steps)
    if float(steps[back].max()) > WRAP_SHARE * wraps_at or float(steps.min()) < 0:
        raise CoverageError("counter-reset", f"a wrap at {wraps_at} does not explain the step")
    return np.asarray(np.concatenate(([0.0], np.cumsum(steps))) + values[0], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Updates:
    """The readings of a counter at which a new value was first seen; the first one is kept.

    t_ns: midpoints of the reads. rates: growth per s from each to the next, one fewer.
    """

    t0_ns: IntArray
    t_ns: IntArray
    t1_ns: IntArray
    values: FloatArray
    rates: FloatArray


def updates_of(series: Series) -> Updates:
    """Unwrap a counter and drop the readings that only repeat the value before."""
    if len(series.values) == 0:
        raise CoverageError("no-reading", f"{series.channel} gave none")
    values = unwrap(series.values, series.wraps_at)
    fresh = np.concatenate(([True], np.diff(values) > 0))
    if int(fresh.sum()) == 1:
        raise CoverageError("counter-stuck", f"{series.channel} never moved")
    t_ns, kept = series.t_ns[fresh], values[fresh]
    lasted_s = np.maximum(np.diff(t_ns), 1) * NS
    rates = np.diff(kept) / lasted_s
    return Updates(series.t0_ns[fresh], t_ns, series.t1_ns[fresh], kept, rates)


def difference(updates: Updates, window: Window) -> Integral:
    """The counter's growth over a window.

    Between two updates it is estimated from those beside them (`energy_before`). Bounds: from
    the updates just inside the window to those just outside, one update at each end. Raises
    CoverageError when no update is seen before or after the window.
    """
    if window.end_ns <= window.start_ns:
        raise CoverageError("empty-window", "the window has no length")
    start_low, start, start_high = _at(updates, window.start_ns)
    end_low, end, end_high = _at(updates, window.end_ns)
    low, value, high = max(0.0, end_low - start_high), end - start, end_high - start_low
    return Integral(low, value, high, max(value - low, high - value))


def _at(updates: Updates, t_ns: int) -> tuple[float, float, float]:
    """The counter at a moment: last update done before, interpolated, first begun after."""
    before = int(np.searchsorted(updates.t1_ns, t_ns, side="right")) - 1
    after = int(np.searchsorted(updates.t0_ns, t_ns, side="left"))
    if before < 0 or after >= len(updates.values):
        raise CoverageError("not-covered", "the counter's updates do not reach over the window")
    low, high = float(updates.values[before]), float(updates.values[after])
    return low, _interpolated(updates, t_ns), high


def _interpolated(updates: Updates, t_ns: int) -> float:
    """What was counted at a moment between two updates, by the midpoints of their reads."""
    middles = updates.t_ns
    right = max(1, int(np.searchsorted(middles, t_ns, side="left")))
    start, stop = int(middles[right - 1]), int(middles[right])
    low, high = float(updates.values[right - 1]), float(updates.values[right])
    if not start < t_ns < stop:
        return low if t_ns <= start else high
    seconds = (stop - start) * NS
    return low + energy_before(updates.rates, right - 1, seconds, (t_ns - start) * NS)
