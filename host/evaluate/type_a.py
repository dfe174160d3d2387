"""Type A evaluation: standard uncertainty from the statistics of observations.

Source: JCGM 100:2008, 4.2 (mean), H.3.6 (pooled), H.5 (analysis of variance); Zhang, Metrologia
43 (2006) S276 (autocorrelated samples). Numbers that are not finite are refused with a
ValueError; too few give no u and say why; equal ones give u = 0, which is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum, isfinite, sqrt
from typing import TYPE_CHECKING, Any

from host.evaluate.student import P, student_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Correlations beyond a quarter of the series rest on too few pairs (Zhang 2006).
LAGS_SHARE = 4
Z_95 = 1.96  # two-sided quantile of the normal distribution, as Zhang rounds it
# Sums over a Fourier transform depend in their last digits on the machine; u keeps these.
U_DIGITS = 10


@dataclass(frozen=True, slots=True)
class TypeA:
    """Mean of observations and its standard uncertainty, in their unit.

    s: standard deviation of one observation. u, nu: of the mean; None where there are too few,
    and `reason` says so. lags, inflation: of autocorrelated samples, as in `Input`.
    """

    value: float | None
    s: float | None
    u: float | None
    nu: float | None
    n: int
    lags: int | None = None
    inflation: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Standard deviation of one observation, from several groups. None: no group has two."""

    s: float | None
    nu: int
    groups: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Anova:
    """One-way analysis of variance, balanced (JCGM 100, H.5). All in the unit of the values.

    s_between: standard deviation of the group means. s_within: pooled, of one value in a group.
    F: groups' * s_between^2 / s_within^2, None where s_within is 0. F_critical: its 95 % quantile
    at nu_between, nu_within: above it the groups differ by more than chance. u, nu: of the mean
    of all, from the spread of the group means, which holds whether or not they differ.
    """

    value: float
    s_between: float
    s_within: float
    nu_between: int
    nu_within: int
    F: float | None
    F_critical: float
    u: float
    nu: int


def mean_of(values: Sequence[float]) -> TypeA:
    """Mean of independent observations, u = s / sqrt(n), nu = n - 1."""
    _finite(values)
    n = len(values)
    try:
        spread = student_t(values)
    except OverflowError as err:
        raise ValueError("observations are too large for their spread to be a number") from err
    mean = fsum(values) / n if n else None
    return TypeA(mean, spread.s, spread.u, spread.nu, n, reason=spread.reason)


def pooled(groups: Sequence[Sequence[float]]) -> Pooled:
    """s^2 = sum(nu_i s_i^2) / sum(nu_i); groups of fewer than two have no say.

    Holds where every group has the same spread: that is the caller's knowledge.
    """
    found = [mean_of(group) for group in groups]
    told = [(one.s, one.n - 1) for one in found if one.s is not None]
    nu = sum(own for _, own in told)
    if nu == 0:
        return Pooled(None, 0, len(told), "too-few-values: no group has two")
    return Pooled(sqrt(fsum(own * s**2 for s, own in told) / nu), nu, len(told))


def autocorrelated(values: Sequence[float]) -> TypeA:
    """Mean of evenly spaced samples that resemble their neighbours (Zhang 2006, `inflation_of`).

    Two departures from Zhang, for with his cut-off (the last lag that exceeds 1.96 sigma_rho)
    intervals covered 84 to 91 % where 95 % was meant: lags are taken in as long as sums of two
    neighbours stay positive (Geyer, Statistical Science 7 (1992) 473), and R is divided by
    1 - (2 lags + 1) / n, since taking off the mean of the series lowers every correlation by
    about R / n. inflation: sqrt(R). nu = n / (2 lags + 1) - 1, at least 1. With these,
    95 to 96 % are covered where n / R is 20 or more, 94 % at n / R = 5: repeat the run then.
    R is never taken below 1: samples that shun their neighbours then get a u that is too large.
    """
    naive = mean_of(values)
    if naive.s is None or naive.u is None or naive.s == 0:
        return naive
    rho = _correlations(values)
    lags = _positive_lags(rho)
    seen = 2 * lags + 1
    ratio = inflation_of(rho, naive.n, lags) / (1 - seen / naive.n) if lags else 1.0
    return _inflated(naive, naive.u, lags, ratio)


def autocorrelated_zhang(values: Sequence[float]) -> TypeA:
    """The same by Zhang's own cut-off, for comparison with figures that were found so (TV-19).

    lags: the last lag whose |rho| exceeds 1.96 sigma_rho (eq. 14), at most n / 4. Zhang gives no
    degrees of freedom: they are those of `autocorrelated`, as is R of at least 1.
    """
    naive = mean_of(values)
    if naive.s is None or naive.u is None or naive.s == 0:
        return naive
    rho = _correlations(values)
    lags = _last_beyond_noise(rho, naive.n)
    return _inflated(naive, naive.u, lags, inflation_of(rho, naive.n, lags))


