"""Where a campaign stands: built from its journal alone, event by event."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, Literal

from host.campaign.cells import Asked
from host.campaign.design import order, warm_up_order
from host.errors import CampaignError
from host.handover.reasons import code_of

Phase = Literal["warm-up", "counted"]
VALID: Final = "valid"
# What becomes of a visit; `open` is one that was begun and has not ended.
STATUSES: Final = ("open", VALID, "void", "failed", "changed", "gone")
# A run folder in the folder of its visit, below the campaign's own and nowhere else.
_RUN: Final = re.compile(r"visits/(?!\.\.?/)[^/\0]+/(?!\.\.?\Z)[^/\0]+\Z")


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit that is due: the cell, its block, its place there from 0, which try from 1."""

    phase: Phase
    block: int
    place: int
    cell: str
    attempt: int = 1

    @property
    def folder(self) -> str:
        """The visit's folder in the campaign's, one for each try."""
        letter = "w" if self.phase == "warm-up" else "b"
        again = f"-try{self.attempt}" if self.attempt > 1 else ""
        return f"visits/{letter}{self.block:03d}-{self.cell}{again}"


@dataclass(slots=True)
class Visit:
    """A visit that was begun. reason: `code: detail`. run: its run folder, "" where none is.

    identity: what was measured, as its record says. seconds: by this host's monotonic clock.
    """

    slot: Slot
    status: str = "open"
    reason: str = ""
    run: str = ""
    record_id: str = ""
    identity: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(slots=True)
