"""One injection: what is broken, on what, and what came of it."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class Outcome(enum.StrEnum):
    """How it ended. Only the first two may ever happen."""

    RECOVERED = "recovered"
    REPORTED = "reported"
    LOST = "LOST"
    WRONG = "WRONG SEAL"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one injection came to.

    acknowledged: readings, lines or messages that the writer had said were written.
    lost: how many of them were not to be had afterwards. fired: whether the fault struck at all.
    """

    outcome: Outcome
    detail: str
    acknowledged: int = 0
    lost: int = 0
    fired: bool = True


class BrokenError(AssertionError):
    """Something that must hold does not: (what)."""


class WrongSealError(BrokenError):
    """A folder that is called sealed and is not right: (what)."""


def need(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises BrokenError, which is counted as LOST."""
    if not holds:
        raise BrokenError(what)


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of injection. play: takes an empty folder and draws what to break, and when.

    fault: row of the table, F1 to F18. weight: how often it is drawn beside the others of its
    row. why_not: why it cannot be had on this machine, "" when it can.
    """

    fault: str
    name: str
    play: Callable[[Path, random.Random], Seen]
    why_not: Callable[[], str] = lambda: ""
    weight: int = 10


def broken(what: str) -> BrokenError:
    """To be raised where something should have been told and was not."""
    return BrokenError(what)


def recovered(detail: str, acknowledged: int = 0, *, fired: bool = True) -> Seen:
    return Seen(Outcome.RECOVERED, detail, acknowledged, fired=fired)


def reported(detail: str, acknowledged: int = 0, *, fired: bool = True) -> Seen:
    return Seen(Outcome.REPORTED, detail, acknowledged, fired=fired)


def struck(case: Case, place: Path, draw: random.Random) -> Seen:
    """Play a case; what breaks a promise is an outcome of its own."""
    try:
        return case.play(place, draw)
    except WrongSealError as err:
        return Seen(Outcome.WRONG, str(err))
    except Exception as err:  # noqa: BLE001 - a traceback is an outcome, and the next one goes on
        return Seen(Outcome.LOST, f"{type(err).__name__}: {err}"[:1500], 0, 1)
