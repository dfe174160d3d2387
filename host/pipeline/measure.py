"""One measurement: plan to sealed folder, then record and page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from host.deploy.stage import local_store
from host.equipment.load import Loaded
from host.handover.perturbation import Lookup
from host.handover.plan import Plan, ResolvedPlan
from host.handover.progress import Progress, Watch
from host.pipeline.artefacts import artefacts_of, engines_of
from host.pipeline.audit import keep_reference, reference_of
from host.pipeline.calibration import write_calibration
from host.pipeline.calibration_use import calibrations_for, keep_calibrations
from host.pipeline.equipment import equipment_for, keep_equipment
from host.pipeline.fidelity import fidelity_for, keep_fidelity
from host.pipeline.fill import Work, disk, fill, hand_over_all
from host.pipeline.laboratory import NAME as LABORATORY
from host.pipeline.laboratory import laboratory_bytes
from host.pipeline.meters import (
    check_ambient,
    check_meters,
    check_pulses,
    metered,
    meters_alone,
    refuse_meters,
)
from host.pipeline.perturbation import look_up, write_on_off
from host.pipeline.prepare import resolve_plan
from host.pipeline.profile_gates import NAME as GATES
from host.pipeline.profile_gates import with_profile_gates
from host.pipeline.reach import Reached, reached
from host.pipeline.redo import Redone, redo
from host.pipeline.scores import keep_answers
from host.pipeline.unattended import refuse_unattended
from host.pipeline.write import write_page, write_record
from host.plan.load import dump
from host.run.folder import RunFolder, check_writable, create, folder_name, write_bytes, write_json
from host.run.journal import wall_label
from host.run.link import AgentLink
from host.run.lock import owned
from host.run.seal import seal


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished run: its folder, what was redone from it, and why it ended early, if it did.

    lookup: what the search for the agent's own cost gave, where there was one.
    """

    folder: RunFolder
    redone: Redone
    ended: str
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Files of the operator: equipment in use, laboratory, inventory of devices.

    None: the usual one, if any. calibrations: files, names of stored ones, or `auto`. plan:
    whether the plan is one too; without a plan file the gates are those of the device's profile.
    """

    equipment: Path | None = None
    laboratory: Path | None = None
    inventory: Path | None = None
    plan: bool = True
    calibrations: tuple[str, ...] = ()


NO_FILES = Files()


def prepare(plan: Plan, watch: Watch, files: Files = NO_FILES) -> ResolvedPlan:
    """Resolve a plan and try it with the agent, without a run (`--dry-run`)."""
    with _at(plan, watch, files) as device, device.link() as link:
        _instruments(plan, files, link)
        if not files.plan:
            plan, _ = with_profile_gates(plan, device, watch, detached=False)
        return _resolved(plan, device, link, watch)


def measure(
    plan: Plan, given: bytes, runs: Path, watch: Watch, files: Files = NO_FILES
) -> Measured:
    """Measure by a plan. given: the plan file's bytes, kept as they are, and so are `files`.

    Raises UsageError before anything is written, DeviceError when device or engine failed.
    """
    with _begun(Asked(plan, given), runs, watch, files) as (work, link):
        with work.device.session(link, work.run_id, watch) as session, metered(work) as air:
            ended = fill(work, session, air)
        work.tidy()
    return finish(work.folder, ended, watch)


def detach(
    plan: Plan, given: bytes, runs: Path, watch: Watch, files: Files = NO_FILES
) -> RunFolder:
    """Hand a run over to its device and leave; `collect` takes it when it is done."""
    refuse_unattended(plan)
    with _begun(Asked(plan, given, detached=True), runs, watch, files) as (work, _):
        hand_over_all(work)
    return work.folder


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan, its bytes as they were given, and whether the device is left alone with it."""

    plan: Plan
    given: bytes
    detached: bool = False


