"""`inferometer calibrate`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.calibrate_check import check
from host.cli.console import err, json_out, out, plain
from host.cli.live import watching
from host.cli.measure import INTERRUPTED, plan_of
from host.cli.run_options import AS_JSON, INVENTORY, RUNS, equipment_option, plan_options

if TYPE_CHECKING:
    from host.handover.calibration import Calibration, Stored
    from host.handover.plan import Plan
    from host.pipeline.redo import Redone

# Idle and each quarter of the CPUs: one level more than the fewest from which a line is made.
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Thirteen updates of a source that is new every second, the slowest that is common, and two more.
DWELL_S = 15.0
SOURCE = click.option(
    "--source", "sources", multiple=True, help="Store this channel only; again for more."
)


@click.group()
def calibrate() -> None:
    """Calibrate power sources of a device against a meter, and keep the result for later runs."""


@calibrate.command()
@equipment_option(
    "The equipment file with the meter, its certificate and `connect`.", required=True
)
@plan_options()
@click.option("--device", help="local, a name of the inventory, or an address; over the plan's.")
@click.option(
    "--attempts", type=click.IntRange(1), help="Staircases; over the plan's, 1 without a plan."
)
@click.option(
    "--level",
    "levels",
    type=click.FloatRange(0, 1),
    multiple=True,
    help=f"Share of the CPUs that is kept busy, again for each; {LEVELS} without.",
)
@click.option(
    "--dwell",
    "dwell_s",
    type=click.FloatRange(0.1, 3600),
    default=DWELL_S,
    show_default=True,
    help="Seconds of each step; 13 updates of the slowest source are needed.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many times up and down.",
)
@click.option(
    "--order",
    type=click.Choice(["up_down", "seeded"]),
    default="up_down",
    show_default=True,
    help="Of the steps; seeded: drawn from the plan's seed.",
)
@click.option("--reference", default="", help="The meter's channel, where there are several.")
@SOURCE
@RUNS
@INVENTORY
@AS_JSON
def run(
    equipment: Path,
    plan_file: Path | None,
    sources: tuple[str, ...],
    runs: Path,
    inventory: Path | None,
    *,
    as_json: bool,
    **over: Any,  # noqa: ANN401
) -> int:
    """Play a load staircase beside a meter, fit gain, offset and lag, and store them.

    The meter needs a certificate that holds today, else this is a comparison and is not stored.
    Exit code 0: at least one source stored; 1: done, but none; 2: bad input; 3: device, engine or
    meter failed; 130: interrupted, go on with `measure --resume`, then `calibrate store`.
    """
    from host.pipeline.measure import Files
    from host.pipeline.measure import measure as measured

    steps = {key: over.pop(key) for key in ("levels", "dwell_s", "repeats", "order", "reference")}
    plan, given = _plan(plan_file, over, steps)
    files = Files(equipment, inventory=inventory, plan=plan_file is not None)
    with watching(err()) as watch:
        done = measured(plan, given, runs, watch, files)
    if done.ended:
        err().print(
            f"{done.ended}: go on with `inferometer measure --resume {done.folder.path}`, then"
            f" `inferometer calibrate store {done.folder.path}`"
        )
        return INTERRUPTED
    return _keep(done.folder.path, done.redone, sources, as_json=as_json)


def _plan(
    plan_file: Path | None, over: dict[str, Any], steps: dict[str, Any]
) -> tuple[Plan, bytes]:
    """A plan with a staircase; what is kept as given is the outcome.

    Raises PlanError for steps that are said twice.
    """
    import msgspec

    from host.handover.plan import StaircasePlan
    from host.plan.load import dump

    if plan_file is None:
        over = {"attempts": 1, "warmups": 0, **{k: v for k, v in over.items() if v is not None}}
    plan, given = plan_of(plan_file, over)
    if plan.staircase:
        _refuse_both(steps)
    else:
        staircase = StaircasePlan(**{**steps, "levels": steps["levels"] or LEVELS})
        plan = msgspec.structs.replace(plan, staircase=staircase)
        given = dump(plan).encode()
    return plan, given


def _refuse_both(steps: Iterable[str]) -> None:
    """Raise PlanError for a step option beside a plan that has steps of its own."""
    from host.errors import PlanError

    asked = click.get_current_context().get_parameter_source
    for name in steps:
        if asked(name) is click.core.ParameterSource.COMMANDLINE:
            raise PlanError("staircase", f"stands in the plan, where {name} is to be said")


@calibrate.command()
@click.argument("folder", type=click.Path(path_type=Path))
@SOURCE
@AS_JSON
def store(folder: Path, sources: tuple[str, ...], *, as_json: bool) -> int:
    """Store what the sealed staircase run FOLDER says."""
    from host.pipeline.redo import redo

    return _keep(folder, redo(folder), sources, as_json=as_json)


def _keep(folder: Path, redone: Redone, sources: tuple[str, ...], *, as_json: bool) -> int:
    import msgspec

    from host.pipeline.calibration import NAME
    from host.pipeline.calibration_store import keep_run
    from host.state import calibration_store

    place = calibration_store.folder()
    found, kept, why = keep_run(place, folder, redone, sources)
    if as_json:
        json_out(
            {
                "run": str(folder),
                "record": str(folder / "record.json"),
                "record_id": redone.record.record_id,
                "status": redone.record.verdict.status,
                "file": str(folder / NAME),
                "calibration": msgspec.to_builtins(found),
                "stored": [str(place / f"{one.name}.json") for one in kept],
                "not_stored": why,
            }
        )
        return 0 if kept else 1
    _say(found, kept)
    console = out()
    if why:
        console.print(plain(f"not stored: {why}"))
    console.print(f"run {folder}", soft_wrap=True)
    return 0 if kept else 1


def _say(found: Calibration, kept: tuple[Stored, ...]) -> None:
    from host.report.calibration import lines_of

    console, names = out(), {one.transfer.source: one.name for one in kept}
    for transfer in found.transfers:
        for line in lines_of(transfer, found.reference):
            console.print(plain(line))
        if transfer.source in names:
            until = f"stored as {names[transfer.source]}, until {found.due}"
            console.print(f"  {until}: `measure --calibration {names[transfer.source]}`")


calibrate.add_command(check)


@calibrate.command("list")
@AS_JSON
def list_(*, as_json: bool) -> int:
    """List the stored calibrations."""
    from host.errors import CalibrationError
    from host.state import calibration_store

    place = calibration_store.folder()
    rows, odd = [], []
    for path in calibration_store.names(place):
        try:
            rows.append(_row(calibration_store.read(path)))
        except CalibrationError as error:
            odd.append(str(error))
    if as_json:
        json_out({"folder": str(place), "calibrations": rows, "unusable": odd})
        return 0
    for row in rows:
        out().print(
            plain(
                f"{row['name']}  {row['source']}  {row['word']}  {row['performed'][:10]} until"
                f" {row['due']}"
            )
        )
    for said in odd:
        err().print(plain(said))
    if not rows:
        out().print(f"no calibrations in {place}")
    return 0


def _row(one: Stored) -> dict[str, Any]:
    found = one.calibration
    return {
        "name": one.name,
        "source": one.transfer.source,
        "word": one.transfer.word,
        "performed": found.performed,
        "due": found.due.isoformat(),
        "subject": found.subject,
        "record_id": one.record_id,
    }


@calibrate.command()
@click.argument("name")
@AS_JSON
def show(name: str, *, as_json: bool) -> int:
    """Show the stored calibration NAME (or the beginning of its name)."""
    import msgspec

    from host.report.calibration import lines_of
    from host.state import calibration_store

    one = calibration_store.read(calibration_store.find(calibration_store.folder(), name))
    if as_json:
        json_out(msgspec.to_builtins(one))
        return 0
    found = one.calibration
    for line in lines_of(one.transfer, found.reference):
        out().print(plain(line))
    for line in (
        f"  made {found.performed[:10]}, until {found.due}; SHA-256 {one.sha256}",
        f"  run {found.run or '-'}, record {one.record_id or '-'}",
        *(f"  {key} {value}" for key, value in found.subject.items() if value is not None),
    ):
        out().print(plain(line))
    return 0


@calibrate.command()
@click.argument("name")
def forget(name: str) -> int:
    """Delete the stored calibration NAME; runs that used it keep their copy."""
    from host.state import calibration_store

    path = calibration_store.find(calibration_store.folder(), name)
    calibration_store.forget(path)
    out().print(f"forgot {path.stem}")
    return 0
