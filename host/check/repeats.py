"""The requests of an attempt whose load lasts: gone through again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import UnsetType

from host.handover.load_shape import LoadPlan, shape_of

T = TypeVar("T")


def repeated(
    planned: Sequence[T], warmups: int, load: LoadPlan | UnsetType, count: int
) -> list[T]:
    """As planned; of a sustained load the scored ones in a circle until there are `count`.

    planned: warm-ups and each scored request once. None of them is ever left out.
    """
    scored = planned[warmups:]
    if shape_of(load) != "sustained" or not scored:
        return list(planned)
    again = (scored[place % len(scored)] for place in range(count - len(planned)))
    return [*planned, *again]
