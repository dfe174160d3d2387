"""The artefacts of a plan: model found or made and hashed, dataset loaded, engine chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from host.artefacts.datasets.dataset import Dataset
from host.artefacts.models.inspection import inspect
from host.artefacts.models.store import resolve
from host.artefacts.recordings import inspect_recording
from host.errors import ArtefactError, PlanError
from host.handover.plan import Plan
from host.handover.text import Txt
from host.plan.inference import check_inference
from host.plan.resolve import (
    FORMATS,
    check_load,
    check_pairing,
    check_staircase,
    choose_engine,
    dataset_of,
)
from host.run.link import Link

Step = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Artefacts:
    """The model on disk with what inspection says, and the dataset."""

    path: Path
    model: dict[str, Any]
    dataset: Dataset
    engine_kind: str
    engine_reason: Txt


def engines_of(link: Link) -> dict[str, str | None]:
    """Engine kind -> version on the device, as its agent says; None where it is not there."""
    found = link.hello.get("engines")
    return dict(found) if isinstance(found, dict) else {}


def artefacts_of(plan: Plan, installed: Mapping[str, str | None], step: Step) -> Artefacts:
    """Find or make the model, hash it, load the dataset. Raises UsageError for bad input."""
    choice = choose_engine(plan, installed)
    check_pairing(plan, choice.kind)
    check_staircase(plan, choice.kind)
    check_inference(plan, choice.kind)
    check_load(plan, choice.kind)
    dataset = dataset_of(plan)
    path, model = _model(plan, choice.kind, step)
    if plan.model.sha256 and plan.model.sha256 != model["sha256"]:
        raise ArtefactError(
            str(path), f"has SHA-256 {model['sha256']}, the plan wants {plan.model.sha256}"
        )
    return Artefacts(path, model, dataset, choice.kind, choice.reason)


def _model(plan: Plan, engine: str, step: Step) -> tuple[Path, dict[str, Any]]:
    """The model on disk, made if it is a reference, and what inspection says of it."""
    if engine == "replay":
        path = Path(plan.model.reference).absolute()
        return path, inspect_recording(path)
    usual = "int4" if engine == "onnx_genai" else "q4_0"
    path = resolve(plan.model.reference, quantization=usual, progress=step).absolute()
    found = inspect(path, progress=step)
    wanted = FORMATS.get(engine)
    if wanted is not None and found.format != wanted:
        raise PlanError(
            "engine.kind", f"{engine} runs {wanted} models, {path.name} is {found.format}"
        )
    return path, msgspec.to_builtins(found)
