"""From a plan to a resolved one: artefacts found or made, hashed, and tried with the engine.

Nothing is written into the runs folder here, so that a bad plan leaves nothing half-made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from host.artefacts.datasets.answers import answers_facts
from host.artefacts.datasets.dataset import Dataset
from host.errors import PlanError
from host.handover.plan import Plan, ResolvedPlan, ResolvedRequest
from host.handover.progress import Watch
from host.handover.runner import NATIVE
from host.handover.served import SERVED
from host.pipeline.artefacts import Artefacts
from host.pipeline.audit import check_audit, check_reference, longest_probe, reference_of
from host.pipeline.graphs import placed_inputs, tried_graph
from host.pipeline.memory import check_memory, of_engine, of_server
from host.pipeline.native import native
from host.pipeline.reach import Reached, place_model
from host.pipeline.served import served
from host.pipeline.software import software
from host.plan.chat import first_turns, prompts_in
from host.plan.resolve import check_lengths, requests_of
from host.plan.streams import sequences_of
from host.run.link import AgentLink

# A context that the plan does not name is as long as the longest request, rounded up to this, for
# each of the sequences that are held at once:
# llama.cpp pads its cache to multiples of 256, so that the memory taken is what is stated.
CONTEXT_STEP = 256
TOKENIZE_TIMEOUT_S = 600.0
CONTEXT = "engine.settings.n_ctx"


def resolve_plan(
    plan: Plan, found: Artefacts, link: AgentLink, device: Reached, watch: Watch
) -> ResolvedPlan:
    """Try model, settings and prompt lengths with the engine itself, and state everything."""
    check_audit(plan, found.engine_kind)
    check_reference(reference_of(plan, found.model), found.engine_kind)
    path = _placed(plan, device, found, watch)
    requests = requests_of(plan, found.dataset)
    if plan.inference:
        requests = placed_inputs(device, requests, watch)
    if found.engine_kind == NATIVE:
        ready = native(plan, found, device, requests, watch)
        engine, more = ready.settings, [*ready.software]
        counts: Mapping[str, int | None] = {r.item: r.prompt_tokens for r in requests}
    elif found.engine_kind == SERVED:
        check_memory(found, of_server(plan), "engine.settings.args", link, watch)
        engine, counts = served(plan, path, requests, link, found.model)
        more = []
    else:
        engine, counts = _tried(plan, found, path, requests, link, watch)
        more = []
    return ResolvedPlan(
        plan=plan,
        engine_kind=found.engine_kind,
        engine_reason=found.engine_reason,
        engine_settings=engine,
        model_path=path,
        model=found.model,
        dataset=_dataset(found.dataset, first_turns(plan.load, counts)),
        requests=requests,
        profile=dict(device.profile),
        software=(*software(device.deployment), *more),
    )


def _placed(plan: Plan, device: Reached, found: Artefacts, watch: Watch) -> str:
    """Where the model is on the device. A server that runs there has its own copy already."""
    if found.engine_kind == SERVED and plan.engine.settings.get("url"):
        return str(found.path)
    return place_model(device, found, watch)


def _tried(
    plan: Plan,
    found: Artefacts,
    path: str,
    requests: tuple[ResolvedRequest, ...],
    link: AgentLink,
    watch: Watch,
) -> tuple[dict[str, Any], Mapping[str, int]]:
    """All settings of the engine, and the tokens of each prompt as it counts them."""
    if plan.inference:
        return tried_graph(plan, plan.inference, path, requests, link)
    known = link.hello.get("engine_settings", {}).get(found.engine_kind, {})
    given = dict(plan.engine.settings)
    counts, described = _counts(path, found.engine_kind, given, requests, link)
    prompts = prompts_in(plan.load, requests, counts)
    longest = max(prompts[r.item] + r.output_tokens for r in requests)
    longest = max(longest, longest_probe(plan, reference_of(plan, found.model)))
    shared = sequences_of(plan, given)
    context = given.setdefault("n_ctx", -(-longest // CONTEXT_STEP) * CONTEXT_STEP * shared)
    if not isinstance(context, int) or isinstance(context, bool):
        raise PlanError(CONTEXT, f"{context!r} is no number of tokens")
    trained = found.model["context_length"] or context
    check_lengths(requests, prompts, min(context // shared, trained), shared)
    settings = {**known, **given}
    check_memory(found, of_engine(settings, described, shared), CONTEXT, link, watch)
    return settings, counts


def _dataset(dataset: Dataset, counts: Mapping[str, int | None]) -> dict[str, Any]:
    """counts: item -> prompt tokens, None where only the run tells; of the items that are run."""
    return {
        "id": dataset.id,
        "version": dataset.version,
        "licence": dataset.licence,
        "title": msgspec.to_builtins(dataset.title),
        "sha256": dataset.sha256,
        **answers_facts(dataset.sha256),
        "items": [
            {
                "id": item.id,
                "scenario": item.scenario,
                "language": item.language,
                "prompt_tokens": counts[item.id],
            }
            for item in dataset.items
            if item.id in counts
        ],
    }


def _counts(
    path: str,
    engine: str,
    settings: dict[str, Any],
    requests: tuple[ResolvedRequest, ...],
    link: AgentLink,
) -> tuple[dict[str, int], object]:
    """Prompt tokens of every item by the engine's own tokenizer, and what it says of itself.

    Exact counts stay as asked.
    """
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
    counts = {
        request.item: request.prompt_tokens or int(count)
        for request, count in zip(requests, said["counts"], strict=True)
    }
    return counts, said.get("engine")
