"""Repeatability and reproducibility by ISO 5725-2, 7.4 and 7.5; groups of unequal size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from host.errors import UsageError

# ISO 5725-6, 4.1.2: 1.96 * sqrt(2), as the standard rounds it; 95 % of differences of two values.
LIMIT_FACTOR = 2.8
MIN_REPLICATES = 2

Groups = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Precision:
    """Of p groups with n values in all; every number in the unit of the values.

    n_bar: mean number of replicates, weighted as 7.4.5.2 has it. m: mean of all values. s_r:
    repeatability, s_L: between groups, s_R: both together, r and R: their limits. s_L, s_R and R
    are None for a single group: nothing is known between groups.
    """

    p: int
    n: int
    n_bar: float
    m: float
    s_r: float
    s_L: float | None  # noqa: N815 - the symbol of the standard
    s_R: float | None  # noqa: N815
    r: float
    R: float | None


def precision(groups: Groups) -> Precision:
    """Estimates from replicate values by group (a group: one laboratory, device or day).

    A group of one value counts for the mean and between groups, and says nothing of s_r. Raises
    UsageError where no group has two values, or one has none.
    """
    sizes = [len(group) for group in groups]
    if not sizes or min(sizes) < 1:
        raise UsageError("repeatability", "a group without values")
    if max(sizes) < MIN_REPLICATES:
        raise UsageError("repeatability", "needs two values in at least one group")
    p, n = len(sizes), sum(sizes)
    means = [mean(group) for group in groups]
    within = fsum((x - y) ** 2 for group, y in zip(groups, means, strict=True) for x in group)
    variance_r = within / (n - p)
    m = fsum(size * y for size, y in zip(sizes, means, strict=True)) / n
    s_r = sqrt(variance_r)
    if p == 1:
        return Precision(1, n, float(n), m, s_r, None, None, LIMIT_FACTOR * s_r, None)
    n_bar = (n - fsum(size**2 for size in sizes) / n) / (p - 1)
    between = fsum(size * (y - m) ** 2 for size, y in zip(sizes, means, strict=True)) / (p - 1)
    variance_l = max(0.0, (between - variance_r) / n_bar)
    s_big = sqrt(variance_r + variance_l)
    limits = (LIMIT_FACTOR * s_r, LIMIT_FACTOR * s_big)
    return Precision(p, n, n_bar, m, s_r, sqrt(variance_l), s_big, *limits)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean, of equal values exactly that value."""
    return values[0] + fsum(x - values[0] for x in values) / len(values)


def spread(values: Sequence[float]) -> float:
    """The standard deviation of at least two values, divisor n - 1."""
    middle = mean(values)
    return sqrt(fsum((x - middle) ** 2 for x in values) / (len(values) - 1))
