"""Fidelity of a run: refused beforehand where it cannot be had, redone afterwards."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec

from host.align.read import RunReading
from host.artefacts.fidelity.reference import Reference, find_reference
from host.errors import ArtefactError, FolderError, PlanError
from host.fidelity.bag import ERRORS, FOLDER, REFERENCE, fidelity_of
from host.fidelity.gate import LIMITS
from host.handover.divergence import LIKE
from host.handover.fidelity import ERROR_RULES, SCORING_ENGINES, ErrorRules, FidelityPlan
from host.handover.plan import ResolvedPlan
from host.handover.runner import NATIVE
from host.run.folder import RESERVE_BYTES, RunFolder, sync_folder, write_json

GREEDY_LIMIT = "min_greedy_agreement"
NO_TOOL = (
    ", or a figure of a tool that compares logits: [divergence] of the runner's description, with"
    " its program in the folder of `program` or on the device"
)
NO_ANSWER = (
    "the runner does not say what of its output is an answer: give its description"
    ' output = "stdout", or [answer]'
)


def fidelity_for(resolved: ResolvedPlan, runs: Path | None = None) -> Reference | None:
    """The reference of a plan, None where it names none. Raises UsageError if it cannot serve.

    runs: where the run folder will lie; its disk has to take the reference and the scores.
    """
    plan = resolved.plan.fidelity
    if not isinstance(plan, FidelityPlan):
        return None
    found = find_reference(plan.reference)
    _check_tokenizer(found, resolved)
    if runs is not None:
        _check_room(found, runs)
    if resolved.engine_kind in SCORING_ENGINES:
        _check_context(found, resolved)
        return found
    _check_limits(plan, resolved)
    return found


def _check_limits(plan: FidelityPlan, resolved: ResolvedPlan) -> None:
    """Every limit is of something that an engine without logits can show."""
    kind, settings = resolved.engine_kind, resolved.engine_settings
    stated = (settings.get("divergence") or {}).get("figures", {})
    shown = {LIKE[name] for name in stated}
    mute = kind == NATIVE and settings.get("answer") is None
    for key, (measurand, _) in LIMITS.items():
        if getattr(plan, key) is None or measurand in shown:
            continue
        if key != GREEDY_LIMIT:
            said = f"{kind} gives no logits; only {GREEDY_LIMIT} can be set for it"
            raise PlanError(f"fidelity.{key}", said + (NO_TOOL if kind == NATIVE else ""))
        if mute:
            raise PlanError(f"fidelity.{key}", NO_ANSWER)


def _check_tokenizer(found: Reference, resolved: ResolvedPlan) -> None:
    """Two tokenizers cut one text into other tokens: nothing could be compared."""
    wanted = found.head.model.tokenizer_sha256
    has = resolved.model.get("tokenizer_sha256")
    if has != wanted:
        said = f"its tokenizer is {wanted}, that of the model is {has or 'not stated in its file'}"
        raise ArtefactError(str(found.path), said)


def _check_context(found: Reference, resolved: ResolvedPlan) -> None:
    context, shared = (resolved.engine_settings.get(n) for n in ("n_ctx", "n_seq_max"))
    if isinstance(context, int) and context // (shared or 1) < found.head.n_ctx:
        among = f" for {shared} sequences" if shared and shared > 1 else ""
        wanted = f"the {found.head.n_ctx} tokens of the reference's windows"
        said = f"{context}{among} is less than {wanted}"
        raise PlanError("engine.settings.n_ctx", said)


def _check_room(found: Reference, runs: Path) -> None:
    """The host's disk takes the reference, and as many scores again."""
    needed = 2 * found.head.data_bytes + RESERVE_BYTES
    place = next(p for p in (runs, *runs.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        said = f"has {free >> 20} MiB free; fidelity takes {needed >> 20} MiB with its reserve"
        raise FolderError(str(runs), said)


def keep_fidelity(folder: RunFolder, resolved: ResolvedPlan) -> None:
    """Copy the reference into the run folder, so that the folder alone redoes the figures."""
    found = fidelity_for(resolved)
    if found is None:
        return
    place = folder.data / FOLDER
    place.mkdir()
    shutil.copyfile(found.path, place / REFERENCE)
    write_json(place / ERRORS, msgspec.to_builtins(ErrorRules(ERROR_RULES)))
    sync_folder(place)


def with_fidelity(root: Path, reading: RunReading) -> RunReading:
    """The reading with what its scores come to; reads nothing but the folder."""
    found = fidelity_of(root / "data", reading.facts.plan, reading.run)
    return replace(reading, facts=replace(reading.facts, fidelity=found))
