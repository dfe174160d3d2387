"""When a campaign has warmed up, when it is precise enough, and how many blocks a claim takes.

A rule that stops when a result looks good would find differences that are not there. So blocks are
looked at only at stages fixed in the file (min, each doubling, max), what is looked at is a width
and never a difference, and a claim at the end is made at LEVEL / stages, whichever stage was the
last (Bonferroni; it holds for any rule of stopping, O'Brien and Fleming's would be narrower).
With min = max there is one stage and the level is LEVEL itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, inf, log1p, sqrt
from typing import Final, Literal

from host.campaign.analyse import LEVEL, MIN_UNITS, Ratio
from host.campaign.power import chance_of_claim
from host.compare.critical import student
from host.handover.campaign import StopRule, WarmUpRule

DOUBLING = 2
POWER = 0.90  # probability to find the difference that a number of blocks is stated for
# Beyond it a campaign of a spread that large finds nothing in any bearable time.
MOST_BLOCKS: Final = 10_000
FINE: Final = 64


def looks(stop: StopRule, unit: int) -> tuple[int, ...]:
    """Numbers of blocks after which the precision is looked at: min, its doublings, max."""
    made, blocks = [], stop.min
    while blocks < stop.max:
        made.append(blocks)
        blocks = -(-blocks * DOUBLING // unit) * unit
    return (*made, stop.max)


def claim_level(stop: StopRule, unit: int) -> float:
    """The level of all claims together, whichever look was the last."""
    return LEVEL / len(looks(stop, unit))


@dataclass(frozen=True, slots=True)
class Look:
    """One look. widest: the largest relative U there is, inf where one is not known yet."""

    blocks: int
    widest: float
    ends: Literal["", "precision", "cap"]


def look(stop: StopRule, unit: int, blocks: int, widths: Sequence[float]) -> Look | None:
    """What a look after so many blocks says; None where none is due. widths: relative U each."""
    if blocks not in looks(stop, unit):
        return None
    widest = max(widths, default=inf)
    if widest <= stop.relative_u:
        return Look(blocks, widest, "precision")
    return Look(blocks, widest, "cap" if blocks == stop.max else "")


def width_of_ratio(found: Ratio) -> float:
    """Relative U of a ratio."""
    return found.U / found.value


def width_of_mean(values: Sequence[float]) -> float:
    """Relative U (p = 95 %) of the mean of visits, taken as independent; inf below three."""
    n = len(values)
    if n < MIN_UNITS:
        return inf
    mean = fsum(values) / n
    spread = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1))
    return student(1 - LEVEL / 2, n - 1) * spread / sqrt(n) / abs(mean) if mean else inf


def stable(values: Sequence[float], rule: WarmUpRule) -> bool:
    """Whether the last visits of a cell keep the rule; values in the order of the visits."""
    last = values[-rule.window :]
    n = len(last)
    if n < rule.window:
        return False
    mean = fsum(last) / n
    if mean == 0:
        return False
    spread = sqrt(fsum((value - mean) ** 2 for value in last) / (n - 1)) / abs(mean)
    middle = (n - 1) / 2
    slope = fsum((i - middle) * value for i, value in enumerate(last))
    slope /= fsum((i - middle) ** 2 for i in range(n))
    return spread <= rule.relative_spread and abs(slope * (n - 1) / mean) <= rule.relative_slope


def blocks_for(difference: float, spread: float, level: float = LEVEL, unit: int = 1) -> int:
    """Blocks that find a true relative difference with probability POWER at a two-sided level.

    spread: standard deviation of ln(B / A) between units. By `power.chance_of_claim`, which is of
    the test as it is applied; above FINE units to the next step of 1 / FINE. Raises ValueError for
    a difference or spread that is not above zero.
    """
    if difference <= 0 or spread <= 0:
        raise ValueError("a difference and a spread are above zero")
    shift, units = log1p(difference) / spread, MIN_UNITS
    while units * unit < MOST_BLOCKS:
        if chance_of_claim(units, shift, level, sloped=unit == 1) >= POWER:
            break
        units += max(1, units // FINE)
    return min(units * unit, MOST_BLOCKS)
