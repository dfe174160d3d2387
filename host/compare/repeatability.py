"""Repeatability and reproducibility of one thing from several records (ISO 5725-2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from host.compare.common import same_device
from host.compare.comparability import may_compare
from host.compare.iso5725 import MIN_REPLICATES, Precision, precision
from host.compare.measured import number
from host.compare.outliers import Flag, flags, mandel_h, mandel_k
from host.compare.pairs import Side
from host.compare.run import Comparison
from host.handover.quantity import Quantity

# Traits in which records of one thing are alike; the device is what may vary.
_OF_THE_THING = ("model", "model.sha256", "engine")
MIN_FOR_H = 3
Condition = Literal["reproducibility", "intermediate precision"]


@dataclass(frozen=True, slots=True)
class Repeatability:
    """One result over all records. groups: (label, values by attempt).

    h, k: Mandel's, by group; k None for a group of one value. flags name groups by their place.
    """

    quantity: Quantity
    groups: tuple[tuple[str, tuple[float, ...]], ...]
    precision: Precision
    h: tuple[float, ...]
    k: tuple[float | None, ...]
    flags: tuple[Flag, ...]


def other_things(comparison: Comparison) -> tuple[str, ...]:
    """Traits that show the records not to be of one thing; empty where they may be."""
    return tuple(
        each.key
        for each in comparison.subjects
        if not each.same
        and (each.key in _OF_THE_THING or each.key.startswith("runtime.settings."))
    )


def condition(sides: Sequence[Side]) -> Condition:
    """What s_R is called: `reproducibility` needs other devices or laboratories.

    Where it cannot be shown that they are others, it is intermediate precision (ISO 5725-3).
    """
    pairs = list(combinations([each.record for each in sides], 2))
    labs = {r.laboratory.name.en for s in sides if (r := s.record).laboratory is not None}
    apart = any(same_device(a, b) is False for a, b in pairs)
    return "reproducibility" if apart or len(labs) > 1 else "intermediate precision"


def repeatability(comparison: Comparison) -> tuple[Repeatability, ...]:
    """Every result that all records hold with values by attempt, two in at least one of them."""
    sides = comparison.sides
    found = []
    for key, first in sides[0].results.items():
        held = [each.results.get(key) for each in sides]
        if may_compare(key, comparison.differences) or any(m is None for m in held):
            continue
        groups = tuple(
            (each.label, _values(each.results[key].quantity, each.label)) for each in sides
        )
        sizes = [len(values) for _, values in groups]
        if min(sizes) >= 1 and max(sizes) >= MIN_REPLICATES:
            found.append(_of(first.quantity, groups))
    return tuple(found)


def _of(quantity: Quantity, groups: tuple[tuple[str, tuple[float, ...]], ...]) -> Repeatability:
    values = [group for _, group in groups]
    return Repeatability(
        quantity=quantity,
        groups=groups,
        precision=precision(values),
        h=mandel_h(values) if len(values) >= MIN_FOR_H else (),
        k=mandel_k(values) if len(values) >= MIN_FOR_H else (),
        flags=flags(values),
    )


def _values(quantity: Quantity, label: str) -> tuple[float, ...]:
    return tuple(number(text, f"{label}: {quantity.id}") for _, text in quantity.by_attempt)
