"""`inferometer measure`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import err, json_out, out, plain
from host.cli.live import watching
from host.cli.run_options import (
    AS_JSON,
    DATASET,
    INVENTORY,
    OUTPUT_TOKENS,
    RESUME,
    RUNS,
    equipment_option,
    plan_options,
)

if TYPE_CHECKING:
    from host.handover.audit_plan import AuditPlan
    from host.handover.plan import Plan
    from host.pipeline.measure import Files, Measured
    from host.run.folder import RunFolder

INTERRUPTED = 130


@click.command()
@plan_options("auto, llama_cpp, onnx_genai, command or replay")
@DATASET
@click.option(
    "--attempts", type=click.IntRange(1), help="Fresh loads of the model; over the plan's."
)
@OUTPUT_TOKENS
@RUNS
@equipment_option("Instruments and certificates in use, TOML; a resumed run keeps its own.")
@click.option(
    "--calibration",
    "calibrations",
    multiple=True,
    help="A transfer calibration that corrects a source: file, stored name, or auto for the newest"
    " that fits each source; again for more. None is used without it.",
)
@click.option(
    "--laboratory",
    type=click.Path(path_type=Path),
    help="The laboratory file; the usual one when left out, if there is one.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    help="local, a name of the inventory, or an address (ssh:user@host, adb:SERIAL, ...); given"
    " more than once, all at the same time; over the plan's.",
)
@INVENTORY
@click.option(
    "--detach", "detached", is_flag=True, help="Hand the run over and leave; see `collect`."
)
@click.option(
    "--audit",
    is_flag=True,
    help="Audit probes after the attempts, with the usual limits where the plan has no [audit]:"
    " four more attempts.",
)
@RESUME
@click.option("--dry-run", is_flag=True, help="Show the plan as it would be run, as TOML.")
@AS_JSON
def measure(
    plan_file: Path | None,
    runs: Path,
    resumed: Path | None,
    devices: tuple[str, ...],
    *,
    as_json: bool,
    **over: Any,  # noqa: ANN401
) -> int:
    """Measure a model on a device and write a record.

    Without arguments: this machine, the small INT4 reference model, the smoke dataset; a record
    and a page in under a minute. Exit code 0: valid; 1: done but void; 2: bad input; 3: device or
    engine failed; 130: interrupted, go on with --resume. Without a plan file the gates are those
    of the device's profile, as far as it shows what they look at; --dry-run prints them.
    """
    from host.pipeline.measure import Files
    from host.pipeline.measure import measure as run
    from host.pipeline.resume import resume

    dry_run, detached = over.pop("dry_run"), over.pop("detached")
    named = (over.pop("equipment"), over.pop("laboratory"), over.pop("inventory"))
    files = Files(*named, plan_file is not None, over.pop("calibrations"))
    if resumed is not None:
        with watching(err()) as watch:
            return tell(resume(resumed, watch, files.inventory), as_json=as_json)
    if len(devices) == 1:
        over["device"] = devices[0]
    over["audit"] = usual_audit() if over["audit"] else None
    plan, given = plan_of(plan_file, over)
    _say_audit(plan)
    if dry_run:
        return _dry(plan, files, as_json=as_json)
    if detached:
        return _detach(plan, given, runs, files, as_json=as_json)
    if len(devices) > 1:
        from host.cli.many import measure_all

        return measure_all(plan, tuple(dict.fromkeys(devices)), runs, files, as_json=as_json)
    with watching(err()) as watch:
        done = run(plan, given, runs, watch, files)
    return tell(done, as_json=as_json)


def usual_audit() -> AuditPlan:
    """The probes of `--audit`."""
    from host.handover.audit_plan import DEFAULT_AUDIT

    return DEFAULT_AUDIT


def _say_audit(plan: Plan) -> None:
    """Say what the probes of a plan cost."""
    from host.handover.audit_plan import attempts_of

    if plan.audit:
        more = len(attempts_of(plan.audit))
        err().print(
            f"audit: {', '.join(plan.audit.probes)}: {more} more attempts after the"
            f" {plan.run.attempts} scored ones"
        )


def _detach(plan: Plan, given: bytes, runs: Path, files: Files, *, as_json: bool) -> int:
    """Hand the run over to the device; say where it will be collected from."""
    from host.pipeline.measure import detach

    with watching(err()) as watch:
        folder = detach(plan, given, runs, watch, files)
    if as_json:
        json_out({"run": str(folder.path), "status": "detached"})
    else:
        out().print(f"runs on {plan.device} by itself; the link may go now")
        out().print(f"later: inferometer collect {folder.path}", soft_wrap=True)
    return 0


def plan_of(plan_file: Path | None, over: dict[str, Any]) -> tuple[Plan, bytes]:
    """The plan with the options over it; what is kept as given is the outcome of both."""
    from host.plan.load import default, dump, load, override

    plan, given = load(plan_file) if plan_file else default()
    changed = override(plan, {k: v for k, v in over.items() if v is not None})
    return (plan, given) if changed == plan else (changed, dump(changed).encode())


def _dry(plan: Plan, files: Files, *, as_json: bool) -> int:
    """Print the resolved plan: TOML that can be saved and run, or everything as JSON."""
    import msgspec

    from host.pipeline.measure import prepare
    from host.plan.load import dump, settled

    with watching(err()) as watch:
        resolved = prepare(plan, watch, files)
    if as_json:
        json_out(msgspec.to_builtins(resolved))
    else:
        print(dump(settled(resolved)), end="")
    return 0


def tell(done: Measured, *, as_json: bool) -> int:
    """Show a finished run; the exit code."""
    from host.report.terminal import show

    record = done.redone.record
    if as_json:
        json_out(summary(done.folder))
    else:
        show(out(), record, done.folder.path, done.folder.page)
    _say_lookup(done)
    if done.ended in ("disk-full", "spool-unwritable"):
        err().print(f"{done.ended} on the device: make room, then --resume {done.folder.path}")
        return 2
    if done.ended:
        name = done.folder.path
        err().print(
            f"interrupted: go on with `inferometer measure --resume {name}`, "
            f"or close it as it is with `inferometer seal {name}`"
        )
        return INTERRUPTED
    return 0 if record.verdict.status == "valid" else 1


def _say_lookup(done: Measured) -> None:
    """Say that a stored on/off result is there and was not used; that there is none is usual."""
    if done.lookup is None or not done.lookup.reason:
        return
    if not done.lookup.reason.startswith("not-measured"):
        err().print(
            f"the agent's own cost is not in the budgets: {plain(done.lookup.reason)};"
            " `inferometer perturbation` measures it anew"
        )


def summary(folder: RunFolder) -> dict[str, Any]:
    """What `--json` prints: where things are, the verdict, the record's results.

    stated: what a native runner says of itself, which is no result of ours.
    """
    import json

    from host.handover.stated import STATED

    record = json.loads(folder.record.read_bytes())
    counts = record["attempts"]
    return {
        "run": str(folder.path),
        "record": str(folder.record),
        "report": str(folder.page),
        "record_id": record["record_id"],
        "status": record["verdict"]["status"],
        "reasons": record["verdict"]["reasons"],
        "attempts": {k: counts[k] for k in ("planned", "valid", "void", "incomplete")},
        "settings_sha256": record["settings_sha256"],
        "audit": {one["probe"]: one["outcome"] for one in record["audit"]},
        "results": record["results"],
        "stated": [q for q in record["conventions"] if q["measurand_id"] in STATED],
    }
