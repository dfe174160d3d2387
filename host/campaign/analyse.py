"""The difference between two cells from blocks that hold both, with drift taken out.

Model: y of a cell in a block is the product of the cell's own level, of what the block has in
common (drift, warmth, what else the machine does) and of noise. In each block ln(y_B / y_A) is
free of what is common; its mean is ln of the ratio. One observation is one unit of the design
(block, mirrored pair, square: `design.unit_of`), since the order was drawn unit by unit: whichever
way a drift pushes B against A, the draw is as likely to push it back, so units are symmetric about
the true difference and Student's t holds or errs to the safe side (Efron, J. Am. Stat. Assoc. 64
(1969) 1278). In randomised blocks the distance between the two visits also enters, as a line
through (distance, log ratio): a steady drift is then not noise but slope.

Units that resemble their neighbours get a wider u: times sqrt((1 + r) / (1 - r)), r the first
autocorrelation of the residuals, where it exceeds what noise gives (Bayley and Hammersley, J. R.
Stat. Soc. Suppl. 8 (1946) 184, for a first-order autoregression); the degrees of freedom shrink by
(1 - r) / (1 + r).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, inf, isinf, log, sqrt
from typing import Literal

import numpy as np

from host.compare.critical import student, student_below
from host.handover.campaign import Design
from host.handover.trace import FloatArray

LEVEL = 0.05  # probability of any claim at all where there is no difference; intervals are of 95 %
MIN_UNITS = 3  # two have one degree of freedom, whose t of 12.7 shows nothing
MIN_FOR_SLOPE = 8  # so that a slope costs an eighth of the information at most
ONE_SIDED = 1.645  # normal quantile of 95 %: of r under noise, u(r) = 1 / sqrt(n)
MOST_R = 0.9  # beyond it n units are worth less than n / 19: the u is not known any more


@dataclass(frozen=True, slots=True)
class Seen:
    """One counted visit: its value and the place in its block, from 0."""

    value: float
    place: int


@dataclass(frozen=True, slots=True)
class Unit:
    """One observation. log_ratio: mean ln(B / A); distance: mean of place of B - place of A."""

    log_ratio: float
    distance: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """What units say of ln(B / A). u holds the autocorrelation; nu its degrees of freedom.

    blocks: that hold both. slope: per place of distance, None where it was not fitted. r:
    first autocorrelation of the residuals; widened: whether u was widened for it. trend: whether
    the difference itself changes from the first unit to the last (|t| of a line above 5 %).
    """

    log_ratio: float
    u: float
    nu: float
    units: int
    blocks: int
    slope: float | None
    r: float
    widened: bool
    trend: bool


@dataclass(frozen=True, slots=True)
class Ratio:
    """B / A with U (p = 95 %), from a contrast and what does not vary between visits.

    u_common: relative standard uncertainty of the ratio from errors that repeating does not show
    and that the two cells do not share. p_value: two-sided, of no difference.
    """

    contrast: Contrast
    u_common: float
    value: float
    U: float
    k: float
    nu: float
    p_value: float


def units_of(a: Mapping[int, Seen], b: Mapping[int, Seen], size: int) -> tuple[list[Unit], int]:
    """(units, blocks) of the blocks, counted from 1, that hold both. size: blocks of a unit."""
    both: dict[int, list[int]] = {}
    for block in sorted(a.keys() & b.keys()):
        both.setdefault((block - 1) // size, []).append(block)
    units = [
        Unit(
            fsum(log(b[n].value / a[n].value) for n in blocks) / len(blocks),
            fsum(b[n].place - a[n].place for n in blocks) / len(blocks),
        )
        for blocks in both.values()
    ]
    return units, sum(map(len, both.values()))


def contrast(units: Sequence[Unit], blocks: int, design: Design) -> Contrast | Literal["few"]:
    """The mean log ratio of units; `few` below MIN_UNITS."""
    n = len(units)
    if n < MIN_UNITS:
        return "few"
    y = np.array([unit.log_ratio for unit in units])
    x = np.array([unit.distance for unit in units])
    sloped = design == "randomised" and n >= MIN_FOR_SLOPE and bool(x.min() < 0 < x.max())
    columns = np.column_stack([np.ones(n), x] if sloped else [np.ones(n)])
    fitted, residuals, variance = _least_squares(columns, y)
    nu = n - columns.shape[1]
    r = _first_autocorrelation(residuals)
    widened = r > ONE_SIDED / sqrt(n)
    ratio = (1 + min(r, MOST_R)) / (1 - min(r, MOST_R)) if widened else 1.0
    return Contrast(
        log_ratio=float(fitted[0]),
        u=sqrt(variance * ratio),
        nu=max(1.0, nu / ratio),
        units=n,
        blocks=blocks,
        slope=float(fitted[1]) if sloped else None,
        r=r,
        widened=widened,
        trend=_changes(residuals),
    )


def ratio_of(found: Contrast, u_common: float = 0.0) -> Ratio:
    """The ratio with everything that is known of its uncertainty.

    u = sqrt(u_units^2 + u_common^2), nu by Welch-Satterthwaite with u_common taken as known
    (JCGM 100, G.4.1). U of the ratio is U of its logarithm times the ratio, first order.
    """
    u = sqrt(found.u**2 + u_common**2)
    nu = found.nu if u_common == 0 else found.nu * (u / found.u) ** 4 if found.u else inf
    k = student((1 + 1 - LEVEL) / 2, nu)
    value = exp(found.log_ratio)
    if u == 0:
        p_value = 1.0 if found.log_ratio == 0 else 0.0
    else:
        p_value = 2 * student_below(-abs(found.log_ratio) / u, nu)
    return Ratio(found, u_common, value, value * k * u, k, nu, p_value)


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Which of several claims hold together at this level (Holm, Scand. J. Stat. 6 (1979) 65)."""
    held = [False] * len(p_values)
    ranked = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for done, place in enumerate(ranked):
        if p_values[place] > level / (len(p_values) - done):
            break
        held[place] = True
    return held


def _least_squares(columns: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """(coefficients, residuals, variance of the first coefficient)."""
    inverse = np.linalg.inv(columns.T @ columns)
    fitted = inverse @ columns.T @ y
    residuals = y - columns @ fitted
    spread = float(residuals @ residuals) / (len(y) - columns.shape[1])
    return fitted, residuals, spread * float(inverse[0, 0])


def _first_autocorrelation(residuals: FloatArray) -> float:
    total = float(residuals @ residuals)
    return float(residuals[1:] @ residuals[:-1]) / total if total > 0 else 0.0


def _changes(residuals: FloatArray) -> bool:
    """Whether a line through the residuals over their order has a slope beyond noise, at 5 %."""
    n = len(residuals)
    if n <= MIN_UNITS:
        return False
    columns = np.column_stack([np.arange(n) - (n - 1) / 2, np.ones(n)])
    fitted, _, variance = _least_squares(columns, residuals)
    limit = student(1 - LEVEL / 2, n - 2)
    return bool(variance > 0 and abs(float(fitted[0])) > limit * sqrt(variance))


def finite(nu: float) -> float | None:
    """Degrees of freedom for JSON, which has no infinity: None."""
    return None if isinf(nu) else nu
