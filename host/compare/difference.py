"""Difference and ratio of two results, with the uncertainty of each.

u^2(B - A) = u_A^2 + u_B^2 - 2 sum_s g_A,s g_B,s, where g = c * u of a row that both budgets share:
the same instrument, the same clock, taken as fully correlated (JCGM 100:2008, 5.2.2, r = +1).
Degrees of freedom by Welch-Satterthwaite (JCGM 100, G.4.1) over what is independent: what is left
of A, what is left of B, and each shared error once, with g_B,s - g_A,s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf, isinf, sqrt

from host.compare.critical import student
from host.compare.measured import Measured, SharedTerm

P = 0.95  # coverage probability of every interval here, as in records
# Sums of squares of doubles lose a few units of 2.2e-16; a variance below this share of the sum
# of both is what cancellation left, and is zero.
ROUND_OFF_RATIO = 1e-13
Terms = Sequence[tuple[SharedTerm, SharedTerm]]


@dataclass(frozen=True, slots=True)
class Stated:
    """A value with u, raw and truncated degrees of freedom, k and U = k * u (p = 95 %)."""

    value: float
    u: float
    nu_eff: float
    nu_used: float
    k: float
    U: float

    @property
    def apart_from_zero(self) -> bool:
        """Zero lies outside value +- U."""
        return abs(self.value) > self.U


def difference(a: Measured, b: Measured, terms: Terms = ()) -> Stated:
    """B - A in their common unit. Both must have value and u: raises ValueError."""
    value_a, u_a, value_b, u_b = _numbers(a, b)
    u, nu = _combined((u_a, a.nu), (u_b, b.nu), [(x.signed, y.signed, x, y) for x, y in terms])
    return _stated(value_b - value_a, u, nu)


def ratio(a: Measured, b: Measured, terms: Terms = ()) -> Stated | None:
    """B / A, first order in the relative uncertainties; None where that does not hold.

    It holds where both values are above zero and A's own expanded interval does not reach zero.
    """
    value_a, u_a, value_b, u_b = _numbers(a, b)
    if min(value_a, value_b) <= 0 or student((1 + P) / 2, _used(a.nu)) * u_a >= value_a:
        return None
    relative = [(x.signed / value_a, y.signed / value_b, x, y) for x, y in terms]
    u, nu = _combined((u_a / value_a, a.nu), (u_b / value_b, b.nu), relative)
    return _stated(value_b / value_a, value_b / value_a * u, nu)


def covariance(terms: Terms) -> float:
    """u(A, B) of the shared rows, in the squared unit of the results."""
    return sum(x.signed * y.signed for x, y in terms)


def _combined(
    a: tuple[float, float],
    b: tuple[float, float],
    shared: Sequence[tuple[float, float, SharedTerm, SharedTerm]],
) -> tuple[float, float]:
    """(u, nu) of the difference, from (u, nu) of both and the signed shared terms."""
    total = a[0] ** 2 + b[0] ** 2
    variance = total - 2 * sum(x * y for x, y, _, _ in shared)
    if variance <= ROUND_OFF_RATIO * total:
        return 0.0, inf
    fourth = _fourth(*a) + _fourth(*b)
    for x, y, first, second in shared:
        nu = min(first.nu, second.nu)
        fourth += _fourth(y - x, nu) - _fourth(x, first.nu) - _fourth(y, second.nu)
    floor_of = ROUND_OFF_RATIO * (_fourth(*a) + _fourth(*b))
    return sqrt(variance), variance**2 / fourth if fourth > floor_of else inf


def _fourth(u: float, nu: float) -> float:
    """A term of the Welch-Satterthwaite sum."""
    return 0.0 if isinf(nu) else u**4 / nu


def _stated(value: float, u: float, nu: float) -> Stated:
    used = _used(nu)
    k = student((1 + P) / 2, used)
    return Stated(value, u, nu, used, k, k * u)


def _used(nu: float) -> float:
    """Truncated to an integer of at least one (JCGM 100, G.4.1, note 1); 2.9999999999 is 3."""
    return nu if isinf(nu) else max(1.0, float(floor(nu * (1 + 1e-12))))


def _numbers(a: Measured, b: Measured) -> tuple[float, float, float, float]:
    if a.value is None or a.u is None or b.value is None or b.u is None:
        raise ValueError(f"{a.id}: a difference needs value and u on both sides")
    return a.value, a.u, b.value, b.u
