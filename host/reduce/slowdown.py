"""When a device throttled: from its clocks, its heat and the decode rate together.

None of them is enough alone. Clocks fall when there is little to do; the rate falls as the
context grows; a device is warm without being slowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from host.handover.trace import AlignedRun, AttemptTrace, FloatArray, IntArray, Series, Window

# Length of a bin: a governor decides many times a second, heat takes seconds. Longer where tokens
# are so slow that a bin would hold fewer than TOKENS of them. Our choice.
BIN_NS = 1_000_000_000
TOKENS = 4
# Below this share of the highest clock of the attempt: a step of a frequency table is 5 to 10 %.
CLOCK_RATIO = 0.9
# Below this share of the highest rate: replicates of MLPerf Mobile agree within 5 % (`shared`
# reference peers, 2.2).
RATE_RATIO = 0.95
# The highest: this quantile of the bins, so that one odd bin does not decide.
HIGHEST = 0.9
# Warmer by this than in the first bins, in K: sensors of devices move in steps of up to 1 K.
WARMER_K = 1.0
FIRST_BINS = 3
# A shorter slowdown is no throttling that could be told from chance; bins without one between two
# of them are bridged, one at most.
LEAST_BINS = 3

# Stamps come from a device: a day of seconds, whatever they claim.
MOST_BINS = 86_400

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Bins:
    """Bins over the scored requests: start of the first, length of each, how many."""

    start_ns: int
    length_ns: int
    count: int

    def place(self, t_ns: IntArray) -> IntArray:
        """Which bin a moment lies in; outside of all: -1 or `count` and beyond."""
        return (t_ns - self.start_ns) // self.length_ns

    def means(self, t_ns: IntArray, values: FloatArray) -> FloatArray:
        """Mean of the values in each bin; NaN where a bin has none (inside this file only)."""
        at = self.place(t_ns)
        inside = (at >= 0) & (at < self.count) & np.isfinite(values)
        many = np.bincount(at[inside], minlength=self.count)
        sums = np.bincount(at[inside], weights=values[inside], minlength=self.count)
        found: FloatArray = np.full(self.count, np.nan)
        np.divide(sums, many, out=found, where=many > 0)
        return found


def marked(run: AlignedRun) -> AlignedRun:
    """The run with the throttled spans of every attempt in it."""
    return replace(run, attempts=tuple(replace(a, throttled=throttled(a)) for a in run.attempts))


def throttled(attempt: AttemptTrace) -> tuple[Window, ...]:
    """Spans in which clock and decode rate were both low and the device had become warmer.

    Clock: any frequency channel below 90 % of its own highest; rate below 95 % of the highest;
    any temperature channel 1 K above its start. Where no source gives a temperature the other
    two decide; without a frequency or tokens nothing is found, which does not mean that nothing
    was there.
    """
    ends_ns, steps_ns = _intervals(attempt)
    if not len(ends_ns):
        return ()
    bins = _bins(ends_ns, steps_ns)
    clock_low = _any_low(bins, _of(attempt, "frequency"))
    warmer = _any_warmer(bins, _of(attempt, "temperature"))
    per_token = bins.means(ends_ns, steps_ns.astype(np.float64))
    rate = np.divide(1.0, per_token, out=np.full(bins.count, np.nan), where=per_token > 0)
    return _spans(bins, clock_low & warmer & _low(rate, RATE_RATIO))


def _intervals(attempt: AttemptTrace) -> tuple[IntArray, IntArray]:
    """Ends and lengths of all inter-token intervals of the scored requests, in order."""
    if any(r.streams for r in attempt.scored()):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)  # several loads, no rate
    tokens = [r.tokens.t_ns for r in attempt.scored() if len(r.tokens) > 1]
    if not tokens:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate([t[1:] for t in tokens]), np.concatenate([np.diff(t) for t in tokens])


def _bins(ends_ns: IntArray, steps_ns: IntArray) -> _Bins:
    start, last = int((ends_ns - steps_ns).min()), int(ends_ns.max())
    length = max(BIN_NS, TOKENS * int(np.median(steps_ns)), (last - start) // MOST_BINS + 1)
    return _Bins(start, length, (last - start) // length + 1)


def _of(attempt: AttemptTrace, quantity: str) -> list[Series]:
    return [s for s in attempt.series if s.quantity == quantity and s.kind == "instant"]


def _low(found: FloatArray, ratio: float) -> Bools:
    """Bins below a share of the highest; a bin without a value is not low."""
    known = found[np.isfinite(found)]
    if not len(known):
        return np.zeros(len(found), dtype=np.bool_)
    return np.asarray(np.nan_to_num(found, nan=np.inf) < ratio * np.quantile(known, HIGHEST))


def _any_low(bins: _Bins, channels: Sequence[Series]) -> Bools:
    found = np.zeros(bins.count, dtype=np.bool_)
    for series in channels:
        found |= _low(bins.means(series.t_ns, series.values), CLOCK_RATIO)
    return found


def _any_warmer(bins: _Bins, channels: Sequence[Series]) -> Bools:
    found = np.zeros(bins.count, dtype=np.bool_)
    told = False
    for series in channels:
        means = bins.means(series.t_ns, series.values)
        first = means[:FIRST_BINS][np.isfinite(means[:FIRST_BINS])]
        if len(first):
            told = True
            found |= np.nan_to_num(means, nan=-np.inf) > first[0] + WARMER_K
    return found if told else np.ones(bins.count, dtype=np.bool_)


def _spans(bins: _Bins, low: Bools) -> tuple[Window, ...]:
    bridged = low.copy()
    bridged[1:-1] |= low[:-2] & low[2:]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bridged, [False])).astype(np.int8)))
    made = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return tuple(
        Window(bins.start_ns + first * bins.length_ns, bins.start_ns + last * bins.length_ns)
        for first, last in made
        if last - first >= LEAST_BINS
    )
