"""A plan for a server: its settings as the engine will use them, and the tokens of its prompts.

A server that the run starts is started once before, to ask how it tokenizes. One that runs by
itself is asked as it is; which model it serves, nobody proves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from host.errors import PlanError
from host.handover.load_shape import LoadPlan
from host.handover.plan import Plan, ResolvedRequest
from host.handover.served import SERVED
from host.plan.chat import prompts_in
from host.plan.resolve import check_lengths
from host.run.link import AgentLink

START_TIMEOUT_S = 600.0
TO_TEXTS = 'take a dataset of texts, or llama-server with api = "completions"'


def served(
    plan: Plan,
    path: str,
    requests: Sequence[ResolvedRequest],
    link: AgentLink,
    model: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, int | None]]:
    """All settings, and item -> tokens of its prompt, None where only the reply tells.

    model: as it was inspected here. Raises PlanError for a server of another model, for an exact
    length that this server cannot be given, or does not fit, and for a talk that cannot be had
    with it as the plan says.
    """
    known = link.hello.get("engine_settings", {}).get(SERVED, {})
    given = {**plan.engine.settings, **_kept(plan, requests)}
    said = link.ask(
        "tokenize",
        {
            "engine": {"kind": SERVED, "settings": given},
            "model": path,
            "texts": [r.text for r in requests],
        },
        answer="tokens",
        timeout_s=START_TIMEOUT_S,
    )
    engine = said.get("engine")
    _same_model(engine, model)
    used = engine.get("settings") if isinstance(engine, dict) else None
    settings = {**known, **given, **(used if isinstance(used, dict) else {})}
    counts = _counts(plan, requests, said["counts"])
    if plan.audit and None in counts.values():
        lacks = "this server does not say how it tokenizes"
        raise PlanError("audit", f"needs to know the tokens of every prompt, and {lacks}")
    _check(plan.load, requests, counts, settings.get("n_ctx"))
    return settings, counts


def _same_model(engine: object, model: Mapping[str, Any]) -> None:
    """Refuse a server that says of its model what the file of the plan is not.

    As many parameters prove nothing: that it is this file is still what the plan says.
    """
    found = engine.get("server") if isinstance(engine, dict) else None
    server: Mapping[str, Any] = found if isinstance(found, dict) else {}
    count = str(server.get("parameters", ""))
    ours = str(model.get("parameters", ""))
    if count and ours and count != ours:
        said = f"the server serves a model of {count} parameters ({server.get('models', '')})"
        raise PlanError("model.reference", f"{said}, {model.get('file')} has {ours}")


def _kept(plan: Plan, requests: Sequence[ResolvedRequest]) -> dict[str, bool]:
    """Settings of a talk: what the plan says of its prefix is what the server is asked for."""
    if not plan.load or plan.load.prefix_cache is UNSET:
        return {}
    settings, kept = plan.engine.settings, plan.load.prefix_cache
    if settings.get("cache_prompt", kept) is not kept:
        raise PlanError(
            "engine.settings.cache_prompt",
            "is not what load.prefix_cache says; leave it out, a talk is asked for as that says",
        )
    exact = [request.item for request in requests if request.prompt_tokens is not None]
    if exact and settings.get("api") != "llama":
        raise PlanError(
            f"dataset item {exact[0]}",
            "wants an exact number of tokens, and a talk of such turns needs the ids of the"
            ' answers; take a dataset of texts, or llama-server with api = "llama"',
        )
    return {"cache_prompt": kept}


def _counts(
    plan: Plan, requests: Sequence[ResolvedRequest], told: Sequence[object]
) -> dict[str, int | None]:
    chat = plan.engine.settings.get("api") == "chat"
    found: dict[str, int | None] = {}
    for request, count in zip(requests, told, strict=True):
        number = count if isinstance(count, int) and not isinstance(count, bool) else None
        if request.prompt_tokens is not None and (chat or number is None):
            why = "a chat template lengthens it" if chat else "it does not say how it tokenizes"
            raise PlanError(
                f"dataset item {request.item}",
                f"wants exactly {request.prompt_tokens} tokens, which this server cannot be given"
                f" ({why}); {TO_TEXTS}",
            )
        found[request.item] = None if chat else request.prompt_tokens or number
    return found


def _check(
    load: LoadPlan | UnsetType,
    requests: Sequence[ResolvedRequest],
    counts: Mapping[str, int | None],
    context: object,
) -> None:
    """Refuse what would not fit, as far as both are known."""
    if not isinstance(context, int) or isinstance(context, bool):
        return
    known = {item: count for item, count in counts.items() if count is not None}
    if len(known) == len(counts):
        known = prompts_in(load, requests, known)
    check_lengths(tuple(r for r in requests if r.item in known), known, context)
