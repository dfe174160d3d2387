"""Type A evaluation over attempts: mean, standard uncertainty of the mean, Student's t."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isinf, sqrt

from host.handover.result import Spread

P = 0.95  # coverage probability that records state
MIN_VALUES = 2
# Reductions of equal readings may differ in their last bits: sums and quotients of doubles lose
# a few units of 2.2e-16. What is spread by less than this share of the mean is equal.
ROUND_OFF_RATIO = 1e-12


def student_t(values: Sequence[float], p: float = P) -> Spread:
    """The interval mean +- U over replicate values (JCGM 100:2008, 4.2 and G.3).

    s: standard deviation of one value, divisor n - 1. u = s / sqrt(n), nu = n - 1,
    k = t_p(nu), U = k * u. One value has no spread, and says so.
    """
    n = len(values)
    if n < MIN_VALUES:
        reason = f"too-few-attempts: {n} of at least {MIN_VALUES}"
        return Spread(n=n, s=None, u=None, nu=None, k=None, U=None, p=p, reason=reason)
    mean = fsum(values) / n
    s = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1))
    if s <= ROUND_OFF_RATIO * abs(mean):
        s = 0.0
    u = s / sqrt(n)
    k = coverage_factor(n - 1, p)
    return Spread(n=n, s=s, u=u, nu=n - 1, k=k, U=k * u, p=p)


def coverage_factor(nu: float, p: float = P) -> float:
    """t_p(nu): the two-sided quantile of Student's t, so that [-k, k] holds the share p.

    nu = inf gives that of the normal distribution.
    """
    from host.distributions import special

    upper = (1 + p) / 2
    return float(special.ndtri(upper) if isinf(nu) else special.stdtrit(nu, upper))
