"""Inputs that vary together: checked, grouped, and their matrix factored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from host.handover.budget import Correlation, Input

# A correlation of estimates that depend on each other exactly comes with errors of some 1e-16 for
# each operation; below this a pivot is 0.
PIVOT_ROUND_OFF = 1e-12


def check_correlations(inputs: Sequence[Input], correlations: Sequence[Correlation]) -> None:
    """Refuse unknown inputs, pairs stated twice, r beyond [-1, 1], and what contradicts itself."""
    symbols = {one.symbol for one in inputs}
    seen: set[frozenset[str]] = set()
    for one in correlations:
        pair = frozenset((one.a, one.b))
        if len(pair) == 1 or pair in seen:
            raise ValueError(
                f"the correlation of {one.a} and {one.b} is stated twice or of itself"
            )
        seen.add(pair)
        if not pair <= symbols:
            raise ValueError(f"the correlation of {one.a} and {one.b} names an unknown input")
        if not -1 <= one.r <= 1:
            raise ValueError(f"the correlation of {one.a} and {one.b} is {one.r}, beyond -1 to 1")
    for group in groups(inputs, correlations):
        cholesky(correlation_rows(group, correlations))


def groups(inputs: Sequence[Input], correlations: Sequence[Correlation]) -> list[list[Input]]:
    """Inputs that are correlated, directly or by others, together; the order of inputs stays.

    Inputs without spread (u None or 0) and correlations of 0 take no part.
    """
    live = [one for one in inputs if one.u]
    home = {one.symbol: number for number, one in enumerate(live)}
    for tie in correlations:
        if tie.r != 0 and tie.a in home and tie.b in home:
            old, new = home[tie.b], home[tie.a]
            home = {symbol: new if at == old else at for symbol, at in home.items()}
    found: dict[int, list[Input]] = {}
    for one in live:
        found.setdefault(home[one.symbol], []).append(one)
    return list(found.values())


def correlation_rows(
    group: Sequence[Input], correlations: Sequence[Correlation]
) -> list[list[float]]:
    """Correlation matrix of some inputs."""
    stated: Mapping[frozenset[str], float] = {frozenset((c.a, c.b)): c.r for c in correlations}
    return [
        [1.0 if a is b else stated.get(frozenset((a.symbol, b.symbol)), 0.0) for b in group]
        for a in group
    ]


def cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """A factor F of a correlation matrix, F F' = matrix; |r| = 1 is allowed (a pivot of 0).

    The largest diagonal left is the next pivot (Higham, Accuracy and Stability of Numerical
    Algorithms, 10.3): without that, inputs that depend on each other nearly but not exactly lose
    so many digits that what holds together would be refused. ValueError for correlations that
    cannot hold together.
    """
    size = len(matrix)
    rest = [list(row) for row in matrix]
    factor = [[0.0] * size for _ in range(size)]
    left = list(range(size))
    for step in range(size):
        pivot = max(left, key=lambda i: rest[i][i])
        if rest[pivot][pivot] <= PIVOT_ROUND_OFF:
            break
        root = sqrt(rest[pivot][pivot])
        for i in left:
            factor[i][step] = rest[i][pivot] / root
        left.remove(pivot)
        for i in left:
            for j in left:
                rest[i][j] -= factor[i][step] * factor[j][step]
    if any(abs(rest[i][j]) > PIVOT_ROUND_OFF for i in left for j in left):
        raise ValueError("the stated correlations cannot hold at the same time")
    return factor
