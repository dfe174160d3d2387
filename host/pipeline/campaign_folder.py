"""What lies in a campaign's folder: the campaign, its runs, and what they gave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from host.campaign.cells import Asked, asked_of
from host.campaign.evidence import Changes
from host.campaign.harvest import CellHarvest
from host.campaign.journal import Told
from host.campaign.state import VALID, Slot, State
from host.compare.subject import engine_of
from host.errors import CampaignError
from host.handover.campaign import Campaign
from host.handover.plan import Plan
from host.handover.record import Record
from host.pipeline.compare import record_of as checked
from host.pipeline.redo import redo
from host.pipeline.stored import stored_statements
from host.pipeline.write import write_page, write_record
from host.run.folder import RunFolder


def asked_in(told: Told, root: Path) -> Asked:
    """The campaign that a journal begins with. Raises CampaignError where it does not."""
    first = told.events[0] if told.events else {}
    if first.get("event") != "begin":
        raise CampaignError(str(root), "campaign.jsonl does not begin with a campaign")
    try:
        campaign = msgspec.convert(first.get("campaign"), Campaign)
        base = msgspec.convert(first.get("base"), Plan)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise CampaignError(str(root), f"campaign.jsonl begins with no campaign: {err}") from err
    return asked_of(campaign, base, str(root))


def begun_in(place: Path) -> Path | None:
    """The run folder that a visit has begun: the newest with a resolved plan; None for none."""
    made = sorted(place.glob("*/data/plan.json")) if place.is_dir() else []
    return max(made, key=lambda path: path.stat().st_mtime_ns).parents[1] if made else None


def harvest(state: State, root: Path) -> dict[str, CellHarvest]:
    """What the valid visits of a state gave.

    Raises CampaignError for a run that is gone, or whose record is not the one that was judged.
    """
    found = {name: CellHarvest() for name in state.asked.names}
    for visit in state.visits:
        if visit.status != VALID:
            continue
        folder = RunFolder(root / visit.run)
        record = record_of(folder)
        if record.verdict.status != VALID or _drafted(folder, record) != visit.record_id:
            raise CampaignError(
                str(folder.path),
                "was changed: its record is not the valid one that campaign.jsonl names;"
                " `inferometer verify` says what differs",
            )
        gather(found, visit.slot, record)
    return found


def gone_runs(state: State, root: Path) -> list[dict[str, Any]]:
    """Events of valid visits whose run folder was deleted since: they do not count any more."""
    return [
        {"event": "gone", "visit": visit.slot.folder, "run": visit.run}
        for visit in state.visits
        if visit.status == VALID and not (root / visit.run).is_dir()
    ]


def _drafted(folder: RunFolder, record: Record) -> str:
    """The identity that a record had before it was issued, as the campaign noted it."""
    statements = stored_statements(folder.path)
    return statements[0].statement.replaces if statements else record.record_id


def strays(state: State, root: Path) -> tuple[str, ...]:
    """Folders of visits that the journal does not name: what was measured and is not counted."""
    place = root / "visits"
    known = {visit.slot.folder.partition("/")[2] for visit in state.visits}
    names = (each.name for each in place.iterdir()) if place.is_dir() else ()
    return tuple(sorted(set(names) - known))


def gather(found: Mapping[str, CellHarvest], slot: Slot, record: Record) -> Changes:
    """Add one valid visit; gives in what its power is not as in the cell's first."""
    return found[slot.cell].take(record, slot.block, slot.place, counted=slot.phase == "counted")


def identity_of(record: Record) -> dict[str, str]:
    """What must stay the same from visit to visit of a cell, as the record says it."""
    return {
        "model": str(record.model_artifact.get("sha256", "")),
        "dataset": str(record.dataset.get("sha256", "")),
        "settings": record.settings_sha256,
        "engine": engine_of(record),
        "fidelity_reference": str(record.fidelity.reference.get("data_sha256", "")),
    }


def record_of(folder: RunFolder) -> Record:
    """The record of a sealed run; made now where a kill came between seal and record.

    Raises CampaignError for a run that is gone, FolderError for a record that was changed.
    """
    if not folder.path.is_dir():
        raise CampaignError(str(folder.path), "is gone: the campaign names this run")
    if not folder.record.exists():
        done = redo(folder.path)
        write_record(folder.path, done)
        write_page(folder.path, done)
    return checked(folder.record.read_bytes(), str(folder.record))
