"""Runs the audit probes of a run after its attempts, each with the model and requests it needs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from host.artefacts.models.inspection import inspect
from host.artefacts.models.store import store_dir
from host.artefacts.probes import requests_of
from host.errors import ArtefactError, FolderError
from host.handover.audit import ProbeFile, Reference
from host.handover.audit_plan import attempts_of
from host.handover.progress import Progress
from host.pipeline.artefacts import Artefacts, artefacts_of
from host.pipeline.audit import read_reference
from host.pipeline.reach import Reached, place_model
from host.run.attempts import Bench, LeftGateError, run_attempts
from host.run.folder import RunFolder
from host.run.link import Link
from host.run.probes import (
    Ask,
    commit_plan,
    give_up,
    reference_path,
    run_probe,
    seed_of,
    tries_of,
)


@dataclass(frozen=True, slots=True)
class _Made:
    """What every probe is made of."""

    bench: Bench
    device: Reached
    seed: bytes
    reference: Reference | None


def run_audited(bench: Bench, link: Link, numbers: range, device: Reached) -> str:
    """Commit to the plan, run these attempts, then the probes. Gives "" or why it ended early."""
    commit_plan(bench)
    return run_attempts(bench, link, numbers) or run_probes(bench, link, device)


def run_probes(bench: Bench, link: Link, device: Reached) -> str:
    """Run the probes that are missing. Gives "" or why not all came to their end.

    A model that cannot be permuted is told of in the record; what is scored stays as it is.
    """
    audit = bench.plan.plan.audit
    if not audit:
        return ""
    made = _Made(bench, device, seed_of(bench), _kept(bench.folder))
    for name in attempts_of(audit):
        if bench.switch.level:
            return "interrupted"
        if tries_of(bench.folder, name)[1]:
            continue
        ended = _run(made, link, name)
        if ended:
            return ended
    return ""


def _run(made: _Made, link: Link, name: str) -> str:
    try:
        with _ask(made, name) as ask:
            return run_probe(made.bench, link, ask)
    except LeftGateError:
        return "interrupted"
    except ArtefactError as err:
        asked = ProbeFile(name, str(made.bench.plan.model["sha256"]), made.bench.plan.requests)
        give_up(made.bench, asked, f"probe-not-made: {err}")
        return ""


def _kept(folder: RunFolder) -> Reference | None:
    path = reference_path(folder)
    return read_reference(path.read_bytes(), str(path)) if path.exists() else None


@contextmanager
def _ask(made: _Made, name: str) -> Iterator[Ask]:
    """What one probe asks; a permuted model lies on this machine as long as it runs."""
    plan = made.bench.plan
    try:
        requests = requests_of(name, plan, made.seed, made.reference)
    except ValueError as err:
        raise FolderError(str(made.bench.folder.path), f"cannot be audited: {err}") from err
    stop = plan.plan.run.stop
    if name == "canary" and made.reference is not None:
        stop = made.reference.stop
    elif name in ("repeat", "seed"):
        stop = "length"
    if name != "permuted":
        asked = ProbeFile(name, str(plan.model["sha256"]), requests)
        yield Ask(asked, plan.model_path, stop)
        return
    with _permuted(made) as (found, changed):
        path = place_model(made.device, found, made.bench.watch)
        asked = ProbeFile(name, str(found.model["sha256"]), requests, changed)
        yield Ask(asked, path, stop)


@contextmanager
def _permuted(made: _Made) -> Iterator[tuple[Artefacts, tuple[str, ...]]]:
    """The model with rows of its weights in another order, made from the host's file of it."""
    from host.artefacts.models.permuted import permute

    plan = made.bench.plan
    made.bench.watch(Progress("prepare", waiting="permute rows of the model's weights"))
    engine = msgspec.structs.replace(plan.plan.engine, kind=plan.engine_kind)
    decided = msgspec.structs.replace(plan.plan, engine=engine)
    found = artefacts_of(decided, {plan.engine_kind: ""}, lambda *_: None)
    if found.model["sha256"] != plan.model["sha256"]:
        raise ArtefactError(str(found.path), "is not the model that the run was begun with")
    name = f"permuted-{hashlib.sha256(made.seed).hexdigest()[:16]}-{found.path.name}"
    target = store_dir() / name
    try:
        changed = permute(found.path, target, made.seed)
        path = target / found.path.name if found.path.is_file() and target.is_dir() else target
        model = msgspec.to_builtins(inspect(path))
        yield replace(found, path=path, model=model), changed
    finally:
        _remove(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