def _at(plan: Plan, watch: Watch, files: Files) -> AbstractContextManager[Reached]:
    return reached(plan.device, files.inventory, watch, plan.engine.kind)


@contextmanager
def _begun(
    asked: Asked, runs: Path, watch: Watch, files: Files
) -> Iterator[tuple[Work, AgentLink]]:
    """A run folder with everything that was given, its device, and a session there."""
    check_writable(runs)
    laboratory = laboratory_bytes(files.laboratory)
    plan, given, gates = asked.plan, asked.given, None
    with _at(plan, watch, files) as device, device.link() as link:
        if not files.plan:
            plan, gates = with_profile_gates(plan, device, watch, detached=asked.detached)
            given = given if gates is None else dump(plan).encode()
        resolved = _resolved(plan, device, link, watch, runs)
        instruments = _instruments(plan, files, link)
        in_use = None if instruments is None else instruments.equipment
        if in_use is not None:
            check_meters(in_use)
            if asked.detached:
                refuse_meters(in_use)
        calibrations = calibrations_for(files.calibrations, plan, link, in_use, wall_label())
        name = _name(resolved)
        with (
            meters_alone(in_use, str(runs / name)),
            owned((folder := create(runs, name)).data),
        ):
            with disk(folder):
                write_bytes(folder.data / "plan.toml", given)
                write_json(folder.data / "plan.json", msgspec.to_builtins(resolved))
                if gates is not None:
                    write_json(folder.data / GATES, asdict(gates))
                keep_equipment(folder, instruments)
                _keep_beside_outputs(folder, resolved)
                keep_calibrations(folder, calibrations)
                keep_reference(folder, reference_of(plan, resolved.model))
                if laboratory is not None:
                    write_bytes(folder.data / LABORATORY, laboratory)
            yield Work(resolved, folder, device, watch), link


def _keep_beside_outputs(folder: RunFolder, resolved: ResolvedPlan) -> None:
    """What outputs are held against afterwards: a reference of fidelity, expected answers."""
    keep_fidelity(folder, resolved)
    keep_answers(folder, resolved)


def _instruments(plan: Plan, files: Files, link: AgentLink) -> Loaded | None:
    """The equipment file, which has what the plan asks of it."""
    found = equipment_for(files.equipment, link)
    in_use = None if found is None else found.equipment
    check_pulses(plan, in_use)
    check_ambient(plan, in_use)
    return found


def _resolved(
    plan: Plan, device: Reached, link: AgentLink, watch: Watch, runs: Path | None = None
) -> ResolvedPlan:
    """The plan with everything in it tried. runs: where its run folder will lie, if anywhere."""
    found = artefacts_of(plan, engines_of(link), _steps(watch))
    resolved = resolve_plan(plan, found, link, device, watch)
    fidelity_for(resolved, runs)
    return resolved


def finish(folder: RunFolder, ended: str, watch: Watch) -> Measured:
    """Seal a run that came to its end, and write record and page of whatever is there."""
    lookup = None
    with owned(folder.data), disk(folder):
        if not ended:
            lookup = look_up(local_store(), folder, wall_label())
            watch(Progress("seal"))
            seal(folder, made_by="inferometer")
        watch(Progress("evaluate"))
        redone = redo(folder.path)
        write_record(folder.path, redone)
        write_page(folder.path, redone)
        write_on_off(folder.path, redone.reading)
        write_calibration(folder.path, redone)
    return Measured(folder, redone, ended, lookup)


def _steps(watch: Watch) -> Any:  # noqa: ANN401
    def step(done: int, total: int, what: str) -> None:
        ratio = done / total if total else None
        watch(Progress("prepare", waiting=what, done_ratio=ratio))

    return step


def _name(resolved: ResolvedPlan) -> str:
    stamp = wall_label()[:19].replace(":", "").replace("-", "")
    return folder_name(f"{stamp}Z-{resolved.model.get('name', 'model')}-{resolved.engine_kind}")
