"""Quantiles of many single values, with intervals that assume no distribution."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from host.handover.result import Interval

P = 0.95


def quantile(ordered: Sequence[float], share: float) -> float:
    """Point estimate of a quantile from ascending values, Hyndman-Fan type 7.

    Straight line between order statistics at rank (n - 1) * share + 1: the default of numpy, R
    and most tools, so that figures can be laid side by side. The interval does not depend on
    the type. Raises ValueError without values.
    """
    if not ordered:
        raise ValueError("a quantile needs at least one value")
    place = (len(ordered) - 1) * share
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def order_interval(ordered: Sequence[float], share: float, p: float = P) -> Interval:
    """Interval of a quantile between two order statistics (David and Nagaraja, 7.1).

    Each side misses with a probability of at most (1 - p) / 2, by the exact binomial law for
    independent values; coverage is what the two sides then give. A side that n cannot bound is
    None, and coverage is that of the other side alone.
    """
    n = len(ordered)
    lower, upper = _ranks(n, share, (1 - p) / 2)
    low = ordered[lower - 1] if lower >= 1 else None
    high = ordered[upper - 1] if upper <= n else None
    if low is None and high is None:
        return Interval(None, None, None, f"too-few-values: {n} bound neither side")
    coverage = binomial_cdf(upper - 1, n, share) - binomial_cdf(lower - 1, n, share)
    return Interval(low, high, coverage, _reason(n, low, high))


def _ranks(n: int, share: float, tail: float) -> tuple[int, int]:
    """Largest lower rank and smallest upper rank, from 1; 0 and n + 1 where there is none.

    With B ~ Bin(n, share) values below the quantile: X(l) is above it when B < l, and X(u) is
    not above it when B >= u.
    """
    lower = upper = round(n * share)
    while lower >= 1 and binomial_cdf(lower - 1, n, share) > tail:
        lower -= 1
    while upper <= n and 1 - binomial_cdf(upper - 1, n, share) > tail:
        upper += 1
    return max(lower, 0), max(upper, 1)


def binomial_cdf(k: int, n: int, share: float) -> float:
    """P(B <= k) for B ~ Bin(n, share); 0 below 0, 1 from n on."""
    from host.distributions import special

    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(special.bdtr(k, n, share))


def _reason(n: int, low: float | None, high: float | None) -> str:
    sides = [name for name, side in (("lower", low), ("upper", high)) if side is None]
    return f"too-few-values: {n} do not bound the {sides[0]} side" if sides else ""
