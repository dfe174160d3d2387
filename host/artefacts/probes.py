"""The requests of audit probes: the same again from the same plan, seed and reference. Pure.

`verify` redoes them and compares. Pairs take turns in who comes first, so that what drifts evenly
meets both alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from host.artefacts.datasets.dataset import Language
from host.artefacts.datasets.fresh import fresh_text, language_of
from host.handover.audit import KnownOutput, Reference
from host.handover.audit_plan import AuditPlan
from host.handover.plan import ResolvedPlan, ResolvedRequest

# What the item of a request begins with; a number follows.
REPEATED, UNIQUE, KNOWN, FRESH, FIRST_ITEM = "repeat-", "unique-", "known-", "fresh-", "first"


def lengths_of(audit: AuditPlan, reference: Reference | None) -> Iterator[int]:
    """Tokens that each probe with prompts of its own needs in the context, prompt and output."""
    if "repeat" in audit.probes:
        yield audit.prompt_tokens + audit.output_tokens
    if reference is not None and "canary" in audit.probes:
        yield from (o.prompt_tokens + o.output_tokens for o in canaries(audit, reference))


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
            return tuple(_repeated(audit, seed))
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
    their requests as listed and one by one, after one warm-up, which is the first of them.
    """
    inner = plan.plan
    run = inner.run
    if name not in ("permuted", "plain"):
        run = msgspec.structs.replace(run, order="listed", warmups=1, stop=stop)
        inner = msgspec.structs.replace(inner, load=msgspec.UNSET)
    inner = msgspec.structs.replace(inner, run=run, staircase=msgspec.UNSET)
    return msgspec.structs.replace(plan, plan=inner, requests=asked)


def _repeated(audit: AuditPlan, seed: bytes) -> Iterator[ResolvedRequest]:
    """One prompt, first as warm-up, then by turns with prompts of its length asked once each."""
    size = audit.prompt_tokens, audit.output_tokens
    same = fresh_text(seed, "repeat", language_of(0), audit.prompt_tokens)
    yield ResolvedRequest(FIRST_ITEM, same, *size)
    for i in range(audit.prompts):
        other = fresh_text(seed, f"unique-{i}", language_of(0), audit.prompt_tokens)
        pair = (
            ResolvedRequest(f"{REPEATED}{i:03d}", same, *size),
            ResolvedRequest(f"{UNIQUE}{i:03d}", other, *size),
        )
        yield from pair[:: -1 if i % 2 else 1]


def _seeded(plan: ResolvedPlan, audit: AuditPlan, seed: bytes) -> Iterator[ResolvedRequest]:
    """Each prompt of the dataset, by turns with one of its length and language that was drawn."""
    told = {str(item["id"]): item for item in plan.dataset["items"]}
    for i in range(audit.prompts):
        known = plan.requests[i % len(plan.requests)]
        tokens = _tokens_of(known, told.get(known.item, {}))
        language: Language = "zh" if told.get(known.item, {}).get("language") == "zh" else "en"
        size = tokens, known.output_tokens
        if i == 0:
            warm = fresh_text(seed, "seed-first", language, tokens)
            yield ResolvedRequest(FIRST_ITEM, warm, *size)
        drawn = fresh_text(seed, f"seed-{i}", language, tokens)
        pair = (
            ResolvedRequest(f"{KNOWN}{i:03d}", known.text, *size),
            ResolvedRequest(f"{FRESH}{i:03d}", drawn, *size),
        )
        yield from pair[:: -1 if i % 2 else 1]


def _tokens_of(request: ResolvedRequest, told: Mapping[str, Any]) -> int:
    """The prompt's tokens, as asked or as the engine counted them. Raises ValueError."""
    found = request.prompt_tokens or told.get("prompt_tokens")
    if not isinstance(found, int) or found < 1:
        raise ValueError(f"it is not known how many tokens {request.item} has")
    return found


def _canary(audit: AuditPlan, reference: Reference) -> Iterator[ResolvedRequest]:
    for i, known in enumerate(canaries(audit, reference)):
        yield ResolvedRequest(
            f"canary-{i:03d}", known.text, known.prompt_tokens, known.output_tokens
        )
