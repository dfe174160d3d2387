"""A campaign at work: what is noted of each visit and block, and one visit after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any, Protocol

from host.campaign.cells import Cell
from host.campaign.circumstances import judged_pairs
from host.campaign.evidence import said_of
from host.campaign.harvest import CellHarvest
from host.campaign.journal import CampaignJournal
from host.campaign.matrix import ratio_between
from host.campaign.state import VALID, Slot, State, Visit
from host.campaign.stopping import Look, look, stable, width_of_mean, width_of_ratio
from host.errors import CampaignError, Interrupted
from host.handover.campaign import WarmUpRule
from host.handover.progress import Watch
from host.handover.record import Record
from host.handover.text import Txt
from host.pipeline.campaign_folder import begun_in, gather, identity_of, record_of
from host.pipeline.campaign_visit import GOES_ON, Ended, make_visit
from host.pipeline.measure import Files
from host.run.folder import RunFolder

# Of a message that goes into the journal; the run folder has it in full.
_REASON_CHARACTERS = 500


class Watcher(Protocol):
    """Who looks on: told of each change of state, and gives the watch of the visit that begins."""

    def changed(self, state: State) -> None: ...

    def visit(self, slot: Slot) -> Watch: ...


@dataclass(frozen=True, slots=True)
class Campaigner:
    """A campaign at work: its folder, journal, state and what its visits gave."""

    root: Path
    notes: CampaignJournal
    state: State
    harvests: Mapping[str, CellHarvest]
    files: Files
    watcher: Watcher

    def note(self, event: str, **said: Any) -> None:  # noqa: ANN401
        """Into the journal, then into the state."""
        self.state.take(self.notes.note(event, **said))
        self.watcher.changed(self.state)

    def go(self) -> None:
        """Visit after visit until it has ended. Raises Interrupted where the user stopped it."""
        while not self.state.ended:
            slot = self.state.due()
            if slot is None:
                self.close_block()
            else:
                start_s = time.monotonic()
                cell, watch = self.begin(slot), self.watcher.visit(slot)
                ended = make_visit(cell, self.place(slot), watch, self.files)
                self.end(slot, ended, time.monotonic() - start_s)

    def place(self, slot: Slot) -> Path:
        """Where the run folder of a visit lies."""
        return self.root / slot.folder

    def begin(self, slot: Slot) -> Cell:
        """Note that a visit begins, unless it was begun before. Gives its cell."""
        if not any(v.slot == slot for v in self.state.visits):
            said = {"phase": slot.phase, "block": slot.block, "place": slot.place}
            self.note("visit_begin", **said, cell=slot.cell, **{"try": slot.attempt})
        return self.state.asked.cell(slot.cell)

    def end(self, slot: Slot, ended: Ended, seconds: float) -> None:
        """Note how a visit ended. Raises Interrupted or CampaignError where all stops with it."""
        if ended.interrupted:
            raise Interrupted(f"stopped; {GOES_ON}")
        if ended.stopped:
            raise CampaignError(
                str(self.root), f"stopped: {ended.stopped}; when that is put right, {GOES_ON}"
            )
        if ended.failed.startswith("bad-input:") and self.state.identity(slot.cell):
            # It was good before: a file was moved, or this is another folder.
            raise CampaignError(
                str(self.root), f"stopped: {ended.failed}; put it right, then {GOES_ON}"
            )
        visit = Visit(slot)
        if ended.run is None:
            run = begun_in(self.place(slot))
            visit.status, visit.reason = "failed", ended.failed
            visit.run = str(run.relative_to(self.root)) if run else ""
        else:
            self._judge(visit, ended.run, record_of(RunFolder(ended.run)))
        self._noted(slot, visit, seconds)

    def _judge(self, visit: Visit, run: Path, record: Record) -> None:
        visit.run, visit.record_id = str(run.relative_to(self.root)), record.record_id
        visit.identity = identity_of(record)
        verdict = record.verdict
        visit.status = VALID if verdict.status == VALID else "void"
        visit.reason = "; ".join(verdict.reasons) if visit.status == "void" else ""
        before = self.state.identity(visit.slot.cell)
        changed = [k for k, v in before.items() if visit.identity.get(k) != v]
        if visit.status == VALID and changed:
            visit.status = "changed"
            what = ", ".join(f"{k}: {before[k]} -> {visit.identity.get(k)}" for k in changed)
            visit.reason = f"cell-changed: {what}"
        if visit.status == VALID:
            visit.reason = said_of(gather(self.harvests, visit.slot, record))
            for measurand in self.state.asked.campaign.measurands:
                self._ids(visit.slot.cell, measurand)  # a name that fits two is told now

    def _noted(self, slot: Slot, end: Visit, seconds: float) -> None:
        self.note(
            "visit_end",
            cell=slot.cell,
            status=end.status,
            reason=end.reason[:_REASON_CHARACTERS],
            run=end.run,
            record_id=end.record_id,
            identity=dict(end.identity),
            seconds=round(seconds, 3),
        )
        why = self.state.hopeless(slot.cell)
        if not why and end.reason.startswith("bad-input:"):
            why = end.reason[:_REASON_CHARACTERS]  # the same file will not get better by itself
        if why:
            self.note("give_up", cell=slot.cell, reason=why)

    def close_block(self) -> None:
        """The block is full: look at the precision, and say whether all is over."""
        state, rule = self.state, self.state.asked.campaign.warmup
        phase, block = state.phase, state.block
        if not state.going:
            self.note("end", reason="no-cell")
        elif phase == "warm-up" and rule is not None:
            self.note("block_end", phase=phase, block=block)
            self._refuse_nothing()
            settled = all(self._settled(cell, rule) for cell in state.going)
            if settled or block >= rule.max:
                self.note("warmed", blocks=block, stable=settled)
        else:
            self._refuse_nothing()
            seen = self._look(block)
            self.note("block_end", phase=phase, block=block, look=seen and _plain(seen))
            if seen is not None and seen.ends:
                self.note("end", reason=seen.ends)

    def _ids(self, cell: str, measurand: str) -> tuple[str, ...]:
        return self.harvests[cell].meant(measurand)

    def _refuse_nothing(self) -> None:
        """Raises CampaignError for a measurand that no cell has, once all had a visit.

        Of one load or engine a cell may lack what others have; a name that all lack is a mistake.
        """
        visited = [h for h in self.harvests.values() if h.seen or h.warm]
        for measurand in self.state.asked.campaign.measurands:
            lacking = visited and not any(h.meant(measurand) or h.owes(measurand) for h in visited)
            if lacking:
                said = f"the records of no cell have a result {measurand}"
                raise CampaignError(str(self.root), f"stopped: measurands: {said}")

    def _settled(self, cell: str, rule: WarmUpRule) -> bool:
        """Whether a cell is warm, in all that [stop] judges of it; what it lacks is not judged."""
        wanted = self.state.asked.campaign.stop.measurand
        warm = self.harvests[cell].warm
        values = [warm.get(each, []) for each in self._ids(cell, wanted)]
        return not self._owed(cell, wanted) and all(stable(each, rule) for each in values)

    def _owed(self, cell: str, measurand: str) -> bool:
        """Whether a cell should have a result that it has not; not where its load has no such."""
        found = self.harvests[cell]
        if found.meant(measurand):
            return False
        return not (found.seen or found.warm) or found.owes(measurand)

    def _look(self, block: int) -> Look | None:
        asked = self.state.asked
        stop, unit = asked.campaign.stop, asked.unit
        return look(stop, unit, block, self._widths(unit))

    def _widths(self, unit: int) -> list[float]:
        """Relative U of everything whose precision is judged."""
        asked, stop, held = self.state.asked, self.state.asked.campaign.stop, self.harvests
        ids = {cell: self._ids(cell, stop.measurand) for cell in self.state.going}
        owed = [inf for cell in ids if self._owed(cell, stop.measurand)]
        if stop.of == "mean":
            means = (width_of_mean(held[c].values(key)) for c, keys in ids.items() for key in keys)
            return [*owed, *means]
        made = []
        for a, b in judged_pairs(asked, tuple(ids)):
            for key in dict.fromkeys((*ids[a], *ids[b])):
                found = ratio_between(asked, held[a], held[b], key, unit)
                made.append(inf if isinstance(found, Txt) else width_of_ratio(found))
        return [*owed, *made]


def _plain(seen: Look) -> dict[str, Any]:
    widest = seen.widest if isfinite(seen.widest) else None
    return {"blocks": seen.blocks, "widest": widest, "ends": seen.ends}
