"""Talks in a plan: their turns, how long their prompts get, and what is refused."""

from __future__ import annotations

import msgspec
import pytest

from host.errors import PlanError
from host.handover.load_shape import LoadPlan
from host.handover.plan import Plan, ResolvedRequest
from host.plan.chat import first_turns, prompts_in, talks_of
from host.plan.load import default
from host.plan.resolve import check_load

CHAT = LoadPlan("chat", turns=2, prefix_cache=False)
ITEMS = tuple(ResolvedRequest(name, f"text of {name}", None, 10) for name in "abc")
COUNTS = {"a.1": 5, "a.2": 7, "b.1": 7, "b.2": 9, "c.1": 9, "c.2": 5}


def chat_plan(order: str = "listed", load: LoadPlan = CHAT) -> Plan:
    plan = default()[0]
    run = msgspec.structs.replace(plan.run, order=order)
    return msgspec.structs.replace(plan, run=run, load=load)


def test_a_talk_begins_with_its_item_and_the_next_texts_follow_in_a_circle() -> None:
    found = [(r.item, r.text) for r in talks_of(CHAT, ITEMS)]
    assert found[:2] == [("a.1", "text of a"), ("a.2", "text of b")]
    assert found[-1] == ("c.2", "text of a")
    assert talks_of(msgspec.UNSET, ITEMS) == ITEMS


def test_a_prompt_holds_every_turn_and_answer_before_it() -> None:
    requests = talks_of(CHAT, ITEMS)
    found = prompts_in(CHAT, requests, COUNTS)
    assert found == {"a.1": 5, "a.2": 22, "b.1": 7, "b.2": 26, "c.1": 9, "c.2": 24}
    single = prompts_in(msgspec.UNSET, ITEMS, {"a": 1, "b": 2, "c": 3})
    assert single == {"a": 1, "b": 2, "c": 3}
    assert first_turns(CHAT, COUNTS) == {"a": 5, "b": 7, "c": 9}


def test_turns_are_not_shuffled_and_no_engine_is_asked_to_keep_what_it_clears() -> None:
    check_load(chat_plan(), "onnx_genai")
    with pytest.raises(PlanError, match=r"run\.order: is not listed"):
        check_load(chat_plan("shuffled"), "llama_cpp")
    kept = chat_plan(load=LoadPlan("chat", turns=2, prefix_cache=True))
    check_load(kept, "llama_cpp")
    with pytest.raises(PlanError, match=r"load\.prefix_cache: onnx_genai clears"):
        check_load(kept, "onnx_genai")
