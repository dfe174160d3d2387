"""A plan for a server: prompts of an exact length only where the server tells its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from host.errors import PlanError
from host.handover.audit_plan import DEFAULT_AUDIT
from host.handover.load_shape import LoadPlan
from host.handover.plan import EnginePlan, Plan, ResolvedRequest
from host.pipeline.served import served
from host.plan.load import default
from host.run.link import AgentLink

TEXT = ResolvedRequest("talk", "Hello", None, 16)
MODEL = {"file": "m.gguf", "parameters": 1000}
EXACT = ResolvedRequest("pp-64", "Hello", 64, 16)


@dataclass
class Agent:
    """The far end: an agent whose server counts tokens so, or not at all."""

    counts: list[int | None]
    context: int | None = 256
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    server: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hello(self) -> Mapping[str, Any]:
        return {"engine_settings": {"openai_http": {"api": "completions", "n_ctx": None}}}

    def ask(self, kind: str, fields: Mapping[str, Any], **_: object) -> Mapping[str, Any]:
        self.asked.append({"type": kind, **fields})
        said = {**fields["engine"]["settings"], "n_ctx": self.context}
        return {
            "type": "tokens",
            "counts": self.counts,
            "engine": {"settings": said, "server": self.server},
        }


def _plan(load: LoadPlan | UnsetType = UNSET, **settings: object) -> Plan:
    engine = EnginePlan("openai_http", {"url": "http://127.0.0.1:8080", **settings})
    return msgspec.structs.replace(default()[0], engine=engine, load=load)


def _served(
    agent: Agent,
    *requests: ResolvedRequest,
    load: LoadPlan | UnsetType = UNSET,
    **settings: object,
) -> tuple[dict[str, Any], dict[str, int | None]]:
    return served(_plan(load, **settings), "/model", requests, cast("AgentLink", agent), MODEL)


def test_counts_and_context_of_the_server_are_stated_and_what_it_cannot_count_is_left_open() -> (
    None
):
    agent = Agent([7, 9])
    settings, counts = _served(agent, TEXT, EXACT)
    assert counts == {"talk": 7, "pp-64": 64}
    assert (settings["n_ctx"], settings["api"]) == (256, "completions")
    assert agent.asked[0]["model"] == "/model"
    assert _served(Agent([None]), TEXT)[1] == {"talk": None}
    assert _served(Agent([7]), TEXT, api="chat")[1] == {"talk": None}, "a template adds to it"


@pytest.mark.parametrize(
    ("agent", "settings", "said"),
    [
        (Agent([None]), {}, "does not say how it tokenizes"),
        (Agent([5]), {"api": "chat"}, "a chat template lengthens it"),
    ],
)
def test_exact_length_that_the_server_cannot_be_given_is_refused_with_advice(
    agent: Agent, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError, match="take a dataset of texts") as refused:
        _served(agent, EXACT, **settings)
    assert said in str(refused.value)
    assert "pp-64" in str(refused.value)


def test_prompt_that_does_not_fit_is_refused_as_far_as_both_are_known() -> None:
    with pytest.raises(PlanError, match="the context holds 79"):
        _served(Agent([5], context=79), EXACT)
    assert _served(Agent([5], context=None), EXACT)[1] == {"pp-64": 64}


CHAT = LoadPlan("chat", turns=2, prefix_cache=True)
TURNS = tuple(msgspec.structs.replace(TEXT, item=f"talk.{turn}") for turn in (1, 2))


def test_server_of_a_talk_is_asked_to_keep_prompts_as_the_plan_says_and_not_otherwise() -> None:
    settings, counts = _served(Agent([7, 7]), *TURNS, load=CHAT)
    assert settings["cache_prompt"] is True
    assert counts == {"talk.1": 7, "talk.2": 7}, "of its own text; the reply tells the rest"
    with pytest.raises(PlanError, match=r"cache_prompt: is not what load\.prefix_cache says"):
        _served(Agent([7, 7]), *TURNS, load=CHAT, cache_prompt=False)


def test_talk_whose_later_prompts_do_not_fit_is_refused() -> None:
    with pytest.raises(PlanError, match=r"talk\.2: prompt of 30 tokens and 16 output tokens"):
        _served(Agent([7, 7], context=45), *TURNS, load=CHAT)
    assert _served(Agent([7, None], context=45), *TURNS, load=CHAT)


def test_talk_of_exact_lengths_needs_a_server_that_tells_its_tokens() -> None:
    exact = [msgspec.structs.replace(turn, prompt_tokens=64) for turn in TURNS]
    with pytest.raises(PlanError, match='llama-server with api = "llama"'):
        _served(Agent([7, 7]), *exact, load=CHAT)
    assert _served(Agent([7, 7]), *exact, load=CHAT, api="llama")[1]["talk.2"] == 64


def test_audit_of_a_server_that_tells_no_tokens_is_refused_before_anything_is_measured() -> None:
    plan = msgspec.structs.replace(_plan(), audit=DEFAULT_AUDIT)
    with pytest.raises(PlanError, match="audit: needs to know the tokens of every prompt"):
        served(plan, "/model", (TEXT,), cast("AgentLink", Agent([None])), MODEL)
    assert served(plan, "/model", (TEXT,), cast("AgentLink", Agent([7])), MODEL)


def test_server_that_names_another_number_of_parameters_serves_another_model() -> None:
    serves = {"kind": "llama-server", "models": "other.gguf", "parameters": "2000"}
    with pytest.raises(PlanError, match=r"2000 parameters \(other\.gguf\), m\.gguf has 1000"):
        _served(Agent([7], server=serves), TEXT)
    assert _served(Agent([7], server={**serves, "parameters": "1000"}), TEXT)
