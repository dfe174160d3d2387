"""Integrals of sampled values over a window, with the bounds they stand on.

Every rule refuses to guess: CoverageError when the samples do not reach over the window. A hole
breaks the integral: what lies in it may be anything that was ever read, or nothing, and its length
is told, so that a phase with too much of it can be refused (`need_observed`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host.handover.trace import FloatArray, IntArray, Window
from host.reduce.coverage import CoverageError
from host.reduce.edges import energy_before

BoolArray = npt.NDArray[np.bool_]

NS = 1e-9
# Share of a phase that may go by without a reading (`shared` reference sources, 5.2).
MAX_UNOBSERVED_RATIO = 0.01
# Of the longest stretch that is bridged, three periods: longer ones have lost a reading.
LATE_RATIO = 0.5
NO_GAPS: IntArray = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Integral:
    """A value in (unit of the samples) * s and the bounds that surely hold under the rule.

    edge: the larger half-width of the cells that an edge of the window cuts; missed: that of
    the holes; both part of the bounds. unobserved_s: length of the holes.
    """

    low: float
    value: float
    high: float
    edge: float = 0.0
    missed: float = 0.0
    unobserved_s: float = 0.0

    def __add__(self, other: Integral) -> Integral:
        return Integral(
            self.low + other.low,
            self.value + other.value,
            self.high + other.high,
            self.edge + other.edge,
            self.missed + other.missed,
            self.unobserved_s + other.unobserved_s,
        )

    @property
    def half_width(self) -> float:
        """Distance of the value from the bound that is farther away."""
        return max(self.value - self.low, self.high - self.value)

    @property
    def inside(self) -> float:
        """Half-width of what the rule leaves open between the edges."""
        return max(0.0, self.half_width - self.edge - self.missed)


def need_observed(found: Integral, length_s: float) -> Integral:
    """The integral itself. Raises CoverageError when too much of its length was not observed."""
    if found.unobserved_s > MAX_UNOBSERVED_RATIO * length_s:
        raise CoverageError(
            "unobserved",
            f"{found.unobserved_s:.3g} s of {length_s:.3g} s went by without a reading,"
            f" {MAX_UNOBSERVED_RATIO:.0%} is allowed",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Cells:
    """The stretches between samples that overlap a window; times in s, one entry a cell."""

    first: int  # of the readings, at the start of the first cell
    before: FloatArray  # value at the start of the cell
    after: FloatArray  # value at its end
    length_s: FloatArray
    overlap_s: FloatArray
    enter_ratio: FloatArray  # where the window enters the cell, 0..1
    leave_ratio: FloatArray
    hole: BoolArray


def trapezoid(
    t_ns: IntArray,
    values: FloatArray,
    window: Window,
    max_gap_ns: int,
    gaps_ns: IntArray = NO_GAPS,
) -> Integral:
    """Trapezoids between samples of instantaneous values, edges interpolated.

    The bounds hold where the value between two samples stays between the two, and in a hole (a
    stretch longer than max_gap_ns, or one with a gap in it) between 0 and the largest sample.
    """
    cells = _cells(t_ns, values, window, max_gap_ns, gaps_ns)
    step = cells.after - cells.before
    middle = cells.before + step * (cells.enter_ratio + cells.leave_ratio) / 2
    low, high = np.minimum(cells.before, cells.after), np.maximum(cells.before, cells.after)
    return _bounded(cells, (low, middle, high), values, cells.overlap_s < cells.length_s)


def _bounded(
    cells: _Cells,
    found: tuple[FloatArray, FloatArray, FloatArray],
    values: FloatArray,
    cut: BoolArray,
) -> Integral:
    """Sum of the cells with their bounds; a hole has bounds of its own."""
    low, middle, high = found
    if cells.hole.any():
        low = np.where(cells.hole, min(0.0, float(values.min())), low)
        high = np.where(cells.hole, max(0.0, float(values.max())), high)
    below, above = (middle - low) * cells.overlap_s, (high - middle) * cells.overlap_s
    edge, hole = cut & ~cells.hole, cells.hole
    return Integral(
        _dot(low, cells.overlap_s),
        _dot(middle, cells.overlap_s),
        _dot(high, cells.overlap_s),
        max(float(below[edge].sum()), float(above[edge].sum())),
        max(float(below[hole].sum()), float(above[hole].sum())),
        float(cells.overlap_s[hole].sum()),
    )


def step_hold(
    t_ns: IntArray,
    values: FloatArray,
    window: Window,
    max_gap_ns: int,
    gaps_ns: IntArray = NO_GAPS,
) -> Integral:
    """Averages, each held backwards to the reading before it: value times its own stretch.

    What of a cut cell lies inside is estimated from the cells beside it (`energy_before`). The
    bounds hold for values that are never negative: of a cut edge cell anything between nothing
    and all may lie inside the window, in a stretch that lost a reading and is bridged what lies
    between its neighbours, and in a hole anything from 0 to the largest value.
    """
    cells = _cells(t_ns, values, window, max_gap_ns, gaps_ns)
    cut = cells.overlap_s < cells.length_s
    inside = cells.after.copy()
    for place in np.flatnonzero(cut):
        inside[place] = _held(values[1:], cells, int(place)) / float(cells.overlap_s[place])
    whole = cells.after * cells.length_s / cells.overlap_s
    late = cells.length_s > LATE_RATIO * max_gap_ns * NS
    low = np.where(late, np.minimum(cells.before, cells.after), inside)
    high = np.where(late, np.maximum(cells.before, cells.after), inside)
    low = np.where(cut, np.minimum(whole, 0.0), low)
    high = np.where(cut, np.maximum(whole, 0.0), high)
    return _bounded(cells, (low, inside, high), values, cut)


def _dot(one: FloatArray, other: FloatArray) -> float:
    """Not np.dot: OpenBLAS adds in an order of its own for each kind of CPU, in other last digits.

    `verify` must give the same bytes on any machine.
    """
    return float(np.sum(one * other))


def _held(means: FloatArray, cells: _Cells, place: int) -> float:
    """Energy of a cut cell that lies inside the window; place: of the cell in the window."""
    length_s = float(cells.length_s[place])
    enter, leave = float(cells.enter_ratio[place]), float(cells.leave_ratio[place])
    at = cells.first + place
    to_end, to_start = float(means[at]) * length_s, 0.0
    if leave < 1:
        to_end = energy_before(means, at, length_s, leave * length_s)
    if enter > 0:
        to_start = energy_before(means, at, length_s, enter * length_s)
    return to_end - to_start


def _cells(
    t_ns: IntArray, values: FloatArray, window: Window, max_gap_ns: int, gaps_ns: IntArray
) -> _Cells:
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
    enter = np.maximum(start, window.start_ns)
    leave = np.minimum(stop, window.end_ns)
    lost = np.searchsorted(gaps_ns, stop, side="left") > np.searchsorted(gaps_ns, start, "right")
    return _Cells(
        first=first,
        before=values[first:last],
        after=values[first + 1 : last + 1],
        length_s=length.astype(np.float64) * NS,
        overlap_s=(leave - enter).astype(np.float64) * NS,
        enter_ratio=(enter - start) / length,
        leave_ratio=(leave - start) / length,
        hole=(length > max_gap_ns) | lost,
    )
