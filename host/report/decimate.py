"""Fewer samples for the eye: the smallest and the largest of each bin, gaps kept as gaps.

What this returns is drawn and nothing else: an area or a mean of kept samples is wrong by up to
some percent, so no number may come from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host.handover.trace import FloatArray, IntArray, Window

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kept:
    """Which samples are drawn.

    index: positions of the kept samples, ascending. broken: for each of them, whether a gap lies
    between it and the next kept one, so that no line may join the two.
    """

    index: IntArray
    broken: BoolArray

    def __len__(self) -> int:
        return len(self.index)


def decimate(
    t_ns: IntArray, values: FloatArray, gaps_ns: IntArray, *, bins: int, over: Window
) -> Kept:
    """Keep first, last, and per bin the first smallest and the first largest value.

    t_ns: ascending. gaps_ns: times of gaps, any order; a gap at the very time of a sample lies
    before it. bins: equal parts of `over`; samples outside belong to the first or last part.
    At most 2 * bins + 2 samples are kept. Series that are not longer are kept whole.
    """
    count = len(t_ns)
    if count <= 2 * bins + 2:
        index = np.arange(count, dtype=np.int64)
    else:
        index = _extremes(_bin_of(t_ns, bins, over), values)
    return Kept(index, _broken(t_ns[index], np.sort(gaps_ns)))


def _bin_of(t_ns: IntArray, bins: int, over: Window) -> IntArray:
    span_ns = max(1, over.end_ns - over.start_ns)
    inside = np.clip(t_ns - over.start_ns, 0, span_ns - 1)
    # Division first would lose the order within short bins; the product stays below 2**63 for
    # runs of months and bins in the thousands.
    return inside * bins // span_ns


def _extremes(bin_of: IntArray, values: FloatArray) -> IntArray:
    starts = np.flatnonzero(np.diff(bin_of, prepend=bin_of[0] - 1))
    ends = np.append(starts[1:], len(values))
    kept = {0, len(values) - 1}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        part = values[start:end]
        kept.update((start + int(np.argmin(part)), start + int(np.argmax(part))))
    return np.array(sorted(kept), dtype=np.int64)


def _broken(t_ns: IntArray, gaps_ns: IntArray) -> BoolArray:
    before = np.searchsorted(gaps_ns, t_ns, side="right")
    return np.append(np.diff(before) > 0, np.zeros(min(1, len(t_ns)), dtype=np.bool_))
