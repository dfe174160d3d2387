"""What two records must share before their values may be laid side by side."""

from __future__ import annotations

from typing import Any

import msgspec

from host.handover.facts import RunFacts
from host.handover.measurands import MEASURANDS
from host.handover.runner import NATIVE
from host.handover.served import SERVED
from host.schema.canonical import quoted

NOT_STATED = "not-stated"
TIMING_BOUNDARY = (
    "device clock; request scheduled, call started, prompt tokenized, prompt computed, token"
    " chosen after sampling, call returned"
)
# The engine contract (agent/engines/base.py): greedy, lowest id on a tie; cache cleared and
# checked to be clear before each request.
SAMPLER = "greedy, lowest id on a tie"
CACHE = "cleared before each request"
# Of a native runner: a process for each request, so that nothing is left of the one before.
NATIVE_BOUNDARY = (
    "device clock; tokenizing begun, prompt tokenized, prompt computed, token chosen, call"
    " returned, as the runner printed them"
)
NATIVE_SAMPLER = "as the runner's arguments say"
NATIVE_CACHE = "a new process for each request"
# Of a plain graph: the same inputs for all inferences of a request, nothing kept between them.
GRAPH_BOUNDARY = (
    "device clock; inputs made, inference called with inputs in host memory, inference returned"
    " with outputs in host memory"
)
NO_TOKENIZER = "none: a plain graph"
GRAPH_SAMPLER = "none: a plain graph"
GRAPH_CACHE = "none: each inference stands alone"
# Of a server: what a client sees of it (agent/serving.py), and what it is asked for.
SERVED_BOUNDARY = (
    "device clock of the client; connection open, request begun, request sent, first chunk with"
    " text, last chunk in which the server's count of tokens rises, reply ended"
)
SERVED_SAMPLER = "as the server does with temperature 0 and a fixed seed"
_SERVED_CACHE = {True: "prompts of earlier requests may be kept", False: "asked not to be used"}


def settings_of(facts: RunFacts) -> dict[str, Any]:
    """Everything that must be the same; `settings_sha256` is the hash of its canonical bytes.

    Not in it, for they are what is compared: device, model, engine with its version and its own
    settings (threads, placement, batches, types of the cache), which `runtime` holds. Not in it
    either: the number of attempts, which changes U and not the quantity.
    """
    run, sampling = facts.plan.plan.run, facts.plan.plan.sampling
    boundary, sampler, cache = _of_engine(facts)
    inference = facts.plan.plan.inference
    named: dict[str, Any] = {
        "measurands": list(MEASURANDS),
        "dataset": {key: _said(facts.dataset, key) for key in ("id", "version", "sha256")},
        "items": [request.item for request in facts.plan.requests],
        "output_tokens": {r.item: r.output_tokens for r in facts.plan.requests},
        "prompt_tokens": {r.item: _or_text(r.prompt_tokens) for r in facts.plan.requests},
        "order": {"how": run.order, "seed": run.seed},
        "tokenizer_sha256": NO_TOKENIZER if inference else _said(facts.model, "tokenizer_sha256"),
        "stop": run.stop,
        "warmups": run.warmups,
        "requests_per_attempt": len(facts.plan.requests),
        "cache": cache,
        "sampler": sampler,
        "context_tokens": facts.plan.engine_settings.get("n_ctx", NOT_STATED),
        "sampling": {
            "enabled": sampling.enabled,
            "kinds": sorted(sampling.kinds) or "all that are there",
            "rate_hz": sampling.rate_hz,
            "jitter_ratio": sampling.jitter_ratio,
        },
        "idle_baseline_s": {"before": run.idle_before_s, "after": run.idle_after_s},
        "timing_boundary": boundary,
    }
    if inference:
        named["inference"] = msgspec.to_builtins(inference)
    if facts.plan.plan.load is not msgspec.UNSET:
        named["load"] = msgspec.to_builtins(facts.plan.plan.load)
    fit: dict[str, Any] = quoted(named)
    return fit


def _of_engine(facts: RunFacts) -> tuple[str, str, str]:
    """Timing boundary, sampler and cache."""
    if facts.plan.engine_kind == NATIVE:
        return NATIVE_BOUNDARY, NATIVE_SAMPLER, NATIVE_CACHE
    if facts.plan.engine_kind == SERVED:
        kept = facts.plan.engine_settings.get("cache_prompt") is True
        api = facts.plan.engine_settings.get("api", NOT_STATED)
        return f"{SERVED_BOUNDARY}; api {api}", SERVED_SAMPLER, _SERVED_CACHE[kept]
    if facts.plan.plan.inference:
        return GRAPH_BOUNDARY, GRAPH_SAMPLER, GRAPH_CACHE
    return TIMING_BOUNDARY, SAMPLER, CACHE


def _said(said: Any, key: str) -> Any:  # noqa: ANN401 - free-form
    return said.get(key) or NOT_STATED


def _or_text(tokens: int | None) -> int | str:
    return "as many as the text has" if tokens is None else tokens
