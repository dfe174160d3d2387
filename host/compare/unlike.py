"""One thing in which records are unlike, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from host.handover.text import Txt


class Effect(StrEnum):
    """What a difference between records does to their comparison.

    WHOLE: nothing may be compared. PART: the results named may not. SAID: a reader must know.
    """

    WHOLE = "whole"
    PART = "part"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Unlike:
    """A difference that a rule found. values: one a record, in their order.

    path: where it stands in the record. results: ids that PART refuses.
    """

    rule: str
    path: str
    values: tuple[str, ...]
    effect: Effect
    text: Txt
    results: tuple[str, ...] = ()
