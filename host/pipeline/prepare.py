"""From a plan to a resolved one: artefacts found or made, hashed, and tried with the engine.

Nothing is written into the runs folder here, so that a bad plan leaves nothing half-made.
"""

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
from host.handover.plan import Plan, ResolvedPlan, ResolvedRequest
from host.pipeline.reach import Reached
from host.pipeline.software import software
from host.plan.resolve import (
    FORMATS,
    check_lengths,
    check_pairing,
    choose_engine,
    dataset_of,
    requests_of,
)
from host.run.link import AgentLink

# A context that the plan does not name is as long as the longest request, rounded up to this:
# llama.cpp pads its cache to multiples of 256, so that the memory taken is what is stated.
CONTEXT_STEP = 256
TOKENIZE_TIMEOUT_S = 600.0

Step = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Artefacts:
    """The model on disk with what inspection says, and the dataset."""

    path: Path
    model: dict[str, Any]
    dataset: Dataset
    engine_kind: str
    engine_reason: str


def engines_of(link: AgentLink) -> dict[str, str | None]:
    """Engine kind -> version on the device, as its agent says; None where it is not there."""
    found = link.hello.get("engines")
    return dict(found) if isinstance(found, dict) else {}


def artefacts_of(plan: Plan, installed: Mapping[str, str | None], step: Step) -> Artefacts:
    """Find or make the model, hash it, load the dataset. Raises UsageError for bad input."""
    choice = choose_engine(plan, installed)
    check_pairing(plan, choice.kind)
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


def resolve_plan(
    plan: Plan, found: Artefacts, link: AgentLink, device: Reached, path: str
) -> ResolvedPlan:
    """Try model, settings and prompt lengths with the engine itself, and state everything.

    path: of the model on the device.
    """
    requests = requests_of(plan, found.dataset)
    known = link.hello.get("engine_settings", {}).get(found.engine_kind, {})
    given = dict(plan.engine.settings)
    counts = _counts(path, found.engine_kind, given, requests, link)
    longest = max(counts[r.item] + r.output_tokens for r in requests)
    context = given.setdefault("n_ctx", -(-longest // CONTEXT_STEP) * CONTEXT_STEP)
    if not isinstance(context, int) or isinstance(context, bool):
        raise PlanError("engine.settings.n_ctx", f"{context!r} is no number of tokens")
    trained = found.model["context_length"] or context
    check_lengths(requests, counts, min(context, trained))
    return ResolvedPlan(
        plan=plan,
        engine_kind=found.engine_kind,
        engine_reason=found.engine_reason,
        engine_settings={**known, **given},
        model_path=path,
        model=found.model,
        dataset={
            "id": found.dataset.id,
            "version": found.dataset.version,
            "licence": found.dataset.licence,
            "title": msgspec.to_builtins(found.dataset.title),
            "sha256": found.dataset.sha256,
            "items": [
                {
                    "id": item.id,
                    "scenario": item.scenario,
                    "language": item.language,
                    "prompt_tokens": counts[item.id],
                }
                for item in found.dataset.items
                if item.id in counts
            ],
        },
        requests=requests,
        profile=dict(device.profile),
        software=software(device.deployment),
    )


def _counts(
    path: str,
    engine: str,
    settings: dict[str, Any],
    requests: tuple[ResolvedRequest, ...],
    link: AgentLink,
) -> dict[str, int]:
    """Prompt tokens of every item by the engine's own tokenizer; exact counts stay as asked."""
    said = link.ask(
        "tokenize",
        {
            "engine": {"kind": engine, "settings": settings},
            "model": path,
            "texts": [r.text for r in requests],
        },
        answer="tokens",
        timeout_s=TOKENIZE_TIMEOUT_S,
    )
    return {
        request.item: request.prompt_tokens or int(count)
        for request, count in zip(requests, said["counts"], strict=True)
    }
