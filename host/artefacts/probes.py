"""The requests of audit probes: the same again from the same plan, seed and reference. Pure.

`verify` redoes them and compares. Pairs take turns in who comes first, so that what drifts evenly
meets both alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from host.artefacts.datasets.dataset import Language
from host.artefacts.datasets.fresh import fresh_inputs, fresh_text, language_of, text_as_long
from host.handover.audit import KnownOutput, Reference
from host.handover.audit_plan import AuditPlan
from host.handover.plan import ResolvedPlan, ResolvedRequest
from host.handover.runner import NATIVE

# What the item of a request begins with; a number follows.
REPEATED, UNIQUE, KNOWN, FRESH, FIRST_ITEM = "repeat-", "unique-", "known-", "fresh-", "first"
# Images of a plain graph that a request of `repeat` or `seed` makes: the first,
# where a kept output of these inputs shows, and some more. Our choice.
PROBE_IMAGES = 4
# Bytes of a text for each token that is wanted, where a runner takes texts. Our choice: words of
# some five letters are a token or two; times are compared by the tokens that it counts.
BYTES_A_TOKEN = 4


def lengths_of(audit: AuditPlan, reference: Reference | None) -> Iterator[int]:
    """Tokens that each probe with prompts of its own needs in the context, prompt and output.

    Not of a native runner, which takes texts (`repeated_bytes`), nor of a plain graph.
    """
    if "repeat" in audit.probes:
        yield audit.prompt_tokens + audit.output_tokens
    if reference is not None and "canary" in audit.probes:
        yield from ((o.prompt_tokens or 0) + o.output_tokens for o in canaries(audit, reference))


def repeated_bytes(audit: AuditPlan) -> int:
    """Bytes of a prompt of `repeat`, where a runner takes texts and no number of tokens."""
    return BYTES_A_TOKEN * audit.prompt_tokens


def canaries(audit: AuditPlan, reference: Reference) -> tuple[KnownOutput, ...]:
    """The known outputs that are asked for."""
    return reference.outputs[: audit.prompts]


def requests_of(
    name: str, plan: ResolvedPlan, seed: bytes, reference: Reference | None
) -> tuple[ResolvedRequest, ...]:
    """What the probe's attempt of this name is asked, in order.

    Raises ValueError where the plan has no such probe, or the canaries no reference.
    """
    audit = plan.plan.audit
    if not audit:
        raise ValueError("the plan has no audit")
    match name:
        case "repeat":
            return tuple(_repeated(plan, audit, seed))
        case "seed":
            return tuple(_seeded(plan, audit, seed))
        case "permuted" | "plain":
            return plan.requests
        case "canary" if reference is not None:
            return tuple(_canary(audit, reference))
    raise ValueError(f"no requests are known of a probe {name!r}")


def variant(
    plan: ResolvedPlan, name: str, asked: tuple[ResolvedRequest, ...], stop: str
) -> ResolvedPlan:
    """The plan as the probe's attempt runs it.

    The model with permuted weights, and without, runs what a scored attempt runs. The others run
    their requests as listed and one by one, after one warm-up, which is the first of them; of a
    plain graph each makes few images.
    """
    inner = plan.plan
    run = inner.run
    if name not in ("permuted", "plain"):
        run = msgspec.structs.replace(run, order="listed", warmups=1, stop=stop)
        inner = msgspec.structs.replace(inner, load=msgspec.UNSET)
        if inner.inference:
            count = PROBE_IMAGES * inner.inference.steps
            few = msgspec.structs.replace(inner.inference, count=count)
            inner = msgspec.structs.replace(inner, inference=few)
    inner = msgspec.structs.replace(inner, run=run, staircase=msgspec.UNSET)
    return msgspec.structs.replace(plan, plan=inner, requests=asked)


def _repeated(plan: ResolvedPlan, audit: AuditPlan, seed: bytes) -> Iterator[ResolvedRequest]:
    """One prompt, first as warm-up, then by turns with prompts of its length asked once each."""

    def drawn(item: str, name: str) -> ResolvedRequest:
        if plan.plan.inference:
            return ResolvedRequest(item, fresh_inputs(seed, name), 0, 0)
        if plan.engine_kind == NATIVE:
            text = text_as_long(seed, name, language_of(0), repeated_bytes(audit))
            return ResolvedRequest(item, text, None, audit.output_tokens)
        text = fresh_text(seed, name, language_of(0), audit.prompt_tokens)
        return ResolvedRequest(item, text, audit.prompt_tokens, audit.output_tokens)

    yield drawn(FIRST_ITEM, "repeat")
    for i in range(audit.prompts):
        pair = (
            drawn(f"{REPEATED}{i:03d}", "repeat"),
            drawn(f"{UNIQUE}{i:03d}", f"unique-{i}"),
        )
        yield from pair[:: -1 if i % 2 else 1]


def _seeded(plan: ResolvedPlan, audit: AuditPlan, seed: bytes) -> Iterator[ResolvedRequest]:
    """Each prompt of the dataset, by turns with one of its length and language that was drawn."""
    for i in range(audit.prompts):
        known = plan.requests[i % len(plan.requests)]
        if i == 0:
            yield _like(plan, known, seed, FIRST_ITEM, "seed-first")
        drawn = _like(plan, known, seed, f"{FRESH}{i:03d}", f"seed-{i}")
        same = msgspec.structs.replace(drawn, item=f"{KNOWN}{i:03d}", text=known.text)
        yield from (same, drawn)[:: -1 if i % 2 else 1]


def _like(
    plan: ResolvedPlan, known: ResolvedRequest, seed: bytes, item: str, name: str
) -> ResolvedRequest:
    """A request as long as one of the dataset, which nobody asked before. Raises ValueError."""
    if plan.plan.inference:
        return ResolvedRequest(item, fresh_inputs(seed, name), 0, 0)
    told: Mapping[str, Any] = next(
        (one for one in plan.dataset["items"] if str(one["id"]) == known.item), {}
    )
    language: Language = "zh" if told.get("language") == "zh" else "en"
    if plan.engine_kind == NATIVE:
        text = text_as_long(seed, name, language, len(known.text.encode()))
        return ResolvedRequest(item, text, None, known.output_tokens)
    tokens = _tokens_of(known, told)
    text = fresh_text(seed, name, language, tokens)
    return ResolvedRequest(item, text, tokens, known.output_tokens)


def _tokens_of(request: ResolvedRequest, told: Mapping[str, Any]) -> int:
    """The prompt's tokens, as asked or as the engine counted them. Raises ValueError."""
    found = request.prompt_tokens or told.get("prompt_tokens")
    if not isinstance(found, int) or found < 1:
        raise ValueError(f"it is not known how many tokens {request.item} has")
    return found


def _canary(audit: AuditPlan, reference: Reference) -> Iterator[ResolvedRequest]:
    for i, known in enumerate(canaries(audit, reference)):
        tokens = 0 if known.graph is not None else known.prompt_tokens
        yield ResolvedRequest(f"canary-{i:03d}", known.text, tokens, known.output_tokens)
