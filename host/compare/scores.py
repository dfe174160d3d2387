"""Performance scores of ISO 13528:2022, clause 9: z, z', zeta, E_n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Final

from host.errors import UsageError

E_N_RULE = "|E_n| <= 1"
# ISO 13528:2022, 9.4.2: up to 2 satisfactory, beyond 3 an action signal, between a warning.
_WARNING, _ACTION = 2.0, 3.0
Z_RULE = "|score| <= 2 satisfactory, < 3 questionable, >= 3 unsatisfactory"


@dataclass(frozen=True, slots=True)
class Score:
    """name: `z`, `z_prime`, `zeta`, `E_n`. rule: what `outcome` rests on."""

    name: str
    value: float
    rule: str
    outcome: str


def z(x: float, x_pt: float, sigma_pt: float) -> Score:
    """(x - x_pt) / sigma_pt."""
    return _judged("z", x - x_pt, sigma_pt, by_z)


def z_prime(x: float, x_pt: float, sigma_pt: float, u_pt: float) -> Score:
    """The reference's own uncertainty beside sigma_pt."""
    return _judged("z_prime", x - x_pt, sqrt(sigma_pt**2 + u_pt**2), by_z)


def zeta(x: float, x_pt: float, u: float, u_pt: float, covariance: float = 0.0) -> Score:
    """Over the standard uncertainty of the difference."""
    return _judged("zeta", x - x_pt, _root(u**2 + u_pt**2 - 2 * covariance), by_z)


def e_n(x: float, x_pt: float, U: float, U_pt: float, covariance: float = 0.0) -> Score:  # noqa: N803
    """Over the expanded uncertainties, `|E_n| <= 1` is acceptable.

    covariance: of the expanded values, k * k_pt * u(x, x_pt); zero for independent results.
    """
    return _judged("E_n", x - x_pt, _root(U**2 + U_pt**2 - 2 * covariance), by_e_n)


def by_z(value: float) -> tuple[str, str]:
    """(rule, outcome) of z, z' and zeta."""
    if abs(value) <= _WARNING:
        return Z_RULE, "satisfactory"
    return Z_RULE, "questionable" if abs(value) < _ACTION else "unsatisfactory"


def by_e_n(value: float) -> tuple[str, str]:
    """(rule, outcome) of E_n."""
    return E_N_RULE, "satisfactory" if abs(value) <= 1 else "unsatisfactory"


def _judged(
    name: str, distance: float, scale: float, judge: Callable[[float], tuple[str, str]]
) -> Score:
    if not scale > 0:
        raise UsageError(name, "the uncertainty that it divides by is not above zero")
    value = distance / scale
    return Score(name, value, *judge(value))


def _root(variance: float) -> float:
    return sqrt(max(0.0, variance))


MEANINGS: Final = {
    "satisfactory": "满意",
    "questionable": "有问题",
    "unsatisfactory": "不满意",
}
