"""`inferometer perturbation`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli.console import err, json_out, out
from host.cli.live import watching
from host.cli.measure import INTERRUPTED, plan_of
from host.cli.run_options import (
    AS_JSON,
    DATASET,
    OUTPUT_TOKENS,
    RESUME,
    RUNS,
    equipment_option,
    plan_options,
)

if TYPE_CHECKING:
    from rich.console import Console

    from host.handover.perturbation import OnOff, RatioField
    from host.pipeline.measure import Measured

# With n pairs U = t(n-1) s/sqrt(n): 1.2 s for 5 pairs, 0.72 s for 10, 0.47 s for 20. Where pairs
# scatter by 1 %, 10 tell a cost of 1 % from none; from there on twice the time gains a third.
PAIRS = 10
# Our choice: what the agent costs shall be known to a few times the 1 % that it may cost.
NOISY = 0.05
# Of the whole run, in the order in which they are told; the file holds all others.
TOLD = (
    "decode_rate@1",
    "prefill_rate@1",
    "time_to_first_token@1",
    "inter_token_interval@1",
    "request_latency@1",
    "output_byte_rate@1",
    "load_time@1",
)
# By each meter beside the device, of all requests.
TOLD_BY_METERS = ("mean_power@1", "energy@1", "energy_per_token@1")


@click.command()
@plan_options()
@DATASET
@OUTPUT_TOKENS
@equipment_option("Meters beside the device, TOML: what sampling does to their energies too.")
@click.option(
    "--pairs",
    type=click.IntRange(1),
    help=f"Pairs of attempts; over a plan of pairs, else {PAIRS}.",
)
@RUNS
@RESUME
@AS_JSON
def perturbation(
    plan_file: Path | None,
    equipment: Path | None,
    runs: Path,
    resumed: Path | None,
    pairs: int | None,
    *,
    as_json: bool,
    **over: Any,  # noqa: ANN401
) -> int:
    """Measure what the agent's sampling does to the results, in pairs with and without it.

    The ratios are stored for this device, model, engine and work; later runs of `measure` take
    them into their budgets, those of energies where the same meter gives them. Exit code 0:
    stored; 1: done, but without a ratio or void; 2: bad input; 3: device or engine failed;
    130: interrupted, go on with --resume.
    """
    from host.pipeline.measure import Files
    from host.pipeline.measure import measure as run
    from host.pipeline.perturbation import check_in_pairs
    from host.pipeline.resume import resume

    if resumed is not None:
        check_in_pairs(resumed)
        with watching(err()) as watch:
            return _tell(resume(resumed, watch), as_json=as_json)
    plan, given = plan_of(plan_file, over)
    paired = plan.run.pairing == "on_off"
    if pairs is not None or not paired:
        attempts = 2 * (pairs or PAIRS)
        plan, given = plan_of(plan_file, {**over, "pairing": "on_off", "attempts": attempts})
    with watching(err()) as watch:
        done = run(plan, given, runs, watch, Files(equipment, plan=plan_file is not None))
    return _tell(done, as_json=as_json)


def _tell(done: Measured, *, as_json: bool) -> int:
    from host.deploy.stage import local_store
    from host.errors import FolderError
    from host.pipeline.perturbation import NAME, keep, measured_of

    measured = measured_of(done.redone.reading)
    why = f"the run ended early ({done.ended})"
    if not done.ended:
        try:
            why = keep(local_store(), done.redone.reading, done.redone.record)
        except FolderError as error:  # the ratios are still to be told
            why = str(error)
    stored = "" if why else str(local_store() / NAME)
    if as_json:
        json_out(_summary(done, measured, stored, why))
    else:
        _say(out(), done, measured)
        out().print(f"stored in {stored}" if stored else f"not stored: {why}")
    _say_noise(measured)
    if done.ended:
        err().print(
            f"{done.ended}: go on with `inferometer perturbation --resume {done.folder.path}`, "
            f"or close it as it is with `inferometer seal {done.folder.path}`"
        )
        return 2 if done.ended in ("disk-full", "spool-unwritable") else INTERRUPTED
    return 0 if stored else 1


def _say_noise(measured: OnOff) -> None:
    """Say that the pairs scatter so much that the budgets of later runs will show it."""
    from host.evaluate.student import P, coverage_factor

    for found in measured.ratios:
        if (
            found.measurand == TOLD[0]
            and not (found.scope or found.source)
            and found.u
            and found.nu
        ):
            expanded = coverage_factor(found.nu, P) * float(found.u)
            if expanded > NOISY:
                err().print(
                    f"the pairs scatter: U of the first ratio is {expanded:.1%}, over {NOISY:.0%},"
                    " and goes into later budgets; repeat it with the device quiet or more --pairs"
                )


def _summary(done: Measured, measured: OnOff, stored: str, why: str) -> dict[str, Any]:
    import msgspec

    from host.pipeline.perturbation import NAME

    record = done.redone.record
    counts = record.attempts
    return {
        "run": str(done.folder.path),
        "record": str(done.folder.record),
        "report": str(done.folder.page),
        "perturbation": str(done.folder.path / NAME),
        "record_id": record.record_id,
        "status": record.verdict.status,
        "reasons": list(record.verdict.reasons),
        "attempts": {k: getattr(counts, k) for k in ("planned", "valid", "void", "incomplete")},
        "key": measured.key,
        "pairs": measured.pairs,
        "dropped": msgspec.to_builtins(measured.dropped),
        "ratios": msgspec.to_builtins(measured.ratios),
        "stored": stored or None,
        "not_stored": why,
    }


def _say(console: Console, done: Measured, measured: OnOff) -> None:
    """The ratios of the whole run, the pairs that dropped out, and where everything is."""
    from host.cli.console import plain
    from host.reduce.phases import REQUEST

    verdict = done.redone.record.verdict
    console.print(f"{verdict.text.zh} {verdict.text.en}")
    by_name = {r.measurand: r for r in measured.ratios if not r.scope and not r.source}
    for name in TOLD:
        if name in by_name:
            console.print(_line(by_name[name]))
    for found in measured.ratios:
        if found.source and found.scope == REQUEST and found.measurand in TOLD_BY_METERS:
            console.print(plain(_line(found)))
    for dropped in measured.dropped:
        console.print(plain(f"pair {dropped.pair} dropped out: {dropped.reason}"))
    console.print(f"run {done.folder.path}")


def _line(found: RatioField) -> str:
    from decimal import Decimal

    from host.evaluate.student import P, coverage_factor
    from host.handover.measurands import MEASURANDS
    from host.schema.rounding import with_uncertainty

    by = f" by {found.source}" if found.source else ""
    head = f"{MEASURANDS[found.measurand].name.en}{by} with sampling over without"
    if found.ratio is None or found.u is None or not found.nu:
        return f"{head}: no ratio ({found.reason})"
    k = coverage_factor(found.nu, P)
    value, expanded = with_uncertainty(Decimal(found.ratio), Decimal(repr(k * float(found.u))))
    told = f"k = {k:.3g}, p = {P * 100:g} %, n = {len(found.pairs)} pairs"
    return f"{head}: {value} ± {expanded} ({told}, Type A only)"