class State:
    """All visits in their order, the blocks that are closed, and how it stands.

    stable: whether the warm-up rule was kept when warm-up ended; None before, or without a rule.
    looks: of stopping.Look as JSON. ended: `precision`, `cap`, `no-cell`, "" while it goes on.
    """

    asked: Asked
    visits: list[Visit] = field(default_factory=list)
    closed: dict[Phase, int] = field(default_factory=lambda: {"warm-up": 0, "counted": 0})
    warmed: bool = False
    stable: bool | None = None
    given_up: dict[str, str] = field(default_factory=dict)
    looks: list[Mapping[str, Any]] = field(default_factory=list)
    ended: str = ""

    def __post_init__(self) -> None:
        self.warmed = self.asked.campaign.warmup is None

    @property
    def phase(self) -> Phase:
        return "counted" if self.warmed else "warm-up"

    @property
    def block(self) -> int:
        """The block that is being filled."""
        return self.closed[self.phase] + 1

    @property
    def going(self) -> tuple[str, ...]:
        """Cells that have not been given up."""
        return tuple(name for name in self.asked.names if name not in self.given_up)

    def of(self, cell: str) -> list[Visit]:
        return [visit for visit in self.visits if visit.slot.cell == cell]

    def due(self, lane: int = 0) -> Slot | None:
        """The visit that is due in this block; None where the block is full.

        lane: of `Asked.lanes`, where several devices are visited beside each other.
        """
        for place, cell in enumerate(self._order(self.asked.lanes[lane][1])):
            if cell in self.given_up:
                continue
            slot = Slot(self.phase, self.block, place, cell)
            last = self._last(slot)
            if last is None:
                return slot
            if last.status == "open":
                return last.slot
            if self._again(last):
                return Slot(self.phase, self.block, place, cell, last.slot.attempt + 1)
        return None

    def _order(self, names: Sequence[str]) -> tuple[str, ...]:
        campaign = self.asked.campaign
        if self.phase == "warm-up":
            return warm_up_order(names, campaign.seed, self.block)
        return order(campaign.design, names, campaign.seed, self.block)

    def _last(self, slot: Slot) -> Visit | None:
        same = (slot.phase, slot.block, slot.cell)
        for visit in reversed(self.visits):
            if (visit.slot.phase, visit.slot.block, visit.slot.cell) == same:
                return visit
        return None

    def _again(self, last: Visit) -> bool:
        """Whether the file said in advance that this end is tried again."""
        rule = self.asked.campaign.retries
        if last.status == VALID or last.slot.attempt > rule.most:
            return False
        return code_of(last.reason) in rule.reasons

    def hopeless(self, cell: str) -> str:
        """Why a cell is to be given up now, or ""."""
        ends = [v for v in self.of(cell) if v.status != "open" and not self._again(v)]
        rule = self.asked.campaign.retries.give_up_after
        last = ends[-rule:]
        if len(last) < rule or any(v.status == VALID for v in last):
            return ""
        return f"{rule} visits in a row without a valid result; the last: {last[-1].reason}"

    def identity(self, cell: str) -> Mapping[str, str]:
        """What the cell's first valid visit measured; {} before one."""
        return next((v.identity for v in self.of(cell) if v.status == VALID), {})

    def finals(self) -> list[Visit]:
        """The last try of every visit."""
        last = {(v.slot.phase, v.slot.block, v.slot.cell): v for v in self.visits}
        return list(last.values())

    def counted(self, cell: str) -> list[Visit]:
        """Valid visits that count."""
        return [v for v in self.of(cell) if v.status == VALID and v.slot.phase == "counted"]

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of the journal. Raises CampaignError for one that cannot follow."""
        try:
            _TAKERS.get(str(event["event"]), _nothing)(self, event)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as err:
            said = f"line {event.get('n')} is no event of a campaign ({err})"
            raise CampaignError("campaign.jsonl", said) from err


def state_of(asked: Asked, events: Iterable[Mapping[str, Any]]) -> State:
    """The state after these events."""
    state = State(asked)
    for event in events:
        state.take(event)
    return state


def _nothing(state: State, event: Mapping[str, Any]) -> None:
    """Events that change nothing: begin, go-on, interrupted."""


def _visit_begin(state: State, event: Mapping[str, Any]) -> None:
    phase: Phase = "warm-up" if event["phase"] == "warm-up" else "counted"
    where = (int(event["block"]), int(event["place"]), str(event["cell"]), int(event["try"]))
    if where[2] not in state.asked.names:
        raise ValueError(f"{where[2]} is no cell")
    state.visits.append(Visit(Slot(phase, *where)))


def _visit_end(state: State, event: Mapping[str, Any]) -> None:
    cell = event["cell"]
    visit = next((v for v in reversed(state.visits) if v.slot.cell == cell), None)
    if event["status"] not in STATUSES or visit is None or visit.status != "open":
        raise ValueError("it ends a visit that was not begun")
    visit.status = str(event["status"])
    visit.reason = _words(event["reason"])
    visit.run = _run(str(event["run"]))
    visit.record_id = str(event["record_id"])
    visit.identity = {str(k): str(v) for k, v in event["identity"].items()}
    visit.seconds = _seconds(event["seconds"])


def _words(said: object) -> str:
    """Text that any file takes: half of a surrogate pair becomes a question mark."""
    return str(said).encode("utf-8", "replace").decode()


def _seconds(said: Any) -> float:  # noqa: ANN401 - whatever a line holds
    found = float(said)
    if not 0 <= found < inf:
        raise ValueError(f"{found} is no time that a visit took")
    return found


def _run(text: str) -> str:
    """The folder of a run in a visit's, "" where there is none. Raises ValueError for another."""
    if text and not _RUN.match(text):
        raise ValueError(f"{text[:100]!r} is no run of a visit")
    return text


def _gone(state: State, event: Mapping[str, Any]) -> None:
    """A run folder that was deleted: it does not count from here on, wherever it turns up."""
    visit = next((v for v in state.visits if v.slot.folder == event["visit"]), None)
    if visit is None:
        raise ValueError("it speaks of a visit that was not begun")
    visit.status, visit.reason = "gone", f"run-gone: {event['run']}"


def _give_up(state: State, event: Mapping[str, Any]) -> None:
    state.given_up[_words(event["cell"])] = _words(event["reason"])


def _block_end(state: State, event: Mapping[str, Any]) -> None:
    phase: Phase = "warm-up" if event["phase"] == "warm-up" else "counted"
    state.closed[phase] = int(event["block"])
    if event.get("look"):
        state.looks.append(dict(event["look"]))


def _warmed(state: State, event: Mapping[str, Any]) -> None:
    state.warmed, state.stable = True, bool(event["stable"])


def _end(state: State, event: Mapping[str, Any]) -> None:
    state.ended = str(event["reason"])


_TAKERS: Final = {
    "visit_begin": _visit_begin,
    "visit_end": _visit_end,
    "gone": _gone,
    "give_up": _give_up,
    "block_end": _block_end,
    "warmed": _warmed,
    "end": _end,
}
