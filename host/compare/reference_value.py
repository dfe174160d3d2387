"""Weighted reference value of a comparison and degrees of equivalence.

Weighted mean and consistency test: M. G. Cox, The evaluation of key comparison data, Metrologia 39
(2002), 589, procedure A. u^2(D_i) = (1 - 2 w_i) u_i^2 + u_ref^2 for contributors, u_i^2 + u_ref^2
otherwise; a normalised error above 2.5 flags an outlier (BIPM KC_model_RI_II).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from host.compare.critical import chi_squared_above
from host.errors import UsageError

OUTLIER_LIMIT = 2.5  # KC_model_RI_II: |D_i| / u(D_i) beyond which a value is an outlier
K = 2.0  # of the expanded uncertainty of D_i, as key comparisons state it
CONSISTENT_FROM = 0.05  # Cox 2002, 5.1: Pr{chi2(N-1) > observed} below this is inconsistent
MIN_CONTRIBUTORS = 2

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a comparison; a contributor takes part in the reference value."""

    label: str
    value: float
    u: float
    contributor: bool = True


@dataclass(frozen=True, slots=True)
class Equivalence:
    """D = value - reference, U = 2 u(D), weight in the reference; outlier: |D|/u(D) > 2.5."""

    label: str
    D: float
    u: float
    U: float
    weight: float
    outlier: bool


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """value and u of the reference (k = 1).

    chi2 with nu = N - 1; probability: that it be exceeded by chance; consistent: it is at least
    5 %. birge: sqrt(chi2 / nu), by which the stated u would have to grow to be consistent.
    """

    value: float
    u: float
    chi2: float
    nu: int
    probability: float
    consistent: bool
    birge: float
    equivalences: tuple[Equivalence, ...]


def reference_value(entries: Sequence[Entry], covariance: Matrix | None = None) -> ReferenceValue:
    """The generalised least-squares mean of the contributors.

    covariance: of all entries, u^2 on its diagonal; without it they are independent. Raises
    UsageError for fewer than two contributors, a u that is not above zero, or a matrix that is
    no covariance. Outliers are flagged and stay in: who takes one out says so by `contributor`.
    """
    import numpy as np

    inside = [i for i, entry in enumerate(entries) if entry.contributor]
    if len(inside) < MIN_CONTRIBUTORS:
        raise UsageError("reference value", "needs two contributors")
    for entry in entries:
        if not entry.u > 0:
            raise UsageError("reference value", f"u of {entry.label} is not above zero")
    whole = _matrix(entries, covariance)
    part = whole[np.ix_(inside, inside)]
    solved = np.linalg.solve(part, np.ones(len(inside)))
    weights = np.zeros(len(entries))
    weights[inside] = solved / solved.sum()
    values = np.array([entry.value for entry in entries])
    x_ref, variance = fsum(weights * values), 1 / float(solved.sum())
    off = values[inside] - x_ref
    chi2 = float(off @ np.linalg.solve(part, off))
    nu = len(inside) - 1
    probability = chi_squared_above(chi2, nu)
    # u^2(x_i - x_ref) = V_ii - 2 (V w)_i + u_ref^2: (1 - 2 w_i) u_i^2 + u_ref^2 on a diagonal V.
    squares = np.diag(whole) - 2 * whole @ weights + variance
    return ReferenceValue(
        value=x_ref,
        u=sqrt(variance),
        chi2=chi2,
        nu=nu,
        probability=probability,
        consistent=probability >= CONSISTENT_FROM,
        birge=sqrt(chi2 / nu),
        equivalences=tuple(
            _equivalence(entry, entry.value - x_ref, sqrt(max(0.0, float(square))), float(w))
            for entry, square, w in zip(entries, squares, weights, strict=True)
        ),
    )


def _equivalence(entry: Entry, distance: float, u: float, weight: float) -> Equivalence:
    far = abs(distance) > OUTLIER_LIMIT * u
    return Equivalence(entry.label, distance, u, K * u, weight, far)


def _matrix(entries: Sequence[Entry], covariance: Matrix | None):  # type: ignore[no-untyped-def] # noqa: ANN202 - numpy is imported on use
    import numpy as np

    diagonal = np.array([entry.u**2 for entry in entries])
    if covariance is None:
        return np.diag(diagonal)
    whole = np.array(covariance, dtype=float)
    if whole.shape != (len(entries),) * 2 or not np.allclose(np.diag(whole), diagonal):
        raise UsageError("reference value", "the covariance matrix does not fit the entries")
    if not np.allclose(whole, whole.T) or np.linalg.eigvalsh(whole).min() <= 0:
        raise UsageError("reference value", "the covariance matrix is not positive definite")
    return whole
