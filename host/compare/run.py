"""Compares records: may they be, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_uppercase
from typing import Literal

from host.compare.comparability import unlikes
from host.compare.fidelity import has_fidelity
from host.compare.pairs import Pair, Side, pairs, side, unpaired
from host.compare.subject import Subject, subjects
from host.compare.unlike import Effect, Unlike
from host.errors import UsageError
from host.handover.record import Record

MOST_RECORDS = len(ascii_uppercase)
MIN_RECORDS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Records side by side. extent: `whole`, `part` (some results are refused) or `none`.

    pairs: every other record beside the first; none where nothing may be compared. unpaired:
    (label, ids) of what only one of a pair has. ranked: every record has a fidelity result.
    """

    sides: tuple[Side, ...]
    subjects: tuple[Subject, ...]
    differences: tuple[Unlike, ...]
    extent: Literal["whole", "part", "none"]
    pairs: tuple[Pair, ...]
    unpaired: tuple[tuple[str, tuple[str, ...]], ...]
    ranked: bool

    @property
    def comparable(self) -> bool:
        """Whether all that both measured may be laid side by side."""
        return self.extent == "whole"


def sides_of(records: Sequence[Record]) -> tuple[Side, ...]:
    """The records as A, B, C ... Raises UsageError for one that stands twice."""
    if len(records) > MOST_RECORDS:
        raise UsageError("compare", f"takes {MOST_RECORDS} records at most, got {len(records)}")
    labels = ascii_uppercase[: len(records)]
    for (x, first), (y, second) in combinations(zip(labels, records, strict=True), 2):
        if first.record_id == second.record_id:
            raise UsageError("compare", f"{x} and {y} are the same record, {first.record_id}")
    return tuple(side(label, record) for label, record in zip(labels, records, strict=True))


def compare(records: Sequence[Record]) -> Comparison:
    """Compare two or more; the first is what the others are compared with."""
    if len(records) < MIN_RECORDS:
        raise UsageError("compare", "needs two records")
    sides = sides_of(records)
    found = unlikes(records)
    first, *others = sides
    none = any(each.effect is Effect.WHOLE for each in found)
    made = () if none else tuple(p for other in others for p in pairs(first, other, found))
    part = any(pair.verdict == "refused" for pair in made) or _parts(found)
    none = none or not any(p.verdict != "refused" for p in made)
    return Comparison(
        sides=sides,
        subjects=subjects(records),
        differences=found,
        extent="none" if none else "part" if part else "whole",
        pairs=made,
        unpaired=tuple(each for other in others for each in unpaired(first, other)),
        ranked=all(has_fidelity(record) for record in records),
    )


def _parts(found: Sequence[Unlike]) -> bool:
    return any(each.effect is Effect.PART for each in found)
