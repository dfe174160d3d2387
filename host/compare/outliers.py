"""Cochran, Grubbs, Mandel's h and k (ISO 5725-2, 7.3): what is far from the rest is flagged.

Nothing is ever removed here: the flags stand beside estimates over all values. Beyond the 1 %
critical value is an outlier, beyond 5 % a straggler (ISO 5725-2, 7.3.2.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Final, Literal

from host.compare.critical import fisher, student
from host.compare.iso5725 import MIN_REPLICATES, Groups, mean, spread

STRAGGLER, OUTLIER = 0.05, 0.01
# Below so many groups a test has no meaning: a deviation is bound by the number of values.
MIN_COCHRAN, MIN_GRUBBS, MIN_DOUBLE = 2, 3, 4
# Two-sided critical values of the double test, (1 %, 5 %), for p = 4 ... 20 groups: ISO
# 5725-2:1994, table 5. It has no closed form; a test redoes them by simulation.
DOUBLE_GRUBBS: Final[dict[int, tuple[float, float]]] = {
    4: (0.0000, 0.0002),
    5: (0.0018, 0.0090),
    6: (0.0116, 0.0349),
    7: (0.0308, 0.0708),
    8: (0.0563, 0.1101),
    9: (0.0851, 0.1492),
    10: (0.1150, 0.1864),
    11: (0.1448, 0.2213),
    12: (0.1738, 0.2537),
    13: (0.2016, 0.2836),
    14: (0.2280, 0.3112),
    15: (0.2530, 0.3367),
    16: (0.2767, 0.3603),
    17: (0.2990, 0.3822),
    18: (0.3200, 0.4025),
    19: (0.3398, 0.4214),
    20: (0.3585, 0.4391),
}


@dataclass(frozen=True, slots=True)
class Flag:
    """A group or two that a test finds apart.

    test: `cochran`, `grubbs_low`, `grubbs_high`, `grubbs_two_low`, `grubbs_two_high`,
    `mandel_h`, `mandel_k`. groups: indices. critical: (1 %, 5 %).
    """

    test: str
    groups: tuple[int, ...]
    statistic: float
    critical: tuple[float, float]
    level: Literal["straggler", "outlier"]


def flags(groups: Groups) -> tuple[Flag, ...]:
    """All that the tests find, in the order Cochran, Grubbs single, double, Mandel h, k."""
    return (*_cochran(groups), *_grubbs(groups), *_double(groups), *_mandel(groups))


def cochran_critical(p: int, n: int, alpha: float) -> float:
    """C = 1 / (1 + (p - 1) / F(1 - alpha/p; n - 1, (p - 1)(n - 1)))."""
    return 1 / (1 + (p - 1) / fisher(1 - alpha / p, n - 1, (p - 1) * (n - 1)))


def grubbs_critical(p: int, alpha: float) -> float:
    """G = (p - 1) t / sqrt(p (p - 2 + t^2)), t the quantile 1 - alpha/(2p), nu = p - 2."""
    t = student(1 - alpha / (2 * p), p - 2)
    return (p - 1) * t / sqrt(p * (p - 2 + t * t))


def mandel_h_critical(p: int, alpha: float) -> float:
    """ISO 5725-2, 8.3: h = (p - 1) t / sqrt(p (t^2 + p - 2)), t two-sided at alpha, nu = p - 2."""
    t = student(1 - alpha / 2, p - 2)
    return (p - 1) * t / sqrt(p * (t * t + p - 2))


def mandel_k_critical(p: int, n: int, alpha: float) -> float:
    """ISO 5725-2, 8.3: k = sqrt(p / (1 + (p - 1)/F)), F(1 - alpha; n - 1, (p - 1)(n - 1))."""
    return sqrt(p / (1 + (p - 1) / fisher(1 - alpha, n - 1, (p - 1) * (n - 1))))


def mandel_h(groups: Groups) -> tuple[float, ...]:
    """Deviation of each group's mean from the mean of means, over the spread of the means."""
    means = [mean(group) for group in groups]
    s, middle = spread(means), mean(means)
    return tuple((y - middle) / s if s else 0.0 for y in means)