def _inflated(naive: TypeA, u: float, lags: int, ratio: float) -> TypeA:
    """The mean of independent samples with u * sqrt(R) in place of u."""
    ratio = max(1.0, ratio)
    return replace(
        naive,
        u=_kept(u * sqrt(ratio)),
        nu=max(1.0, naive.n / (2 * lags + 1) - 1),
        lags=lags,
        inflation=_kept(sqrt(ratio)),
    )


def inflation_of(rho: Sequence[float], n: int, lags: int) -> float:
    """R = 1 + 2/n * sum over i = 1..lags of (n - i) rho_i: u^2 = R s^2 / n (Zhang 2006)."""
    return 1 + 2 / n * fsum((n - lag) * rho[lag] for lag in range(1, lags + 1))


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Correlation r of two means that were observed together (JCGM 100, 5.2.3).

    0 where one of them has no spread. ValueError unless both have the same number, two or more.
    """
    a, b = mean_of(first), mean_of(second)
    if a.n != b.n or a.value is None or b.value is None or a.s is None or b.s is None:
        raise ValueError("a correlation takes two series of one length, of two values or more")
    if a.s == 0 or b.s == 0:
        return 0.0
    mean_a, mean_b = a.value, b.value
    products = ((x - mean_a) * (y - mean_b) for x, y in zip(first, second, strict=True))
    return max(-1.0, min(1.0, fsum(products) / (a.n - 1) / (a.s * b.s)))


def anova(groups: Sequence[Sequence[float]]) -> Anova:
    """Analysis of variance of groups of equal size, at least two of two (JCGM 100, H.5.2)."""
    sizes = {len(group) for group in groups}
    if len(sizes) != 1:
        raise ValueError("an analysis of variance takes groups of one size")
    found = [mean_of(group) for group in groups]
    means = [one.value for one in found if one.value is not None]
    return anova_of_means(means, [one.s for one in found if one.s is not None], sizes.pop())


def anova_of_means(means: Sequence[float], spreads: Sequence[float], n: int) -> Anova:
    """The same from the mean and standard deviation of each group of n values."""
    from host.distributions import special

    many = len(means)
    if many < 2 or n < 2 or len(spreads) != many:  # noqa: PLR2004
        raise ValueError(
            "an analysis of variance takes at least two groups of at least two values"
        )
    _finite(spreads)
    between = mean_of(means)
    if between.value is None or between.s is None or between.u is None:
        raise ValueError(
            "an analysis of variance takes at least two groups of at least two values"
        )
    within = sqrt(fsum(s**2 for s in spreads) / many)
    nu_within = many * (n - 1)
    return Anova(
        value=between.value,
        s_between=between.s,
        s_within=within,
        nu_between=many - 1,
        nu_within=nu_within,
        F=n * between.s**2 / within**2 if within > 0 else None,
        F_critical=float(special.fdtri(many - 1, nu_within, P)),
        u=between.u,
        nu=many - 1,
    )


def _finite(values: Sequence[float]) -> None:
    for value in values:
        if not isfinite(value):
            raise ValueError(f"an observation is {value}, not a number")


def _correlations(values: Sequence[float]) -> list[float]:
    """Give rho by lag up to n / 4, divisor n at every lag (Zhang 2006, eq. 10)."""
    import numpy as np

    n = len(values)
    away: NDArray[Any] = np.asarray(values, dtype=float)
    away = away - fsum(values) / n
    # Padded to twice the length, so that the end does not meet the start.
    spectrum = np.fft.rfft(away, 2 * n)
    sums = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, 2 * n)[: n // LAGS_SHARE + 1]
    return [float(one) for one in sums / sums[0]]


def _positive_lags(rho: Sequence[float]) -> int:
    """Lags before the first pair of neighbours whose sum is not positive (Geyer 1992)."""
    last = 0
    while last + 2 < len(rho) and rho[last + 1] + rho[last + 2] > 0:
        last += 2
    return last


def _last_beyond_noise(rho: Sequence[float], n: int) -> int:
    """The last lag whose |rho| exceeds what chance gives it at 95 %, 0 where none does.

    sigma_rho^2 = (1 + 2 * sum of rho_i^2 over the lags before) / n (Zhang 2006, eq. 14).
    """
    last, squares = 0, 0.0
    for lag in range(1, len(rho)):
        if abs(rho[lag]) > Z_95 * sqrt((1 + 2 * squares) / n):
            last = lag
        squares += rho[lag] ** 2
    return last


def _kept(value: float) -> float:
    return float(f"{value:.{U_DIGITS - 1}e}")
