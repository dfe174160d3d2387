"""`inferometer campaign`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import err, json_out, out, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from host.campaign.cells import Asked
    from host.campaign.state import State

_DIR = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_FILE = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")


@click.group()
def campaign() -> None:
    """Measure a matrix of cells in a drawn order, until a stated precision."""


@campaign.command()
@_FILE
@click.option("--inventory", type=click.Path(path_type=Path))
@_JSON
def plan(file: Path, inventory: Path | None, *, as_json: bool) -> int:
    """Show cells, order and stages of a campaign file; nothing is measured.

    Every cell is looked at as `run` does: exit code 2 names all that cannot be measured.
    """
    from host.campaign.cells import read_campaign
    from host.cli.campaign_told import plan_json, plan_lines
    from host.pipeline.campaign_check import check_cells

    asked = read_campaign(file)
    warnings = check_cells(asked, str(file), inventory)
    if as_json:
        json_out({**plan_json(asked), "warnings": list(warnings)})
    else:
        _warn(warnings)
        for line in plan_lines(asked):
            out().print(plain(line), soft_wrap=True)
    return 0


@campaign.command()
@_FILE
@click.option(
    "--runs",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("campaign"),
    show_default=True,
    help="The campaign's folder; one that was begun is gone on with.",
)
@click.option("--equipment", type=click.Path(path_type=Path), envvar="INFEROMETER_EQUIPMENT")
@click.option("--calibration", "calibrations", multiple=True, help="As of `measure`.")
@click.option("--laboratory", type=click.Path(path_type=Path))
@click.option("--inventory", type=click.Path(path_type=Path))
@_JSON
def run(file: Path, folder: Path, *, as_json: bool, **given: Any) -> int:  # noqa: ANN401
    """Run a campaign, or go on with it after a stop, a kill or a reboot.

    Ctrl-C ends it after the attempt that is running, a second one at once; the same command goes
    on. Every cell is looked at before the first visit: a missing model, an unknown dataset or an
    engine that is not installed ends it there, with all such cells. Exit code 0: every cell has
    its valid visits; 1: a visit is void or a cell was given up; 2: bad input, or something was
    changed since; 3: every visit's device failed; 130: stopped.
    """
    from host.campaign.cells import read_campaign
    from host.cli.campaign_board import watching_campaign
    from host.pipeline.campaign import run_campaign
    from host.pipeline.campaign_check import check_cells, still_going
    from host.pipeline.measure import Files

    asked = read_campaign(file)
    _warn(check_cells(asked, str(file), given["inventory"], still_going(asked, folder)))
    files = Files(
        given["equipment"],
        given["laboratory"],
        given["inventory"],
        calibrations=given["calibrations"],
    )
    with watching_campaign(err(), beside=len(asked.lanes) > 1) as watcher:
        state = run_campaign(asked, folder, watcher, files)
    _tell(folder, asked, state, as_json=as_json)
    return _exit_code(state)


@campaign.command()
@_DIR
@_JSON
def status(folder: Path, *, as_json: bool) -> int:
    """Say how each cell of a campaign stands; it may be running."""
    from host.pipeline.campaign_report import read_folder

    asked, state, torn = read_folder(folder)
    _tell(folder, asked, state, torn, as_json=as_json)
    return 0


@campaign.command()
@_DIR
@click.option("-o", "--output", type=click.Path(path_type=Path), help="DIR/campaign.html without.")
@_JSON
def report(folder: Path, output: Path | None, *, as_json: bool) -> int:
    """Write the page of a campaign, and campaign.csv and campaign.json beside it.

    What was measured so far; the records in the folder are all that it needs.
    """
    from host.cli.campaign_told import report_lines
    from host.pipeline.campaign_report import report_of, write_report

    found = report_of(folder)
    paths = write_report(found, output or folder / "campaign.html")
    if as_json:
        json_out({**found.as_json(), "files": [str(path) for path in paths]})
    else:
        for line in report_lines(found):
            out().print(plain(line), soft_wrap=True)
        for path in paths:
            out().print(plain(str(path)), soft_wrap=True)
    return 0


def _tell(folder: Path, asked: Asked, state: State, torn: int = 0, *, as_json: bool) -> None:
    from host.cli.campaign_told import status_json, status_lines

    if as_json:
        json_out({"folder": str(folder), **status_json(asked, state, torn)})
        return
    for line in status_lines(asked, state, torn):
        out().print(plain(line), soft_wrap=True)
    out().print(plain(f"the comparison: inferometer campaign report {folder}"), soft_wrap=True)


def _warn(warnings: Iterable[str]) -> None:
    for each in warnings:
        err().print(plain(f"warning: {each}"), soft_wrap=True)


def _exit_code(state: State) -> int:
    ends = [v.status for v in state.finals()]
    if ends and all(status == "failed" for status in ends):
        given = all(v.reason.startswith("bad-input:") for v in state.finals())
        return 2 if given else 3
    return 0 if not state.given_up and all(status == "valid" for status in ends) else 1