def mandel_k(groups: Groups) -> tuple[float | None, ...]:
    """Spread of each group over the pooled one of all; None for a group of one value."""
    spreads = [spread(g) if len(g) >= MIN_REPLICATES else None for g in groups]
    known = [s for s in spreads if s is not None]
    pooled = sqrt(fsum(s * s for s in known) / len(known)) if known else 0.0
    return tuple(None if s is None else (s / pooled if pooled else 0.0) for s in spreads)


def _cochran(groups: Groups) -> Iterator[Flag]:
    """The largest variance of a group over the sum of them, one-sided."""
    held = [(i, spread(g) ** 2) for i, g in enumerate(groups) if len(g) >= MIN_REPLICATES]
    total = fsum(variance for _, variance in held)
    if len(held) < MIN_COCHRAN or total == 0:
        return
    place, largest = max(held, key=lambda pair: pair[1])
    p, n = len(held), usual_size(groups)
    critical = (cochran_critical(p, n, OUTLIER), cochran_critical(p, n, STRAGGLER))
    yield from _flag("cochran", (place,), largest / total, critical)


def _grubbs(groups: Groups) -> Iterator[Flag]:
    """One mean at either end against the spread of all means."""
    p, h = len(groups), mandel_h(groups) if len(groups) >= MIN_GRUBBS else ()
    if not h:
        return
    critical = (grubbs_critical(p, OUTLIER), grubbs_critical(p, STRAGGLER))
    low, high = min(range(p), key=h.__getitem__), max(range(p), key=h.__getitem__)
    yield from _flag("grubbs_low", (low,), -h[low], critical)
    yield from _flag("grubbs_high", (high,), h[high], critical)


def _double(groups: Groups) -> Iterator[Flag]:
    """Two means at one end: sum of squares without them over that with them; small is far."""
    p = len(groups)
    if p not in DOUBLE_GRUBBS:
        return
    means = [mean(group) for group in groups]
    order = sorted(range(p), key=means.__getitem__)
    whole = spread(means) ** 2 * (p - 1)
    if whole == 0:
        return
    for test, pair, rest in (
        ("grubbs_two_low", order[:2], order[2:]),
        ("grubbs_two_high", order[-2:], order[:-2]),
    ):
        left = spread([means[i] for i in rest]) ** 2 * (p - 3) / whole
        critical = DOUBLE_GRUBBS[p]
        if left < critical[1]:
            level: Literal["straggler", "outlier"] = (
                "outlier" if left < critical[0] else "straggler"
            )
            yield Flag(test, tuple(sorted(pair)), left, critical, level)


def _mandel(groups: Groups) -> Iterator[Flag]:
    p = len(groups)
    if p < MIN_GRUBBS:
        return
    critical = (mandel_h_critical(p, OUTLIER), mandel_h_critical(p, STRAGGLER))
    for place, h in enumerate(mandel_h(groups)):
        yield from _flag("mandel_h", (place,), abs(h), critical)
    n, k = usual_size(groups), mandel_k(groups)
    held = sum(each is not None for each in k)
    if held < MIN_COCHRAN:
        return
    critical = (mandel_k_critical(held, n, OUTLIER), mandel_k_critical(held, n, STRAGGLER))
    for place, each in enumerate(k):
        if each is not None:
            yield from _flag("mandel_k", (place,), each, critical)


def usual_size(groups: Groups) -> int:
    """The number of replicates that most groups have (ISO 5725-2, 7.3.3.3); of two, the smaller.

    Groups of one value have no spread and do not count.
    """
    sizes = Counter(len(group) for group in groups if len(group) >= MIN_REPLICATES)
    return min(sizes, key=lambda size: (-sizes[size], size))


def _flag(
    test: str, groups: tuple[int, ...], statistic: float, critical: tuple[float, float]
) -> Iterator[Flag]:
    if statistic > critical[0]:
        yield Flag(test, groups, statistic, critical, "outlier")
    elif statistic > critical[1]:
        yield Flag(test, groups, statistic, critical, "straggler")
