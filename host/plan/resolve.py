"""Turns a plan into what will be run: engine chosen, artefacts hashed, order drawn.

Nothing is written here, so that a bad plan leaves nothing half-made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.artefacts.datasets.dataset import Dataset, Item
from host.artefacts.datasets.shelf import load
from host.artefacts.models.graph_names import names_graph
from host.errors import PlanError
from host.handover.load_shape import shape_of
from host.handover.pairing import MIN_PAIRS, PAIR
from host.handover.plan import (
    GENAI_FOLDER,
    GGUF_FILE,
    LLAMA_INSTALLED,
    LLAMA_NOT_INSTALLED,
    NAMED_BY_PLAN,
    NATIVE_ALONE,
    PLAIN_GRAPH,
    Plan,
    ResolvedRequest,
)
from host.handover.runner import NATIVE, NATIVE_WORDS
from host.handover.served import SERVED
from host.handover.text import Txt
from host.plan.chat import check_chat, talks_of

# The order in which `auto` tries engines.
PREFERRED = ("llama_cpp", "onnx_genai")
FORMATS = {"llama_cpp": "gguf", "onnx_genai": "genai", "onnx": "onnx"}
# Shape of load -> engines that can make it; a single stream can be made by all.
SHAPES: Mapping[str, tuple[str, ...]] = {
    "streams": ("llama_cpp", SERVED),
    "chat": ("llama_cpp", "onnx_genai", "replay", SERVED),
    "cold": ("llama_cpp", "onnx_genai", "onnx", SERVED),
    "sustained": ("llama_cpp", "onnx_genai", "onnx", "replay", SERVED),
}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine that will run, and why it was taken."""

    kind: str
    reason: Txt


def choose_engine(plan: Plan, installed: Mapping[str, str | None]) -> EngineChoice:
    """The engine of the plan; `auto` fits the model's format, else what is installed.

    installed: engine kind -> version on the device, None where its library is not there.
    """
    kind = NATIVE if plan.engine.kind in NATIVE_WORDS else plan.engine.kind
    if kind != "auto":
        return EngineChoice(kind, NAMED_BY_PLAN)
    if installed.get(NATIVE) and not any(installed.get(name) for name in PREFERRED):
        return EngineChoice(NATIVE, NATIVE_ALONE)
    reference = plan.model.reference
    if reference.endswith(".gguf"):
        return EngineChoice("llama_cpp", GGUF_FILE)
    if names_graph(reference):
        return EngineChoice("onnx", PLAIN_GRAPH)
    if Path(reference).is_dir() or reference.endswith(":int4"):
        return EngineChoice("onnx_genai", GENAI_FOLDER)
    for name in PREFERRED:
        if installed.get(name) is not None:
            why = LLAMA_INSTALLED if name == "llama_cpp" else LLAMA_NOT_INSTALLED
            return EngineChoice(name, why)
    raise PlanError(
        "engine.kind",
        "auto finds neither llama_cpp nor onnxruntime-genai for the device's Python; install one"
        " there, or fill a wheelhouse for it (`inferometer devices wheels`)",
    )


def check_pairing(plan: Plan, engine_kind: str) -> None:
    """Refuse pairs with and without the sampler that could not say anything."""
    if plan.run.pairing == "none":
        return
    attempts = plan.run.attempts
    if attempts % PAIR or attempts < PAIR * MIN_PAIRS:
        raise PlanError(
            "run.attempts",
            f"{attempts} attempts are no pairs to learn from: pairing on_off needs an even number"
            f" from {PAIR * MIN_PAIRS} on, for one pair has no spread and so no uncertainty",
        )
    if not plan.sampling.enabled:
        raise PlanError("sampling.enabled", "is false, so pairing on_off has nothing to turn off")
    if engine_kind == "replay":
        raise PlanError(
            "run.pairing",
            "on_off cannot use the replay engine: it gives recorded times, which sampling does"
            " not change",
        )


def check_staircase(plan: Plan, engine_kind: str) -> None:
    """Refuse a load staircase that no agent would play, or nobody would sample."""
    if not plan.staircase:
        return
    if len(set(plan.staircase.levels)) != len(plan.staircase.levels):
        raise PlanError("staircase.levels", "a level stands twice; `repeats` says how often")
    if not plan.sampling.enabled:
        raise PlanError("sampling.enabled", "is false, so no source would be read on the steps")
    if engine_kind in ("replay", NATIVE):
        raise PlanError(
            "staircase",
            f"the engine {engine_kind} has no process of the Python agent that could play it on"
            " the device's clock",
        )


def check_load(plan: Plan, engine_kind: str) -> None:
    """Refuse a shape of load that the engine cannot make."""
    shape = shape_of(plan.load)
    able = SHAPES.get(shape, ())
    if shape == "chat":
        check_chat(plan, engine_kind)
    if shape == "cold" and plan.run.warmups:
        raise PlanError("run.warmups", "is not 0, and after a warm-up nothing is cold")
    if shape == "cold" and plan.engine.settings.get("url"):
        said = "cold needs a server that the run starts (`program`): this one has loaded already"
        raise PlanError("load.shape", said)
    if shape != "single" and engine_kind not in able:
        made = f"made by the engine {' or '.join(able)}" if able else "not made by any engine yet"
        raise PlanError("load.shape", f"{shape} is {made}, the engine here is {engine_kind}")


def dataset_of(plan: Plan) -> Dataset:
    """The dataset with the items that the plan picks. Raises PlanError for unknown items."""
    whole = load(plan.dataset.reference, expected_sha256=plan.dataset.sha256 or None)
    known = {item.id for item in whole.items}
    for name in plan.dataset.items:
        if name not in known:
            raise PlanError("dataset.items", f"{name} is no item of {whole.id}")
    return whole


def requests_of(plan: Plan, dataset: Dataset) -> tuple[ResolvedRequest, ...]:
    """Scored requests in listed order, one per item."""
    picked = plan.dataset.items or tuple(item.id for item in dataset.items)
    by_id = {item.id: item for item in dataset.items}
    found = tuple(_request(by_id[name], plan) for name in picked)
    return talks_of(plan.load, found)


def check_lengths(
    requests: tuple[ResolvedRequest, ...],
    counts: Mapping[str, int],
    context: int,
    sequences: int = 1,
) -> None:
    """Refuse a prompt that does not fit; counts: item -> tokens by the model's tokenizer.

    context: tokens of each of the sequences that are held at once.
    """
    each = f" for each of {sequences} sequences" if sequences > 1 else ""
    for request in requests:
        prompt, output = counts[request.item], request.output_tokens
        if prompt + output > context:
            raise PlanError(
                f"dataset item {request.item}",
                f"prompt of {prompt} tokens and {output} output tokens need {prompt + output},"
                f" the context holds {context}{each}",
            )


def engine_settings(plan: Plan, known: Mapping[str, Any]) -> dict[str, Any]:
    """The plan's engine settings over the engine's defaults; unknown keys are refused."""
    for key in plan.engine.settings:
        if key not in known:
            raise PlanError(f"engine.settings.{key}", f"known are {', '.join(sorted(known))}")
    return {**known, **plan.engine.settings}


def _request(item: Item, plan: Plan) -> ResolvedRequest:
    return ResolvedRequest(
        item=item.id,
        text=item.text,
        prompt_tokens=item.prompt_tokens,
        output_tokens=(
            plan.run.output_tokens if item.output_tokens is None else item.output_tokens
        ),
    )
