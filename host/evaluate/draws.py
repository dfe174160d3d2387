"""Random draws for the propagation of distributions (JCGM 101:2008, 6.4 and C).

From raw 64-bit words of PCG64 by our own transforms, so that a draw does not depend on how numpy
makes its distributions, which may change between versions. Words to uniforms: the upper 52 bits,
in the middle of their step, so that neither 0 nor 1 occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf, pi, sqrt
from typing import TYPE_CHECKING, Any

from host.evaluate.correlations import cholesky, correlation_rows
from host.handover.budget import Correlation, Input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Uniforms = Callable[[], Array]

RNG = "numpy PCG64, upper 52 bits"


@dataclass(frozen=True, slots=True)
class Source:
    """One seeded stream of words; uniforms come in the order in which they are asked for."""

    words: Any

    @classmethod
    def seeded(cls, seed: int) -> Source:
        """Start a stream; ValueError for a negative seed."""
        from numpy.random import PCG64

        if seed < 0:
            raise ValueError(f"a seed is a number from 0 on, not {seed}")
        return cls(PCG64(seed))

    def uniforms(self, count: int) -> Array:
        """Draw so many numbers between 0 and 1, both excluded."""
        import numpy as np

        steps = self.words.random_raw(count)
        steps >>= np.uint64(12)
        found: Array = steps.astype(float)
        found += 0.5
        found *= 2.0**-52
        return found


def draw_group(
    group: Sequence[Input], correlations: Sequence[Correlation], next_: Uniforms
) -> dict[str, Array]:
    """Values of inputs that vary together, or of one alone, by symbol.

    next_: gives a fresh array of uniforms at each call. Correlated inputs are drawn from a
    multivariate normal distribution (JCGM 101, 6.4.8), or the t distribution of one ensemble
    where they share finite degrees of freedom. ValueError for others.
    """
    if len(group) == 1:
        one = group[0]
        return {one.symbol: one.estimate + (one.u or 0.0) * standard(one, next_)}
    return _together(group, correlations, next_)


def standard(one: Input, next_: Uniforms) -> Array:
    """Draw with mean 0, in units of u.

    Normal and t inputs of finite nu are scaled and shifted t (JCGM 101, 6.4.9); limits of the
    others are taken as exactly known, whatever their nu.
    """
    import numpy as np

    from host.distributions import special

    found: Array
    match one.distribution:
        case "normal" | "t" if isinf(one.nu):
            found = special.ndtri(next_())
        case "normal" | "t":
            # Bailey, Mathematics of Computation 62 (1994) 779: a polar transform as of Box and
            # Muller, exact for any nu; the inverse of the t distribution costs twenty times more.
            radius = np.sqrt(one.nu * (next_() ** (-2 / one.nu) - 1))
            found = radius * np.cos(2 * pi * next_())
        case "rectangular" | "resolution":
            found = sqrt(3) * (2 * next_() - 1)
        case "triangular":
            found = sqrt(6) * (next_() + next_() - 1)
        case "arcsine":
            found = sqrt(2) * np.sin(2 * pi * next_())
        case "trapezoid":
            found = _trapezoid(one.beta, next_)
        case _:
            raise ValueError(f"input {one.symbol}: a constant has no uncertainty to draw")
    return found


def _trapezoid(beta: float | None, next_: Uniforms) -> Array:
    """Sum of two rectangular ones, half-widths (1 + beta) / 2 and (1 - beta) / 2 of the base."""
    if beta is None:
        raise ValueError("a trapezoid needs its top over base")
    first, second = 2 * next_() - 1, 2 * next_() - 1
    found: Array = (1 + beta) / 2 * first + (1 - beta) / 2 * second
    return found / sqrt((1 + beta**2) / 6)


def _together(
    group: Sequence[Input], correlations: Sequence[Correlation], next_: Uniforms
) -> dict[str, Array]:
    import numpy as np

    from host.distributions import special

    nu = group[0].nu
    if any(one.distribution not in {"normal", "t"} or one.nu != nu for one in group):
        raise ValueError("correlated inputs can be drawn only if normal, with one nu for all")
    independent = [special.ndtri(next_()) for _ in group]
    # One divisor for all: they were observed together. chi2 of nu is twice a gamma of nu / 2.
    shrink = 1.0 if isinf(nu) else np.sqrt(2 * special.gammaincinv(nu / 2, next_()) / nu)
    found: dict[str, Array] = {}
    for one, weights in zip(group, cholesky(correlation_rows(group, correlations)), strict=True):
        mixed = sum(w * z for w, z in zip(weights, independent, strict=True))
        found[one.symbol] = one.estimate + (one.u or 0.0) * mixed / shrink
    return found
