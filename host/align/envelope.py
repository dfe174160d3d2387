"""Sample numbers to the host's clock, by the arrivals that were least late. Pure.

Arrivals are late by the line and by a busy host, never early. So the line under all of them whose
sum of distances is smallest (an edge of their lower convex hull, the one over the middle) runs
along the quickest arrivals: the same thought as the smallest round trip in `fit.py`. How far the
quickest arrivals of each second rise over it (a clock that wanders, a host that was busy all the
second) is the width that a time may be wrong by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from host.handover.trace import FloatArray, IntArray

# Arrivals of so long are judged together; a crystal does not wander in a second (0.5 ppm/K).
SPAN_NS = 1_000_000_000
# Parts of a recording of which the quickest arrival goes into the hull: keeps a day's fit quick.
MOST_PARTS = 4096
# A pause between two arrivals after which samples may be missing without any jump of a counter:
# far above what is gathered (50 ms); a shorter one that loses samples shows as a jump, mostly.
PAUSE_NS = 120_000_000
# From so long on the rate is found and not taken as nominal; a step is looked for so far around.
FREE_NS, AROUND_NS = 20_000_000_000, 2_000_000_000
# Units of so much stand out of the jitter of a host (sources, 5.3: 20 ms at the 99th percentile).
WIDE_NS = 20_000_000
# Arrivals over less than this may all be late: five lines of a recording, our choice.
SURE_NS = 250_000_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """Host time of a sample x (number, or the instrument's own ns): `host_ns`.

    slope: ns for one x. width_ns: how much later than the line a sample may have been taken.
    """

    x0: int
    t0_ns: int
    slope: float
    width_ns: int

    def host_ns(self, x: IntArray) -> IntArray:
        """Doubles hold differences exactly enough, never the stamps."""
        since: IntArray = np.rint((x - self.x0) * self.slope).astype(np.int64)
        since += self.t0_ns
        return since


def fitted(x: IntArray, t_ns: IntArray, nominal: float) -> Fitted:
    """The line under all arrivals. Raises ValueError for none.

    x, t_ns: of the least late ones, ascending. nominal: ns for one x; less than 20 s keep it,
    since a hull over them would follow the host's moods: 1 ms in 20 s are the 50 ppm of a crystal.
    """
    if not len(x):
        raise ValueError("nothing came")
    since_x = (x - x[0]).astype(np.float64)
    over = (t_ns - t_ns[0]).astype(np.float64) - since_x * nominal
    slope = 0.0
    if int(t_ns[-1]) - int(t_ns[0]) >= FREE_NS:
        slope = _hull_slope(since_x, over)
    rest = over - slope * since_x
    low = float(rest.min())
    width_ns = float((_quickest(t_ns, rest)).max()) - low
    return Fitted(int(x[0]), int(t_ns[0]) + round(low), nominal + slope, round(width_ns))


def hidden(
    x: IntArray, t_ns: IntArray, breaks: Sequence[int], nominal: float, hides: int
) -> tuple[list[tuple[int, int]], int]:
    """(index, samples) lost before an arrival where the numbers do not show it; how sure, in ns.

    x, t_ns: numbers and arrivals. breaks: indices of the first arrivals after a known loss;
    others that look like it are tried too. What is lost, multiples of `hides`, shows as a step
    of the quickest arrivals of two seconds before and after. A busy host may have had none that
    was quick: what half of them exceed the quickest by, on both sides, is how sure the step is.
    """
    unit_ns = hides * nominal
    if not hides or len(x) < 2:  # noqa: PLR2004 - a step needs two sides
        return [], 0
    places = sorted({b for b in breaks if 0 < b < len(x)} | _doubtful(x, t_ns, nominal, unit_ns))
    if not places:
        return [], 0
    slope = _slope(x, t_ns, places, nominal)
    over = (t_ns - t_ns[0]).astype(np.float64) - (x - x[0]).astype(np.float64) * slope
    groups = _groups(t_ns, places, breaks)
    starts = [0, *(group[-1] for group in groups)]
    stops = [*(group[0] for group in groups[1:]), len(x)]
    found, doubt = [], 0.0
    for start, group, stop in zip(starts, groups, stops, strict=False):
        before, after = group[0], group[-1]
        since = max(start, int(np.searchsorted(t_ns, t_ns[before - 1] - AROUND_NS)))
        until = min(stop, int(np.searchsorted(t_ns, t_ns[after] + AROUND_NS)))
        sides = over[since:before], over[after:until]
        step = float(sides[1].min() - sides[0].min())
        scatter = sum(float(np.median(side) - side.min()) for side in sides)
        doubt = max(doubt, scatter)
        known = [place for place in group if place in breaks]
        # Where nothing else speaks of a loss, no step within the scatter makes one.
        if (times := round(step / unit_ns)) > 0 and (known or step > scatter + unit_ns):
            found.append(((known or group)[0], times * hides))
    return found, round(doubt)


def _doubtful(x: IntArray, t_ns: IntArray, nominal: float, unit_ns: float) -> set[int]:
    """First arrivals that are later than they should be by a unit, or that follow a pause."""
    passed = np.diff(t_ns).astype(np.float64)
    if unit_ns < WIDE_NS:
        found = np.flatnonzero(passed > PAUSE_NS)
    else:
        found = np.flatnonzero(passed - np.diff(x) * nominal > unit_ns / 2)
    return {int(at) + 1 for at in found}


def _groups(t_ns: IntArray, places: Sequence[int], breaks: Sequence[int]) -> list[list[int]]:
    """Breaks with too little between them to judge: what was held back in a pause comes late."""
    groups = [[places[0]]]
    for place in places[1:]:
        last = groups[-1][-1]
        least_ns = SURE_NS if last in breaks else AROUND_NS
        if int(t_ns[place - 1]) - int(t_ns[last]) < least_ns:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _slope(x: IntArray, t_ns: IntArray, places: Sequence[int], nominal: float) -> float:
    """How many ns one x takes over the longest stretch without a break."""
    start, stop = max(pairwise([0, *places, len(x)]), key=lambda pair: pair[1] - pair[0])
    return fitted(x[start:stop], t_ns[start:stop], nominal).slope


def _hull_slope(x: FloatArray, over: FloatArray) -> float:
    """Slope of the edge of the lower hull that lies over the mean of x."""
    parts = np.array_split(np.arange(len(x)), min(MOST_PARTS, len(x)))
    points = [(float(x[at]), float(over[at])) for p in parts if (at := p[np.argmin(over[p])]) >= 0]
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    middle = float(x.mean())
    for (x0, y0), (x1, y1) in pairwise(hull):
        if x1 >= middle and x1 > x0:
            return (y1 - y0) / (x1 - x0)
    return 0.0


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or above the straight line from a to c."""
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])


def _quickest(t_ns: IntArray, rest: FloatArray) -> FloatArray:
    """The smallest of each second; what is left over at the end belongs to the last one."""
    last = max(0, (int(t_ns[-1]) - int(t_ns[0])) // SPAN_NS - 1)
    second = np.minimum((t_ns - t_ns[0]) // SPAN_NS, last)
    starts = np.flatnonzero(np.diff(second, prepend=-1))
    found: FloatArray = np.minimum.reduceat(rest, starts)
    return found
