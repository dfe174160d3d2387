"""Integrals of sampled values over a window, with the bounds they stand on.

Every rule refuses to guess: CoverageError when the samples do not reach over the window or when
a hole in them is longer than allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host.handover.trace import FloatArray, IntArray, Window
from host.reduce.coverage import CoverageError

NS = 1e-9


@dataclass(frozen=True, slots=True)
class Integral:
    """A value in (unit of the samples) * s and the bounds that surely hold under the rule.

    edge: the larger half-width of the cells that an edge of the window cuts; part of the bounds.
    """

    low: float
    value: float
    high: float
    edge: float = 0.0

    def __add__(self, other: Integral) -> Integral:
        return Integral(
            self.low + other.low,
            self.value + other.value,
            self.high + other.high,
            self.edge + other.edge,
        )

    @property
    def half_width(self) -> float:
        """Distance of the value from the bound that is farther away."""
        return max(self.value - self.low, self.high - self.value)

    @property
    def inside(self) -> float:
        """Half-width of what the rule leaves open between the edges."""
        return max(0.0, self.half_width - self.edge)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The stretches between samples that overlap a window; times in s, one entry a cell."""

    before: FloatArray  # value at the start of the cell
    after: FloatArray  # value at its end
    length_s: FloatArray
    overlap_s: FloatArray
    enter_ratio: FloatArray  # where the window enters the cell, 0..1
    leave_ratio: FloatArray


def trapezoid(t_ns: IntArray, values: FloatArray, window: Window, max_gap_ns: int) -> Integral:
    """Trapezoids between samples of instantaneous values, edges interpolated.

    The bounds hold where the value between two samples stays between the two.
    """
    cells = _cells(t_ns, values, window, max_gap_ns)
    step = cells.after - cells.before
    middle = cells.before + step * (cells.enter_ratio + cells.leave_ratio) / 2
    low, high = np.minimum(cells.before, cells.after), np.maximum(cells.before, cells.after)
    cut = cells.overlap_s < cells.length_s
    below = _dot((middle - low)[cut], cells.overlap_s[cut])
    above = _dot((high - middle)[cut], cells.overlap_s[cut])
    return Integral(
        _dot(low, cells.overlap_s),
        _dot(middle, cells.overlap_s),
        _dot(high, cells.overlap_s),
        max(below, above),
    )


def step_hold(t_ns: IntArray, values: FloatArray, window: Window, max_gap_ns: int) -> Integral:
    """Averages, each held backwards to the reading before it: value times its own stretch.

    The bounds hold for values that are never negative: of a cut edge cell anything between
    nothing and all may lie inside the window.
    """
    cells = _cells(t_ns, values, window, max_gap_ns)
    whole = cells.overlap_s >= cells.length_s
    full = cells.after * cells.length_s
    low = float(full[whole].sum()) + float(np.minimum(full[~whole], 0).sum())
    value = _dot(cells.after, cells.overlap_s)
    high = float(full[whole].sum()) + float(np.maximum(full[~whole], 0).sum())
    return Integral(low, value, high, max(value - low, high - value))


def _dot(one: FloatArray, other: FloatArray) -> float:
    """Not np.dot: OpenBLAS adds in an order of its own for each kind of CPU, in other last digits.

    `verify` must give the same bytes on any machine.
    """
    return float(np.sum(one * other))


def _cells(t_ns: IntArray, values: FloatArray, window: Window, max_gap_ns: int) -> _Cells:
    if window.end_ns <= window.start_ns:
        raise CoverageError("empty-window", "the window has no length")
    first = int(np.searchsorted(t_ns, window.start_ns, side="right")) - 1
    last = int(np.searchsorted(t_ns, window.end_ns, side="left"))
    if first < 0 or last >= len(t_ns):
        raise CoverageError("not-covered", "the readings do not reach over the whole window")
    start, stop = t_ns[first:last], t_ns[first + 1 : last + 1]
    length = stop - start
    if int(length.min()) <= 0:
        raise CoverageError("stamps-not-ascending", "two readings share one stamp")
    if int(length.max()) > max_gap_ns:
        raise CoverageError(
            "hole", f"{int(length.max())} ns without a reading, {max_gap_ns} ns are allowed"
        )
    enter = np.maximum(start, window.start_ns)
    leave = np.minimum(stop, window.end_ns)
    return _Cells(
        before=values[first:last],
        after=values[first + 1 : last + 1],
        length_s=length.astype(np.float64) * NS,
        overlap_s=(leave - enter).astype(np.float64) * NS,
        enter_ratio=(enter - start) / length,
        leave_ratio=(leave - start) / length,
    )
