"""Goes on with a run that was interrupted, in the same folder, with new attempt numbers."""

from __future__ import annotations

from pathlib import Path

import msgspec

from host.align.streams import read_json
from host.artefacts.models.inspection import inspect
from host.artefacts.recordings import inspect_recording
from host.deploy.stage import deploy_local, local_store
from host.errors import ArtefactError, FolderError, PlanError
from host.handover.deployment import Deployment
from host.handover.plan import ResolvedPlan, resolved_of
from host.handover.progress import Progress, Watch
from host.pipeline.measure import Measured, Work, fill, finish
from host.run.folder import RunFolder
from host.run.link import AgentLink
from host.transport.local import Local


def resume(root: Path, watch: Watch) -> Measured:
    """Collect what was left behind, run the attempts that are missing, then seal.

    An attempt that was cut off keeps its number and stays incomplete; it is made up for by a
    new one. Raises FolderError for a sealed folder, UsageError when model or agent changed.
    """
    folder = RunFolder(root)
    plan = _plan(folder)
    transport = Local()
    deployment = deploy_local(transport, local_store())
    _same(plan, deployment)
    watch(Progress("prepare", waiting="hash of the model"))
    path = Path(plan.model_path)
    replayed = plan.engine_kind == "replay"
    sha256 = inspect_recording(path)["sha256"] if replayed else inspect(path).sha256
    if sha256 != plan.model["sha256"]:
        raise ArtefactError(plan.model_path, "is not the model that the run was begun with")
    with AgentLink.start(transport, deployment) as link:
        ended = fill(Work(plan, folder, transport, deployment, watch), link)
    return finish(folder, ended, watch)


def close(root: Path, watch: Watch) -> Measured:
    """Seal a run that was interrupted as it is; it stays incomplete."""
    folder = RunFolder(root)
    _plan(folder)
    return finish(folder, "", watch)


def _plan(folder: RunFolder) -> ResolvedPlan:
    path = folder.data / "plan.json"
    if not path.exists():
        raise FolderError(str(folder.path), "is no run folder (data/plan.json is missing)")
    if folder.sealed:
        raise FolderError(str(folder.path), "is sealed, so nothing can be added to it")
    try:
        return resolved_of(read_json(path))
    except msgspec.ValidationError as err:
        raise FolderError(str(path), f"is no resolved plan: {err}") from err


def _same(plan: ResolvedPlan, deployment: Deployment) -> None:
    """Two agents are never mixed inside a run."""
    agents = [s["sha256"] for s in plan.software if s["role"] == "agent"]
    if agents != [deployment.agent_sha256]:
        raise PlanError(
            "resume", "the run was begun with another version of the agent; seal it as it is"
        )
