"""Reads a campaign's folder and makes its page, CSV and JSON; nothing is measured or changed."""

from __future__ import annotations

from pathlib import Path

from host.campaign.cells import Asked
from host.campaign.contents import contents
from host.campaign.export import csv_of, visits_csv_of
from host.campaign.journal import read_journal
from host.campaign.results import CampaignReport
from host.campaign.state import State, state_of
from host.errors import CampaignError
from host.pipeline.campaign_folder import asked_in, gone_runs, harvest, strays
from host.report.campaign_page import page
from host.run.folder import write_bytes, write_json


def read_folder(root: Path) -> tuple[Asked, State, int]:
    """The campaign of a folder, how it stands, and torn lines of its journal."""
    told = read_journal(root)
    asked = asked_in(told, root)
    return asked, state_of(asked, told.events), told.torn


def report_of(root: Path) -> CampaignReport:
    """What the campaign came to so far, from the records of its runs."""
    asked, state, _ = read_folder(root)
    for event in gone_runs(state, root):
        state.take(event)
    return CampaignReport(asked, state, harvest(state, root), strays(state, root))


def write_report(found: CampaignReport, path: Path) -> tuple[Path, ...]:
    """The page at this path, `.json`, `.csv` and `-visits.csv` beside it; their paths."""
    beside = path.with_suffix("")
    made = {
        path: page(contents(found)),
        beside.with_suffix(".csv"): csv_of(found),
        beside.with_name(f"{beside.name}-visits.csv"): visits_csv_of(found),
    }
    whole = beside.with_suffix(".json")
    try:
        for each, data in made.items():
            write_bytes(each, data)
        write_json(whole, found.as_json())
    except OSError as err:
        raise CampaignError(str(path), f"cannot be written ({err.strerror})") from err
    return (*made, whole)
