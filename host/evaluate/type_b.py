"""Type B evaluation: standard uncertainty from what is known by other means than statistics.

Source: JCGM 100:2008, 4.3 (half-widths, certificates), F.2.2.1 (resolution), G.4.2 (degrees of
freedom). Every function refuses what is not a finite number of the right sign with a ValueError
that holds one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, isnan, sqrt

from host.handover.budget import Distribution

# 0.5 / ratio**2 in doubles misses 50 for 10 % by 7e-15; nine decimals are far beyond what a
# judgement of reliability holds, and the table of JCGM 100, G.4.2 comes out exactly.
DOF_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The numbers of an `Input`: pass them on as its fields of the same names.

    u: standard uncertainty in the unit of what was given. nu: degrees of freedom, inf where u is
    taken as exactly known. half_width, U, k, beta: as stated, None where they do not belong.
    """

    u: float
    nu: float
    distribution: Distribution
    half_width: float | None = None
    U: float | None = None
    k: float | None = None
    beta: float | None = None


def normal(U: float, k: float | None, nu: float = inf) -> Evaluated:  # noqa: N803
    """Give u = U / k of a certificate that states U with k, in the unit of U (JCGM 100, 4.3.3).

    A certificate without k, or with k < 1, is refused: nothing can be known from its U.
    """
    _not_negative("the expanded uncertainty", U)
    if k is None:
        raise ValueError("an expanded uncertainty without its coverage factor k says nothing of u")
    if not isfinite(k) or k < 1:
        raise ValueError(f"the coverage factor k must be a number from 1 on, not {k}")
    return Evaluated(u=U / k, nu=_dof(nu), distribution="normal", U=U, k=k)


def rectangular(a: float, nu: float = inf) -> Evaluated:
    """Give u = a / sqrt(3): within +-a, every value alike (JCGM 100, 4.3.7)."""
    return Evaluated(_half_width(a) / sqrt(3), _dof(nu), "rectangular", half_width=a)


def triangular(a: float, nu: float = inf) -> Evaluated:
    """Give u = a / sqrt(6): within +-a, most likely in the middle (JCGM 100, 4.3.9)."""
    return Evaluated(_half_width(a) / sqrt(6), _dof(nu), "triangular", half_width=a)


def arcsine(a: float, nu: float = inf) -> Evaluated:
    """Give u = a / sqrt(2): a sine of amplitude a, its phase unknown (JCGM 101, 6.4.6)."""
    return Evaluated(_half_width(a) / sqrt(2), _dof(nu), "arcsine", half_width=a)


def trapezoid(a: float, beta: float, nu: float = inf) -> Evaluated:
    """Give u = a * sqrt((1 + beta^2) / 6): base 2 a, top 2 a beta (JCGM 100, 4.3.9)."""
    if not 0 <= beta <= 1:
        raise ValueError(f"top over base of a trapezoid lies between 0 and 1, not {beta}")
    u = _half_width(a) * sqrt((1 + beta**2) / 6)
    return Evaluated(u, _dof(nu), "trapezoid", half_width=a, beta=beta)


def resolution(step: float) -> Evaluated:
    """Give u = step / sqrt(12) of a reading that moves in steps (JCGM 100, F.2.2.1)."""
    _not_negative("the resolution", step)
    return Evaluated(step / sqrt(12), inf, "resolution", half_width=step / 2)


def dof_of_unreliability(ratio: float) -> float:
    """Give nu = 1 / (2 ratio^2), ratio = u(u) / u: how far u may be off (JCGM 100, G.4.2).

    0.10, 0.25, 0.50 give 50, 8, 2. 0 gives inf. Above 0.707 less than one degree of freedom
    is left: refused.
    """
    _not_negative("the relative unreliability of u", ratio)
    if ratio == 0:
        return inf
    return _dof(round(0.5 / ratio**2, DOF_DECIMALS))


def _half_width(a: float) -> float:
    return _not_negative("the half-width", a)


def _not_negative(what: str, value: float) -> float:
    if not isfinite(value) or value < 0:
        raise ValueError(f"{what} must be a finite number from 0 on, not {value}")
    return value


def _dof(nu: float) -> float:
    if isnan(nu) or nu < 1:
        raise ValueError(f"degrees of freedom start at 1, not {nu}")
    return nu
