"""Runs a campaign: visit after visit, each a run of its own, every step in the journal first."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import msgspec

from host.campaign.cells import Asked
from host.campaign.journal import CampaignJournal, Told, journal, read_journal
from host.campaign.state import State, state_of
from host.compare.leaves import unequal
from host.deploy.bundle import bundle
from host.errors import CampaignError, EquipmentError, Interrupted
from host.pipeline.campaign_beside import go_beside
from host.pipeline.campaign_folder import asked_in, gone_runs, harvest
from host.pipeline.campaign_visit import GOES_ON
from host.pipeline.campaign_worker import Campaigner, Watcher
from host.pipeline.measure import Files
from host.plan.typed import read
from host.run.journal import wall_label


def run_campaign(asked: Asked, root: Path, watcher: Watcher, files: Files) -> State:
    """Begin a campaign in this folder, or go on with the one that is there, to its end.

    Raises CampaignError where the file or the agent is not what it was begun with, Interrupted
    where the user stopped it: the same call goes on then.
    """
    with journal(root) as (notes, told):
        _begin(asked, notes, told, root, files)
        state = state_of(asked, told.events)
        for event in gone_runs(state, root):
            state.take(notes.note(**event))
        harvests = harvest(state, root)
        worker = Campaigner(root, notes, state, harvests, files, watcher)
        watcher.changed(state)
        try:
            _drive(worker)
        except (Interrupted, KeyboardInterrupt) as err:
            with suppress(CampaignError):  # a full disk shall not hide that the user stopped it
                # Counted anew: Ctrl-C may have come between a line and its being counted.
                written = len(read_journal(root).events)
                CampaignJournal(root, written).note("interrupted", wall=wall_label())
            raise Interrupted(f"stopped; {GOES_ON}") from err
    return state


def _drive(worker: Campaigner) -> None:
    """To its end: one visit at a time, or one on each device."""
    if len(worker.state.asked.lanes) == 1:
        worker.go()
    else:
        go_beside(worker)


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
