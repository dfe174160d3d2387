"""Offset of a device's clock to the host's from exchanges of four stamps. Pure.

One exchange cannot lie about this: the device stamped t2 after the host stamped t1, and t3 before
t4. So offset = device - host lies within [t3 - t4, t2 - t1], however unequal the two ways are. The
intersection over all exchanges of a set is the guaranteed interval; its half-width is never above
half the quickest round trip, which is what NTP's filter gives (RFC 5905, sections 8 and 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from host.handover.trace import IntArray

# Two clocks may differ in rate by twice what NTP is prepared to correct of one (RFC 5905, appendix
# A.1.1, MAXFREQ 500 ppm): a larger change between two sets is a step or a suspend, no drift.
MAX_RATE = 1000e-6
# How far the rate between two sets may stray from its mean: crystals of phones and boards change
# by some 0.5 ppm a kelvin, and one warms by some 10 K in an attempt. Our choice, not measured;
# more sets make its share smaller.
WANDER = 5e-6


class SteppedError(ValueError):
    """The exchanges of one set exclude each other: a clock jumped among them."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """What one set of exchanges proves: low <= device - host <= high at host time at_ns, in ns.

    rtt_min_ns: the quickest round trip without the device's own time. used: exchanges that
    narrowed the interval or stand at its ends; of count.
    """

    at_ns: int
    low_ns: int
    high_ns: int
    rtt_min_ns: int
    used: int
    count: int

    @property
    def offset_ns(self) -> int:
        return (self.low_ns + self.high_ns) // 2

    @property
    def bound_ns(self) -> int:
        return self.high_ns - self.offset_ns


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two clocks over a run, from all sets of exchanges in order of time.

    offset_ns: at the middle of the run. bound_ns: half-width that holds all over it. drift_ppm: of
    the device against the host, positive is fast, with its half-width; None from a single set.
    problem: "" or why the clocks cannot be aligned: `stepped`, `bent`.
    """

    brackets: tuple[Bracket, ...]
    offset_ns: int
    bound_ns: int
    drift_ppm: float | None
    drift_bound_ppm: float | None
    problem: str = ""


def bracket(stamps: IntArray) -> Bracket:
    """One set. stamps: (n, 4) array of t1 (host), t2, t3 (device), t4 (host) in ns.

    Raises ValueError for none, SteppedError where no offset fits all.
    """
    if stamps.ndim != 2 or stamps.shape[0] == 0 or stamps.shape[1] != 4:  # noqa: PLR2004
        raise ValueError(f"stamps have shape {stamps.shape}, (n, 4) with n > 0 is needed")
    t1, t2, t3, t4 = (stamps[:, i] for i in range(4))
    rtt = (t4 - t1) - (t3 - t2)
    best = int(np.argmin(rtt))
    at_ns = int(t1[best] + t4[best]) // 2
    # Every other exchange speaks of another moment: it may be off by what the clocks drift.
    reach = np.maximum(np.abs(t1 - at_ns), np.abs(t4 - at_ns))
    slack = np.ceil(reach * MAX_RATE).astype(np.int64)
    slack[best] = 0
    lows, highs = t3 - t4 - slack, t2 - t1 + slack
    low, high = int(lows.max()), int(highs.min())
    if low > high:
        raise SteppedError(f"no offset fits all {len(rtt)} exchanges")
    ends = int(((lows == low) | (highs == high)).sum())
    return Bracket(at_ns, low, high, int(rtt.min()), ends, len(rtt))


def align(brackets: Sequence[Bracket]) -> Alignment:
    """All sets of a run. Raises ValueError for none.

    The offset between two sets is taken as a straight line; what the rate may stray from it adds
    to the bound. Three and more sets must lie on one line within their bounds and that.
    """
    if not brackets:
        raise ValueError("there is no set of exchanges")
    sets = tuple(sorted(brackets, key=lambda b: b.at_ns))
    first, last = sets[0], sets[-1]
    span_ns = last.at_ns - first.at_ns
    gap_ns = max((b.at_ns - a.at_ns for a, b in pairwise(sets)), default=0)
    bound_ns = max(b.bound_ns for b in sets) + round(WANDER * gap_ns / 2)
    if span_ns <= 0:
        return Alignment(sets, first.offset_ns, bound_ns, None, None)
    drift = (last.offset_ns - first.offset_ns) / span_ns
    half = (first.bound_ns + last.bound_ns) / span_ns
    middle_ns = first.at_ns + span_ns // 2
    at = np.array([b.at_ns - first.at_ns for b in sets], dtype=np.float64)
    mids = np.array([b.offset_ns - first.offset_ns for b in sets], dtype=np.float64)
    inside = float(np.interp(middle_ns - first.at_ns, at, mids))
    return Alignment(
        sets,
        first.offset_ns + round(inside),
        bound_ns,
        drift * 1e6,
        half * 1e6,
        _problem(sets, drift, first),
    )


def _problem(sets: Sequence[Bracket], drift: float, first: Bracket) -> str:
    for a, b in pairwise(sets):
        least = abs(b.offset_ns - a.offset_ns) - a.bound_ns - b.bound_ns
        if least > MAX_RATE * (b.at_ns - a.at_ns):
            return "stepped"
    span_ns = sets[-1].at_ns - first.at_ns
    slack = WANDER * span_ns / 2 + first.bound_ns + sets[-1].bound_ns
    for one in sets:
        line = first.offset_ns + drift * (one.at_ns - first.at_ns)
        if abs(one.offset_ns - line) > one.bound_ns + slack:
            return "bent"
    return ""
