"""Talks of several turns: which requests they are made of, and how long their prompts get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from host.errors import PlanError
from host.handover.load_shape import LoadPlan, shape_of
from host.handover.plan import Plan, ResolvedRequest
from host.handover.served import SERVED

# Engines that can leave what they computed of the turns before (agent/chat.py).
KEEPING = ("llama_cpp", SERVED)


def check_chat(plan: Plan, engine_kind: str) -> None:
    """Refuse talks in a shuffled order, and a cache kept by an engine that keeps none."""
    if plan.run.order != "listed":
        raise PlanError("run.order", "is not listed, and the turns of a talk have one order")
    if plan.load and plan.load.prefix_cache is True and engine_kind not in KEEPING:
        raise PlanError(
            "load.prefix_cache",
            f"{engine_kind} clears its cache for each prompt; {', '.join(KEEPING)} can keep it",
        )


def turns_of(load: LoadPlan | UnsetType) -> int:
    """Turns of a talk; 1 where there are no talks."""
    if load is UNSET or load.turns is UNSET:
        return 1
    return load.turns


def talks_of(
    load: LoadPlan | UnsetType, requests: tuple[ResolvedRequest, ...]
) -> tuple[ResolvedRequest, ...]:
    """A talk for each item, which begins with its text; the texts after it follow, in a circle.

    Turn k of a talk is an item of its own, `ITEM.k`.
    """
    if shape_of(load) != "chat":
        return requests
    change, count = msgspec.structs.replace, len(requests)
    return tuple(
        change(requests[(place + turn) % count], item=f"{first.item}.{turn + 1}")
        for place, first in enumerate(requests)
        for turn in range(turns_of(load))
    )


def prompts_in(
    load: LoadPlan | UnsetType, requests: Sequence[ResolvedRequest], counts: Mapping[str, int]
) -> dict[str, int]:
    """Tokens in front of the output of each request: of a talk all before it as well.

    counts: item -> tokens of its own text.
    """
    found: dict[str, int] = {}
    before = 0
    for place, request in enumerate(requests):
        if place % turns_of(load) == 0:
            before = 0
        found[request.item] = before + counts[request.item]
        before = found[request.item] + request.output_tokens
    return found


def first_turns(
    load: LoadPlan | UnsetType, counts: Mapping[str, int | None]
) -> Mapping[str, int | None]:
    """Tokens of the items of the dataset, which turns have other names than."""
    if shape_of(load) != "chat":
        return counts
    return {name.removesuffix(".1"): n for name, n in counts.items() if name.endswith(".1")}
