"""Runs a campaign: visit after visit, each a run of its own, every step in the journal first."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any, Protocol

import msgspec

from host.campaign.cells import Asked
from host.campaign.design import unit_of
from host.campaign.harvest import CellHarvest
from host.campaign.journal import CampaignJournal, Told, journal
from host.campaign.matrix import ratio_between
from host.campaign.state import VALID, Slot, State, Visit, state_of
from host.campaign.stopping import Look, look, stable, width_of_mean, width_of_ratio
from host.compare.leaves import unequal
from host.deploy.bundle import bundle
from host.errors import CampaignError, DeviceError, EquipmentError, Interrupted, UsageError
from host.handover.progress import Watch
from host.handover.record import Record
from host.handover.text import Txt
from host.pipeline.campaign_folder import (
    asked_in,
    begun_in,
    gather,
    harvest,
    identity_of,
    record_of,
)
from host.pipeline.measure import Files, measure
from host.pipeline.resume import resume
from host.plan.load import dump
from host.plan.typed import read
from host.run.folder import RunFolder
from host.run.journal import wall_label

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
                self._close_block()
            else:
                self._visit(slot)

    def _visit(self, slot: Slot) -> None:
        place = self.root / slot.folder
        begun = begun_in(place)
        if not any(v.slot == slot for v in self.state.visits):
            said = {"phase": slot.phase, "block": slot.block, "place": slot.place}
            self.note("visit_begin", **said, cell=slot.cell, **{"try": slot.attempt})
        start_s = time.monotonic()
        end = self._measured(slot, place, begun)
        self._end(slot, end, time.monotonic() - start_s)

    def _measured(self, slot: Slot, place: Path, begun: Path | None) -> Visit:
        """The visit at its end. Raises Interrupted where the user stopped it."""
        watch = self.watcher.visit(slot)
        visit = Visit(slot)
        try:
            if begun is None:
                plan = self.state.asked.cell(slot.cell).plan
                done = measure(plan, dump(plan).encode(), place, watch, self.files)
            elif RunFolder(begun).sealed:
                return self._judged(visit, begun, record_of(RunFolder(begun)))
            else:
                done = resume(begun, watch, self.files.inventory)
        except DeviceError as err:
            return _failed(visit, place, f"device-failed: {err}")
        except UsageError as err:
            if any(v.status == VALID for v in self.state.of(slot.cell)):
                raise  # it was good before: a file was moved, or this is another folder
            return _failed(visit, place, f"bad-input: {err}")
        if done.ended == "interrupted":
            raise Interrupted("stopped; the same `inferometer campaign run` goes on")
        return self._judged(visit, done.folder.path, done.redone.record)

    def _judged(self, visit: Visit, run: Path, record: Record) -> Visit:
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
            gather(self.harvests, visit.slot, record)
            for measurand in self.state.asked.campaign.measurands:
                self._id(visit.slot.cell, measurand)  # a name that fits none or two is told now
        return visit

    def _end(self, slot: Slot, end: Visit, seconds: float) -> None:
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

    def _close_block(self) -> None:
        state, rule = self.state, self.state.asked.campaign.warmup
        phase, block = state.phase, state.block
        if not state.going:
            self.note("end", reason="no-cell")
        elif phase == "warm-up" and rule is not None:
            self.note("block_end", phase=phase, block=block)
            wanted = state.asked.campaign.stop.measurand
            settled = all(
                stable(self.harvests[cell].warm.get(self._id(cell, wanted), []), rule)
                for cell in state.going
            )
            if settled or block >= rule.max:
                self.note("warmed", blocks=block, stable=settled)
        else:
            seen = self._look(block)
            self.note("block_end", phase=phase, block=block, look=seen and _plain(seen))
            if seen is not None and seen.ends:
                self.note("end", reason=seen.ends)

    def _id(self, cell: str, measurand: str) -> str:
        return self.harvests[cell].named(measurand)

    def _look(self, block: int) -> Look | None:
        asked = self.state.asked
        stop, unit = asked.campaign.stop, unit_of(asked.campaign.design, len(asked.cells))
        return look(stop, unit, block, self._widths(unit))

    def _widths(self, unit: int) -> list[float]:
        """Relative U of everything whose precision is judged."""
        asked, stop = self.state.asked, self.state.asked.campaign.stop
        going = [(cell, self._id(cell, stop.measurand)) for cell in self.state.going]
        if stop.of == "mean":
            return [width_of_mean(self.harvests[cell].values(key)) for cell, key in going]
        made = []
        for place, (a, key) in enumerate(going):
            for b, _ in going[place + 1 :]:
                found = ratio_between(asked, self.harvests[a], self.harvests[b], key, unit)
                made.append(inf if isinstance(found, Txt) else width_of_ratio(found))
        return made


def run_campaign(asked: Asked, root: Path, watcher: Watcher, files: Files) -> State:
    """Begin a campaign in this folder, or go on with the one that is there, to its end.

    Raises CampaignError where the file or the agent is not what it was begun with, Interrupted
    where the user stopped it: the same call goes on then.
    """
    with journal(root) as (notes, told):
        _begin(asked, notes, told, root, files)
        state = state_of(asked, told.events)
        harvests = harvest(state, root)
        worker = Campaigner(root, notes, state, harvests, files, watcher)
        watcher.changed(state)
        try:
            worker.go()
        except (Interrupted, KeyboardInterrupt):
            with suppress(CampaignError):  # a full disk shall not hide that the user stopped it
                notes.note("interrupted", wall=wall_label())
            raise
    return state


def _begin(asked: Asked, notes: CampaignJournal, told: Told, root: Path, files: Files) -> None:
    beside = _beside(files)
    if not told.events:
        given = {"campaign": asked.campaign, "base": asked.base}
        notes.note("begin", **msgspec.to_builtins(given), beside=beside, wall=wall_label())
        return
    begun = asked_in(told, root)
    before = {**begun.identity(), "beside": told.events[0].get("beside")}
    parts = unequal((before, {**asked.identity(), "beside": beside}))
    changed = [f"{path}: {a} -> {b}" for path, (a, b) in parts]
    if changed:
        more = f", and {len(changed) - 5} more" if len(changed) > 5 else ""  # noqa: PLR2004
        raise CampaignError(
            str(root),
            "was begun with another campaign: "
            + "; ".join(changed[:5])
            + f"{more}. Take the change back, or begin in another folder",
        )
    notes.note("go-on", wall=wall_label(), torn=told.torn)


def _beside(files: Files) -> dict[str, str]:
    """What must stay the same beside the campaign: the agent, instruments, calibrations."""
    made = {"agent": bundle().sha256, "calibrations": ", ".join(files.calibrations)}
    if files.equipment is not None:
        data = read(files.equipment, EquipmentError)
        made["equipment"] = hashlib.sha256(data).hexdigest()
    return made


def _failed(visit: Visit, place: Path, reason: str) -> Visit:
    run = begun_in(place)
    visit.status, visit.reason = "failed", reason
    visit.run = str(run.relative_to(place.parents[1])) if run else ""
    return visit


def _plain(seen: Look) -> dict[str, Any]:
    widest = seen.widest if isfinite(seen.widest) else None
    return {"blocks": seen.blocks, "widest": widest, "ends": seen.ends}
