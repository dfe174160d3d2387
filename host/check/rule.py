"""A rule: an id, what must hold, and the function that finds where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from host.handover.case import Case
from host.handover.text import Txt


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a rule does not hold. seen: what is there, with its number and limit."""

    file: str
    seen: Txt


@dataclass(frozen=True, slots=True)
class Rule:
    """id: lower-case words joined by hyphens, never used again for another meaning."""

    id: str
    holds: Txt
    breaches: Callable[[Case], Iterator[Breach]]


def breach(file: str, zh: str, en: str) -> Breach:
    """A breach seen in a file of the run folder."""
    return Breach(file, Txt(zh, en))


def attempt_file(number: int, name: str = "") -> str:
    """The path of an attempt's folder, or of a file in it."""
    return f"data/attempts/{number:03d}" + (f"/{name}" if name else "")
