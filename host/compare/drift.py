"""Whether values of one thing drift with time: a straight line through them, and its slope.

The stability test of reference materials (ISO Guide 35, by regression): a slope is shown where it
is larger than t(0.975, n - 2) times its standard deviation. Times and values are taken as a set;
nothing is said of what drifts, device, instrument or surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from host.compare.critical import student

P = 0.95
MIN_POINTS = 4  # two degrees of freedom: with one, t = 12.7 and nothing is ever shown


@dataclass(frozen=True, slots=True)
class Drift:
    """slope in units of the value a second, U its expanded uncertainty (k = t, p = 95 %).

    reason: why there is none, "" where there is; both numbers are then 0.
    """

    slope: float
    U: float
    n: int
    reason: str = ""

    @property
    def shown(self) -> bool:
        """Whether zero lies outside slope ± U."""
        return not self.reason and abs(self.slope) > self.U


def drift(times_s: Sequence[float], values: Sequence[float]) -> Drift:
    """Least squares of values over times; needs four points that are not all at one time."""
    n = len(values)
    if n < MIN_POINTS:
        return Drift(0.0, 0.0, n, f"too-few: {n} records, {MIN_POINTS} are needed")
    t_bar, y_bar = fsum(times_s) / n, fsum(values) / n
    spread = fsum((t - t_bar) ** 2 for t in times_s)
    if spread == 0:
        return Drift(0.0, 0.0, n, "one-time: all records are of one moment")
    pairs = list(zip(times_s, values, strict=True))
    slope = fsum((t - t_bar) * (y - y_bar) for t, y in pairs) / spread
    rest = fsum((y - y_bar - slope * (t - t_bar)) ** 2 for t, y in pairs)
    u = sqrt(rest / (n - 2) / spread)
    return Drift(slope, student((1 + P) / 2, n - 2) * u, n)
