"""Ratios with their expanded uncertainty, and whether they keep a limit. Pure.

A limit is broken only where the whole interval lies beyond it, and kept only where the whole
interval keeps it; between the two nothing is said but that the spread is too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log, sqrt
from typing import Literal

from host.evaluate.student import coverage_factor, student_t
from host.handover.audit import FigureField
from host.handover.text import Txt
from host.schema.canonical import decimal

Holds = Literal["yes", "no", "open"]
MIN_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Ratio:
    """value with U = k u, p = 95 %. U None: nothing gives a spread."""

    value: float
    U: float | None
    k: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Band:
    """What a ratio must lie in; None: no limit on that side."""

    low: float | None = None
    high: float | None = None


def paired(pairs: Sequence[tuple[float, float]]) -> Ratio | None:
    """The geometric mean of above / below over pairs; None where there is none.

    Its standard uncertainty is that of the mean of ln(above / below), times the ratio (JCGM
    100:2008, 4.2.3 and 5.1.2), with pairs - 1 degrees of freedom.
    """
    logs = [log(above / below) for above, below in pairs if above > 0 and below > 0]
    if not logs:
        return None
    value, spread = exp(fsum(logs) / len(logs)), student_t(logs)
    expanded = None if spread.U is None else spread.U * value
    return Ratio(value, expanded, spread.k, len(logs))


def mean_share(shares: Sequence[float]) -> Ratio | None:
    """The mean of shares over requests, with Student's t."""
    if not shares:
        return None
    spread = student_t(shares)
    return Ratio(fsum(shares) / len(shares), spread.U, spread.k, len(shares))


def of_sums(pairs: Sequence[tuple[float, float]]) -> Ratio | None:
    """Sum of above over sum of below; None where there is nothing below.

    u from the residuals above - ratio * below, as the ratio is linear in small deviations of both
    means (JCGM 100:2008, 5.1.2), with pairs - 1 degrees of freedom.
    """
    below = fsum(b for _, b in pairs)
    if below <= 0:
        return None
    n, value = len(pairs), fsum(a for a, _ in pairs) / below
    if n < MIN_PAIRS:
        return Ratio(value, None, None, n)
    square = fsum((a - value * b) ** 2 for a, b in pairs) / (n - 1)
    k = coverage_factor(n - 1)
    return Ratio(value, k * sqrt(square / n) * n / below, k, n)


def between(now: float, around: Sequence[float], replicates: Sequence[float]) -> Ratio | None:
    """One attempt over the mean of those around it, spread as replicates of the run are.

    u of ln(now / mean) is s sqrt(1 + 1/m) over m attempts around it, s the standard deviation of
    ln over replicates, with replicates - 1 degrees of freedom.
    """
    if now <= 0 or not around or any(x <= 0 for x in (*around, *replicates)):
        return None
    value = now / (fsum(around) / len(around))
    spread = student_t([log(x) for x in replicates])
    if spread.s is None or spread.k is None:
        return Ratio(value, None, None, len(replicates))
    u = value * spread.s * sqrt(1 + 1 / len(around))
    return Ratio(value, spread.k * u, spread.k, len(replicates))


def holds(ratio: Ratio, band: Band) -> Holds:
    """Whether a limit is kept, broken, or open."""
    if ratio.U is None:
        return "open"
    low, high = ratio.value - ratio.U, ratio.value + ratio.U
    if (band.low is not None and high < band.low) or (band.high is not None and low > band.high):
        return "no"
    kept = (band.low is None or low >= band.low) and (band.high is None or high <= band.high)
    return "yes" if kept else "open"


def figure(name: str, words: Txt, ratio: Ratio, band: Band) -> FigureField:
    """A ratio as it stands in the record."""
    return FigureField(
        id=name,
        name=words,
        value=decimal(ratio.value),
        U=_decimal(ratio.U),
        k=_decimal(ratio.k),
        n=ratio.n,
        low=_decimal(band.low),
        high=_decimal(band.high),
        holds=holds(ratio, band),
    )


def _decimal(value: float | None) -> str | None:
    return None if value is None else decimal(value)
