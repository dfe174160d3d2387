"""How likely a campaign of so many units claims a true difference, by the test that it applies.

`analyse.contrast` is Student's t with two things more, and both cost power:

- Randomised blocks carry a slope over the distance of the two visits, which is +1 or -1 with two
  cells. Where B came second in k of n blocks, the variance of the mean is that of one visit's
  ratio times 1 / (n - m^2 / n), m = 2 k - n, and one degree of freedom is gone; k is binomial.
  Where all orders fell the same way, or below MIN_FOR_SLOPE, no slope is fitted.
- Where the residuals' first autocorrelation r is above ONE_SIDED / sqrt(n) by chance, u is widened
  and the degrees of freedom shrink. Under normal noise r is independent of the mean and of the
  spread (it does not change with either; Basu, Sankhya 15 (1955) 377), so the power is the mean
  over r. Its mean and variance: Dufour and Roy, J. Econometrics 29 (1985) 257, with a normal law.
"""

from __future__ import annotations

from itertools import pairwise
from math import comb, erf, sqrt
from typing import Final

import numpy as np

from host.campaign.analyse import MIN_FOR_SLOPE, MIN_UNITS, MOST_R, ONE_SIDED
from host.compare.critical import student
from host.handover.trace import FloatArray

# Above it the information of drawn orders is taken by its mean, n - 1: the share by which it
# varies is below 2 / n.
MOST_DRAWN: Final = 64
# Points of the integral over r beyond its limit: 12 and 48 of them differ by less than 1e-4.
POINTS: Final = 12


def chance_of_claim(units: int, shift: float, level: float, *, sloped: bool) -> float:
    """Probability of a claim in the right direction at a two-sided level.

    shift: true mean over the standard deviation between units. sloped: units of one block, whose
    two orders are drawn.
    """
    if not sloped or units < MIN_FOR_SLOPE:
        return _widened(units, units - 1, shift * sqrt(units), level)
    if units > MOST_DRAWN:
        return _widened(units, units - 2, shift * sqrt(units - 1), level)
    total = 2 * 0.5**units * _widened(units, units - 1, shift * sqrt(units), level)
    for second in range(1, units):
        known = units - (2 * second - units) ** 2 / units
        share = comb(units, second) * 0.5**units
        total += share * _widened(units, units - 2, shift * sqrt(known), level)
    return total


def student_power(nu: float, centre: FloatArray | float, limit: FloatArray | float) -> FloatArray:
    """P(t > limit), t noncentral around centre with nu degrees of freedom."""
    from host.distributions import special

    made: FloatArray = 1 - np.asarray(special.nctdtr(nu, centre, limit), dtype=float)
    return made


def _widened(units: int, nu: int, centre: float, level: float) -> float:
    """P(claim), its mean over the r that noise gives. centre: true mean over its u."""
    mean, spread = _of_r(units)
    edge = ONE_SIDED / sqrt(units)
    plain = float(student_power(nu, centre, student(1 - level / 2, nu)))
    if units == MIN_UNITS or edge >= 1:
        return plain
    ends = np.linspace(edge, 1.0, POINTS + 1)
    weights = np.diff([_normal((end - mean) / spread) for end in ends])
    limits = [_limit((a + b) / 2, nu, level) for a, b in pairwise(ends.tolist())]
    powers = student_power(nu, centre, np.array(limits))
    return plain * (1 - float(weights.sum())) + float(weights @ powers)


def _limit(r: float, nu: int, level: float) -> float:
    """What |t| must be above, in the u that was not widened, where the residuals have this r."""
    ratio = (1 + min(r, MOST_R)) / (1 - min(r, MOST_R))
    return student(1 - level / 2, max(1.0, nu / ratio)) * sqrt(ratio)


def _of_r(n: int) -> tuple[float, float]:
    """Mean and standard deviation of the first autocorrelation of n residuals from their mean."""
    above = n**4 - 4 * n**3 + 3 * n**2 + 4 * n - 4
    return -1 / n, sqrt(above / ((n + 1) * n**2 * (n - 1) ** 2))


def _normal(z: float) -> float:
    return (1 + erf(z / sqrt(2))) / 2
