"""Which values of one thing over time stand out: control charts of single values (ISO 7870).

Two charts on one centre line. Shewhart's shows a single value that is not of the others; the
exponentially weighted moving average shows a small shift that stays. Their sigma is that of
neighbours (mean moving range), which a shift or a drift hardly touches, so what is judged does not
widen its own limits. Limits come from the same values that they judge, as in a first look at a
process: with fewer than `FIRM` values they are provisional.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, pi, sqrt

from host.compare.iso5725 import mean

# The expected range of two values of a normal distribution, in its sigma (d2 of two).
_RANGE_OF_TWO = 2 / sqrt(pi)
WIDTH = 3.0  # Shewhart's limits, in sigma
# Weight of the newest value and width of the limits for a false alarm in 500 values on average
# (Lucas and Saccucci, Technometrics 32 (1990) 1-12; also in Montgomery's textbook).
WEIGHT = 0.2
AVERAGE_WIDTH = 2.962
MIN_POINTS = 8  # with fewer, sigma is known to no better than a third
FIRM = 20


@dataclass(frozen=True, slots=True)
class Control:
    """centre, sigma, low, high in the unit of the values; the latter are Shewhart's limits.

    outside: places, from 0, of values beyond them. shifted: places where the moving average is
    beyond its own limits. reason: why there is nothing of this, "" where there is.
    """

    centre: float
    sigma: float
    n: int
    outside: tuple[int, ...] = ()
    shifted: tuple[int, ...] = ()
    reason: str = ""

    @property
    def low(self) -> float:
        return self.centre - WIDTH * self.sigma

    @property
    def high(self) -> float:
        return self.centre + WIDTH * self.sigma

    @property
    def firm(self) -> bool:
        """Whether the limits rest on enough values to judge later ones by them."""
        return not self.reason and self.n >= FIRM


def control(values: Sequence[float]) -> Control:
    """Both charts over values in order of time."""
    n = len(values)
    if n < MIN_POINTS:
        return Control(0.0, 0.0, n, reason=f"too-few: {n} records, {MIN_POINTS} are needed")
    centre = mean(values)
    sigma = fsum(abs(b - a) for a, b in pairwise(values)) / (n - 1) / _RANGE_OF_TWO
    if sigma == 0:
        return Control(centre, 0.0, n, reason="no-spread: all records say the same")
    outside = tuple(i for i, x in enumerate(values) if abs(x - centre) > WIDTH * sigma)
    return Control(centre, sigma, n, outside, tuple(_shifted(values, centre, sigma)))


def _shifted(values: Sequence[float], centre: float, sigma: float) -> list[int]:
    """Where |z - centre| > L sigma sqrt(w / (2 - w) (1 - (1 - w)^2i)), z = w x + (1 - w) z'."""
    found, z, left = [], centre, 1.0
    for place, x in enumerate(values):
        z = WEIGHT * x + (1 - WEIGHT) * z
        left *= (1 - WEIGHT) ** 2
        u = sigma * sqrt(WEIGHT / (2 - WEIGHT) * (1 - left))
        if abs(z - centre) > AVERAGE_WIDTH * u:
            found.append(place)
    return found
