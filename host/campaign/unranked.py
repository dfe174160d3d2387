"""What of a cell's visits forbids to rank it: it was given up, or was caught fast and wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from host.campaign.matrix import CellOutcome, Outcome
from host.campaign.state import State, Visit
from host.handover.reasons import code_of, explained
from host.handover.text import Txt, same

# Codes of a visit that no honest run of the model ends with: audit probes, the gate of fidelity,
# times and outputs that are none. One such visit among valid ones is not made good by the others,
# which the same build gave.
CAUGHT: Final = (
    "audit-repeat",
    "audit-seed",
    "audit-permuted",
    "audit-canary",
    "audit-length",
    "fidelity-gate",
    "fidelity-not-finite",
    "fidelity-vocabulary",
    "constant-times",
    "zero-time",
    "repeated-output",
)
_NO_VISIT = Txt("没有有效的访问", "no valid visit")


def with_visits(outcome: Outcome, state: State) -> Outcome:
    """The outcome with what the visits say of each cell, beside what their records say."""
    return replace(outcome, cells=tuple(_judged(cell, state) for cell in outcome.cells))


def _judged(cell: CellOutcome, state: State) -> CellOutcome:
    caught = _caught(state, cell.name)
    whys = [why for why in cell.why_unranked if not (caught and why == _NO_VISIT)]
    given_up = state.given_up.get(cell.name)
    if given_up is not None:  # what it has left is what did not fail
        whys.append(Txt(f"已放弃：{given_up}", f"given up: {given_up}"))
    return replace(cell, why_unranked=(*caught, *whys))


def _caught(state: State, cell: str) -> tuple[Txt, ...]:
    """A reason for each code that visits of a cell were caught with."""
    ended = [v for v in state.of(cell) if v.status != "open"]
    held: dict[str, list[Visit]] = {}
    for visit in ended:
        for code in dict.fromkeys(_codes(visit)):
            held.setdefault(code, []).append(visit)
    return tuple(_said(code, visits, len(ended)) for code, visits in held.items())


def _codes(visit: Visit) -> Iterator[str]:
    if visit.status == "void":
        yield from (c for part in visit.reason.split("; ") if (c := code_of(part)) in CAUGHT)


def _said(code: str, visits: list[Visit], ended: int) -> Txt:
    words = explained(code) or same(code)
    where = visits[0].slot.folder.removeprefix("visits/")
    return Txt(
        f"{ended} 次访问中 {len(visits)} 次作废：{words.zh}（{code}，首次于 {where}）",
        f"{len(visits)} of {ended} visits are void: {words.en} ({code}, first in {where})",
    )
