"""What a server did with its cache is held against what the plan says of it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from msgspec import UNSET

from host.handover.load_shape import LoadPlan
from host.handover.trace import AlignedRun, Reply
from host.record.warning_served import served_warnings
from tests.fakes.records import sample_facts
from tests.fakes.traces import attempt, request, run_of

STARTED = {"program": "/opt/llama-server"}


def of_turns(*kept: int, said: float | None = None) -> AlignedRun:
    """A talk whose turns took so many tokens from the cache. said: what the server says."""
    turns = []
    for turn, tokens in enumerate(kept, 1):
        stated = {"cache_n": float(tokens) if said is None else said}
        reply = Reply(None, stated, "")
        turns.append(replace(request(number=turn), turn=turn, kept_tokens=tokens, reply=reply))
    return run_of(attempt(turns))


def without_a_word(run: AlignedRun) -> AlignedRun:
    """The same of a server that states nothing."""
    (one,) = run.attempts
    kept = [replace(r, reply=Reply(None, {}, ""), kept_tokens=0) for r in one.requests]
    return run_of(replace(one, requests=tuple(kept)))


def codes(run: AlignedRun, *, prefix_cache: bool | None) -> list[str]:
    facts = sample_facts(1)
    chat = UNSET if prefix_cache is None else LoadPlan("chat", turns=2, prefix_cache=prefix_cache)
    change = msgspec.structs.replace
    plan = change(
        facts.plan,
        engine_kind="openai_http",
        engine_settings=STARTED,
        plan=change(facts.plan.plan, load=chat),
    )
    return [warning.code for warning in served_warnings(run, replace(facts, plan=plan))]


@pytest.mark.parametrize(
    ("run", "prefix_cache", "warned"),
    [
        (of_turns(0, 12), True, []),
        (of_turns(0, 0), True, ["prefix-not-kept"]),
        (of_turns(0, 0), False, []),
        (of_turns(0, 0, said=12.0), False, ["prompt-cached"]),
        (of_turns(0, 0, said=12.0), None, ["prompt-cached"]),
        (without_a_word(of_turns(0, 0)), None, ["cache-not-stated"]),
    ],
    ids=["kept", "not kept", "off", "kept though off", "kept without a talk", "not told"],
)
def test_prefix_that_was_kept_or_not_against_the_plan_is_warned_of(
    run: AlignedRun, *, prefix_cache: bool | None, warned: list[str]
) -> None:
    assert codes(run, prefix_cache=prefix_cache) == warned
