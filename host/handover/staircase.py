"""A load staircase: its steps in the order in which an attempt plays them, and what they gave."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from host.handover.plan import StaircasePlan


@dataclass(frozen=True, slots=True)
class Pair:
    """A step. Powers and their standard uncertainties from noise alone, W."""

    attempt: int
    level: float
    reference_w: float
    source_w: float
    u_reference_w: float
    u_source_w: float


@dataclass(frozen=True, slots=True)
class Steps:
    """All steps of a source. dropped: reasons of those that gave no pair, `code: detail`.

    low, high: smallest and largest power that the source showed in the stretches used, W.
    """

    pairs: tuple[Pair, ...]
    dropped: tuple[str, ...]
    low: float
    high: float


def staircase_order(steps: StaircasePlan, seed: int, attempt: int) -> dict[str, Any]:
    """As the agent's order says it (agent/order.py)."""
    return {"levels": list(levels_of(steps, seed, attempt)), "dwell_s": steps.dwell_s}


def levels_of(steps: StaircasePlan, seed: int, attempt: int) -> tuple[float, ...]:
    """Up and down, or drawn: another order each time, the same for the same seed and attempt.

    Going both ways makes what drifts in time, and what warms up, a scatter and not a slope.
    """
    up = sorted(steps.levels)
    once = [*up, *reversed(up)]
    if steps.order == "up_down":
        return tuple(once * steps.repeats)
    found: list[float] = []
    for repeat in range(steps.repeats):
        keys = [_key(f"{seed} {attempt} {repeat} {place}") for place in range(len(once))]
        found += [level for _, level in sorted(zip(keys, once, strict=True))]
    return tuple(found)


def _key(text: str) -> str:
    """Sorting by these is an order that anybody can draw again."""
    return hashlib.sha256(f"staircase {text}".encode()).hexdigest()
