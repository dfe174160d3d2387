"""Figures that a tool on the device printed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Final

from host.fidelity.divergence import NotFiniteError
from host.fidelity.figures import Figure
from host.handover.divergence import (
    NO_ERROR,
    PERCENT,
    STATED_ERROR,
    StatedPattern,
    stated_id,
)
from host.handover.fidelity import ReferenceHead
from host.handover.pattern import Match, compiled
from host.handover.text import Txt

NUMBER_CHARACTERS = 40
LARGEST = 1e60  # as every number that is compared (host/compare/measured.py)
# What a figure can be. A divergence may come out a little below zero: its base has 16 bits.
POSSIBLE: Final = {
    "top1_agreement": (0.0, 1.0),
    "perplexity_ratio": (1 / LARGEST, LARGEST),
    "perplexity": (1.0, LARGEST),
    "reference_perplexity": (1.0, LARGEST),
}


class UnstatedError(ValueError):
    """The tool does not state a figure that its description looks for."""


def stated_figures(
    lines: Sequence[str], patterns: Mapping[str, StatedPattern], head: ReferenceHead
) -> tuple[Figure, ...]:
    """Every figure of the description, over all windows together.

    Raises UnstatedError for one that no line states, NotFiniteError for one that is no number.
    """
    positions = sum(head.rows(window) for window in head.windows)
    return tuple(
        Figure(stated_id(name), "all", value, u, len(head.windows), positions, rule)
        for name, how in patterns.items()
        for value, u, rule in _read(lines, name, how)
    )


def _read(
    lines: Sequence[str], name: str, how: StatedPattern
) -> Iterator[tuple[float, float | None, Txt]]:
    found = _last(lines, how.pattern)
    if found is None:
        raise UnstatedError(f"nothing fits divergence.figures.{name}")
    said, parts = found.groupdict(), 100.0 if how.unit == PERCENT else 1.0
    error = said.get("error")
    value = _number(name, said.get("value")) / parts
    _check(name, value, *POSSIBLE.get(name, (-LARGEST, LARGEST)))
    if error is None:
        yield value, None, NO_ERROR
    else:
        u = _number(name, error) / parts
        _check(f"the error of {name}", u, 0.0, LARGEST)
        yield value, u, STATED_ERROR


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UnstatedError(f"the tool states {value:g} for {name}, which cannot be")


def _last(lines: Sequence[str], pattern: str) -> Match | None:
    search = compiled(pattern).search
    return next((found for line in reversed(lines) if (found := search(line))), None)


def _number(name: str, text: str | None) -> float:
    said = (text or "")[:NUMBER_CHARACTERS]
    try:
        value = float(said if said.isascii() and "_" not in said else "none")
    except ValueError as err:
        raise UnstatedError(f"divergence.figures.{name}: {said!r} is no number") from err
    if not isfinite(value):
        raise NotFiniteError(f"the tool states {said} for {name}")
    return value
