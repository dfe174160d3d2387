"""Algorithm A of ISO 13528:2022, C.3: robust mean and standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import median

from host.compare.iso5725 import mean, spread
from host.errors import UsageError

# ISO 13528:2022, C.3: the median absolute deviation of a normal sample times 1.483 is its
# standard deviation; values are drawn in to 1.5 s*; 1.134 makes up for what that takes away.
_MAD_FACTOR, _LIMIT, _WINSORIZED_FACTOR = 1.483, 1.5, 1.134
# ISO 13528:2022, 7.7: u(x_pt) = 1.25 s*/sqrt(p); 1.25 covers the efficiency of a median.
CONSENSUS_FACTOR = 1.25
# To convergence, not to the third digit: that rule depends on the unit.
CONVERGED_RATIO = 1e-10
MOST_ROUNDS = 1000
MIN_VALUES = 2


@dataclass(frozen=True, slots=True)
class Robust:
    """Robust mean x* and standard deviation s* of p values, u of x* as a consensus value.

    start: `mad` or, where more than half of the values are equal, `standard deviation`.
    """

    x: float
    s: float
    u: float
    p: int
    rounds: int
    start: str


def algorithm_a(values: Sequence[float]) -> Robust:
    """x* and s* iterated until both change by less than 1e-10 of s*.

    Equal values give s* = 0. Where only the median absolute deviation is zero, the iteration
    starts from the standard deviation; where it shrinks without end, x* is the median, s* = 0.
    Raises UsageError for fewer than two values.
    """
    p = len(values)
    if p < MIN_VALUES:
        raise UsageError("algorithm A", f"needs {MIN_VALUES} values, got {p}")
    x = median(values)
    s, start = _MAD_FACTOR * median(abs(v - x) for v in values), "mad"
    if s == 0:
        x, s, start = mean(values), spread(values), "standard deviation"
    rounds, first, moved = 0, s, s > 0
    while moved and rounds < MOST_ROUNDS:
        rounds += 1
        x_new, s_new = _round(values, x, s)
        moved = max(abs(x_new - x), abs(s_new - s)) > CONVERGED_RATIO * s
        x, s = x_new, s_new
        if s <= CONVERGED_RATIO * first:  # it shrinks for ever towards the values that are equal
            x, s, moved = median(values), 0.0, False
    return Robust(x, s, CONSENSUS_FACTOR * s / sqrt(p), p, rounds, start)


def _round(values: Sequence[float], x: float, s: float) -> tuple[float, float]:
    drawn = [min(max(v, x - _LIMIT * s), x + _LIMIT * s) for v in values]
    x_new = fsum(drawn) / len(drawn)
    squares = fsum((v - x_new) ** 2 for v in drawn)
    return x_new, _WINSORIZED_FACTOR * sqrt(squares / (len(drawn) - 1))
