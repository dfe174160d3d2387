"""What lies in a campaign's folder: the campaign, its runs, and what they gave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from host.campaign.cells import Asked, asked_of
from host.campaign.harvest import CellHarvest
from host.campaign.journal import Told
from host.campaign.state import VALID, Slot, State
from host.compare.subject import engine_of
from host.errors import CampaignError
from host.handover.campaign import Campaign
from host.handover.plan import Plan
from host.handover.record import Record
from host.pipeline.redo import redo
from host.pipeline.write import write_page, write_record
from host.run.folder import RunFolder
from host.schema.upgrade import read_record


def asked_in(told: Told, root: Path) -> Asked:
    """The campaign that a journal begins with. Raises CampaignError where it does not."""
    first = told.events[0] if told.events else {}
    if first.get("event") != "begin":
        raise CampaignError(str(root), "campaign.jsonl does not begin with a campaign")
    try:
        campaign = msgspec.convert(first.get("campaign"), Campaign)
        base = msgspec.convert(first.get("base"), Plan)
    except msgspec.ValidationError as err:
        raise CampaignError(str(root), f"campaign.jsonl begins with no campaign: {err}") from err
    return asked_of(campaign, base, str(root))


def begun_in(place: Path) -> Path | None:
    """The run folder that a visit has begun: the newest with a resolved plan; None for none."""
    made = sorted(place.glob("*/data/plan.json")) if place.is_dir() else []
    return max(made, key=lambda path: path.stat().st_mtime_ns).parents[1] if made else None


def harvest(state: State, root: Path) -> dict[str, CellHarvest]:
    """What the valid visits of a state gave. Raises CampaignError for a run that is gone."""
    found = {name: CellHarvest() for name in state.asked.names}
    for visit in state.visits:
        if visit.status != VALID:
            continue
        record = record_of(RunFolder(root / visit.run))
        if identity_of(record) != dict(visit.identity):
            raise CampaignError(str(root / visit.run), "is not the run that the journal names")
        gather(found, visit.slot, record)
    return found


def gone_runs(state: State, root: Path) -> list[dict[str, Any]]:
    """Events of valid visits whose run folder was deleted since: they do not count any more."""
    return [
        {"event": "gone", "visit": visit.slot.folder, "run": visit.run}
        for visit in state.visits
        if visit.status == VALID and not (root / visit.run).is_dir()
    ]


def gather(found: Mapping[str, CellHarvest], slot: Slot, record: Record) -> None:
    """Add one valid visit."""
    found[slot.cell].take(record, slot.block, slot.place, counted=slot.phase == "counted")


def identity_of(record: Record) -> dict[str, str]:
    """What must stay the same from visit to visit of a cell, as the record says it."""
    return {
        "model": str(record.model_artifact.get("sha256", "")),
        "dataset": str(record.dataset.get("sha256", "")),
        "settings": record.settings_sha256,
        "engine": engine_of(record),
    }


def record_of(folder: RunFolder) -> Record:
    """The record of a sealed run; made now where a kill came between seal and record."""
    if not folder.path.is_dir():
        raise CampaignError(str(folder.path), "is gone: the campaign names this run")
    if not folder.record.exists():
        done = redo(folder.path)
        write_record(folder.path, done)
        write_page(folder.path, done)
    return read_record(folder.record.read_bytes(), str(folder.record))
