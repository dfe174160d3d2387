"""`inferometer measure` on several devices at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from host.cli.board import watching_many
from host.cli.console import err, json_out, out, plain

if TYPE_CHECKING:
    from host.handover.plan import Plan
    from host.pipeline.many import Outcome
    from host.pipeline.measure import Files

# The worst of several exit codes, first: interrupted, failed, bad input, void.
WORST = (130, 3, 2, 1)


def measure_all(
    plan: Plan, devices: tuple[str, ...], runs: Path, files: Files, *, as_json: bool
) -> int:
    """Measure on all of them, then tell of each."""
    from host.pipeline.many import measure_many

    fleet = measure_many(plan, devices, runs, files)
    with watching_many(err(), devices) as watches:
        outcomes = fleet.follow(watches)
    codes = {one.device: _code(one) for one in outcomes}
    if as_json:
        json_out({"devices": [_summary(one, codes[one.device]) for one in outcomes]})
    else:
        for one in outcomes:
            _say(one)
    return next((code for code in WORST if code in codes.values()), 0)


def _code(one: Outcome) -> int:
    if one.folder is None:
        return one.exit_code
    if one.ended in ("disk-full", "spool-unwritable"):
        return 2
    if one.ended:
        return 130
    return 0 if one.status == "valid" else 1


def _summary(one: Outcome, code: int) -> dict[str, Any]:
    from host.cli.measure import summary
    from host.run.folder import RunFolder

    said = {"device": one.device, "exit_code": code}
    if one.folder is None:
        return {**said, "error": one.error}
    return {**said, **summary(RunFolder(one.folder))}


def _say(one: Outcome) -> None:
    from host.report.terminal import show
    from host.run.folder import RunFolder
    from host.schema.upgrade import read_record

    out().print(plain(f"── {one.device}"), soft_wrap=True)
    if one.folder is None:
        out().print(plain(one.error), soft_wrap=True)
        return
    folder = RunFolder(one.folder)
    show(out(), read_record(folder.record.read_bytes()), folder.path, folder.page)
    if one.ended:
        out().print(f"{one.ended}: go on with `inferometer measure --resume {folder.path}`")
