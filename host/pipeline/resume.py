"""Goes on with a run that was interrupted, in the same folder, with new attempt numbers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from host.align.streams import read_json
from host.artefacts.models.inspection import inspect
from host.artefacts.recordings import inspect_recording
from host.equipment.load import kept_in
from host.errors import ArtefactError, FolderError, PlanError
from host.handover.deployment import Deployment
from host.handover.plan import ResolvedPlan, resolved_of
from host.handover.progress import Progress, Watch
from host.pipeline.artefacts import artefacts_of
from host.pipeline.fill import Work, fill, finish_rest, first_missing, take_over
from host.pipeline.measure import Measured, finish
from host.pipeline.meters import metered, meters_alone
from host.pipeline.reach import Reached, place_model, reached
from host.run.detached import where
from host.run.folder import RunFolder
from host.run.lock import owned


def resume(root: Path, watch: Watch, inventory: Path | None = None) -> Measured:
    """Collect what was left behind, run the attempts that are missing, then seal.

    An attempt that was cut off keeps its number and stays incomplete; it is made up for by a
    new one. Raises FolderError for a sealed folder, UsageError when model or agent changed.
    """
    folder = RunFolder(root)
    plan = _plan(folder)
    with owned(folder.data), _at(plan, plan.plan.device, watch, inventory) as device:
        _same(plan, device.deployment)
        watch(Progress("prepare", waiting="hash of the model"))
        _check_model(plan, device, watch)
        work = Work(plan, folder, device, watch)
        if device.store is not None:
            finish_rest(work)
        ended = _filled(work)
        work.tidy()
    return finish(folder, ended, watch)


def collect(root: Path, watch: Watch, inventory: Path | None = None) -> Measured:
    """Take what a detached run has left on its device, wait for the rest of it, then seal.

    Its audit probes are drawn and run now: nobody could have kept their prompts from the device.

    Raises FolderError for a run that is not detached, DeviceError where the device is gone.
    """
    folder = RunFolder(root)
    plan = _plan(folder)
    left = where(folder)
    with owned(folder.data), _at(plan, left.device, watch, inventory) as device:
        work = Work(plan, folder, device, watch)
        link = device.overhear(work.run_id, watch, first_missing(folder))
        ended = take_over(work, link, left)
        if plan.plan.audit and not ended:
            _same(plan, device.deployment)
            ended = _filled(work)
        work.tidy()
    return finish(folder, ended, watch)


def _filled(work: Work) -> str:
    """Run what is missing, attempts and probes, as an attended run does. "" or why it is short."""
    folder = work.folder
    with (
        work.device.link() as link,
        meters_alone(kept_in(folder.data), str(folder.path)),
        work.device.session(link, work.run_id, work.watch) as session,
        metered(work) as air,
    ):
        return fill(work, session, air)


def _at(
    plan: ResolvedPlan, device: str, watch: Watch, inventory: Path | None
) -> AbstractContextManager[Reached]:
    """The device with the agent that runs the engine which was chosen when the run began."""
    return reached(device, inventory, watch, plan.engine_kind)


def _check_model(plan: ResolvedPlan, device: Reached, watch: Watch) -> None:
    """The model must still be the one that the run was begun with, where the engine finds it."""
    path = Path(plan.model_path)
    if device.store is not None:
        # `auto` was decided when the run began, from what the device had then.
        engine = msgspec.structs.replace(plan.plan.engine, kind=plan.engine_kind)
        decided = msgspec.structs.replace(plan.plan, engine=engine)
        found = artefacts_of(decided, {plan.engine_kind: ""}, lambda *_: None)
        same = found.model["sha256"] == plan.model["sha256"]
        same = same and place_model(device, found, watch) == plan.model_path
    elif plan.engine_kind == "replay":
        same = inspect_recording(path)["sha256"] == plan.model["sha256"]
    else:
        same = inspect(path).sha256 == plan.model["sha256"]
    if not same:
        raise ArtefactError(plan.model_path, "is not the model that the run was begun with")


def close(root: Path, watch: Watch) -> Measured:
    """Seal a run that was interrupted as it is; it stays incomplete."""
    folder = RunFolder(root)
    _plan(folder)
    return finish(folder, "", watch)


def _plan(folder: RunFolder) -> ResolvedPlan:
    path = folder.data / "plan.json"
    if not path.exists():
        raise FolderError(str(folder.path), "is no run folder (data/plan.json is missing)")
    folder.refuse_sealed()
    try:
        return resolved_of(read_json(path))
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(str(path), f"is no resolved plan: {err}") from err


def _same(plan: ResolvedPlan, deployment: Deployment) -> None:
    """Two agents are never mixed inside a run."""
    agents = [s["sha256"] for s in plan.software if s["role"] == "agent"]
    if agents != [deployment.agent_sha256]:
        raise PlanError(
            "resume", "the run was begun with another version of the agent; seal it as it is"
        )
