"""Quantiles of the distributions that the tests here stand on, from `scipy.special`."""

from __future__ import annotations

from math import inf, isinf

# Cheaper than scipy.stats, whose import takes longer than a comparison.


def student(p: float, nu: float) -> float:
    """The quantile p of Student's t; of the standard normal where nu is infinite."""
    from host.distributions import special

    return float(special.ndtri(p) if isinf(nu) else special.stdtrit(nu, p))


def student_below(x: float, nu: float = inf) -> float:
    """The probability that Student's t (normal where nu is infinite) lies below x."""
    from host.distributions import special

    return float(special.ndtr(x) if isinf(nu) else special.stdtr(nu, x))


def fisher(p: float, nu_1: float, nu_2: float) -> float:
    """The quantile p of the F distribution."""
    from host.distributions import special

    return float(special.fdtri(nu_1, nu_2, p))


def chi_squared_above(x: float, nu: float) -> float:
    """The probability that chi-squared with nu degrees of freedom exceeds x."""
    from host.distributions import special

    return float(special.chdtrc(nu, x))
