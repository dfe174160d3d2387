from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from host.handover.facts import RunFacts
from host.record.settings import settings_of
from host.schema.canonical import sha256_of
from tests.fakes.records import sample_facts

FACTS = sample_facts()
PLAN = FACTS.plan


def planned(**change: Any) -> RunFacts:  # noqa: ANN401 - fields of a plan
    return replace(FACTS, plan=msgspec.structs.replace(PLAN, **change))


def run(**change: Any) -> RunFacts:  # noqa: ANN401 - fields of a plan
    return planned(plan=given("run", **change))


def given(part: str, **change: Any) -> Any:  # noqa: ANN401 - fields of a plan
    changed = msgspec.structs.replace(getattr(PLAN.plan, part), **change)
    return msgspec.structs.replace(PLAN.plan, **{part: changed})


def engine(**change: Any) -> RunFacts:  # noqa: ANN401 - settings of an engine
    return planned(engine_settings={**PLAN.engine_settings, **change})


def first_request(**change: Any) -> RunFacts:  # noqa: ANN401 - fields of a request
    first, *rest = PLAN.requests
    return planned(requests=(msgspec.structs.replace(first, **change), *rest))


MATTERS: dict[str, Callable[[], RunFacts]] = {
    "dataset hash": lambda: replace(FACTS, dataset={**FACTS.dataset, "sha256": "9" * 64}),
    "dataset version": lambda: replace(FACTS, dataset={**FACTS.dataset, "version": "2"}),
    "tokenizer": lambda: replace(FACTS, model={**FACTS.model, "tokenizer_sha256": "9" * 64}),
    "seed": lambda: run(seed=2),
    "order": lambda: run(order="listed"),
    "stop": lambda: run(stop="natural"),
    "warm-ups": lambda: run(warmups=2),
    "idle before": lambda: run(idle_before_s=1.0),
    "idle after": lambda: run(idle_after_s=1.0),
    "rate": lambda: planned(plan=given("sampling", rate_hz=20.0)),
    "jitter": lambda: planned(plan=given("sampling", jitter_ratio=0.0)),
    "sampling off": lambda: planned(plan=given("sampling", enabled=False)),
    "kinds": lambda: planned(plan=given("sampling", kinds=("rapl",))),
    "items": lambda: planned(requests=PLAN.requests[:1]),
    "output length": lambda: first_request(output_tokens=5),
    "prompt length": lambda: first_request(prompt_tokens=None),
    "context": lambda: engine(n_ctx=512),
}
COMPARED: dict[str, Callable[[], RunFacts]] = {
    "model": lambda: replace(FACTS, model={**FACTS.model, "sha256": "9" * 64, "name": "x"}),
    "device": lambda: replace(FACTS, device_before={"name": "other"}),
    "engine": lambda: planned(engine_kind="onnx_genai", engine_reason="x"),
    "engine version": lambda: replace(FACTS, engine={"version": "2"}),
    "kv cache": lambda: engine(type_k="q8_0"),
    "batch": lambda: engine(n_batch=32),
    "threads": lambda: engine(n_threads=1),
    "placement": lambda: engine(n_gpu_layers=0),
    "attempts": lambda: run(attempts=50),
    "title": lambda: planned(plan=msgspec.structs.replace(PLAN.plan, title="x")),
    "paths": lambda: planned(model_path="/elsewhere"),
    "performed": lambda: replace(FACTS, performed={}),
}


@pytest.mark.parametrize("name", MATTERS)
def test_what_changes_the_quantity_changes_the_hash(name: str) -> None:
    assert sha256_of(settings_of(MATTERS[name]())) != sha256_of(settings_of(FACTS))


@pytest.mark.parametrize("name", COMPARED)
def test_what_is_compared_does_not_change_the_hash(name: str) -> None:
    assert settings_of(COMPARED[name]()) == settings_of(FACTS)


def test_the_order_in_which_kinds_are_listed_does_not_matter() -> None:
    one = planned(plan=given("sampling", kinds=("a", "b")))
    other = planned(plan=given("sampling", kinds=("b", "a")))
    assert settings_of(one) == settings_of(other)


def test_kinds_are_listed_or_said_to_be_all() -> None:
    assert settings_of(FACTS)["sampling"]["kinds"] == "all that are there"
    some = planned(plan=given("sampling", kinds=("rapl",)))
    assert settings_of(some)["sampling"]["kinds"] == ["rapl"]


def test_what_nobody_stated_is_named_and_not_left_out() -> None:
    silent = replace(FACTS, model={})
    assert settings_of(silent)["tokenizer_sha256"] == "not-stated"


def test_requests_are_counted_without_warm_ups() -> None:
    assert settings_of(FACTS)["requests_per_attempt"] == 3
    assert settings_of(FACTS)["warmups"] == 1


def test_a_prompt_that_is_cut_to_no_length_says_so() -> None:
    lengths = settings_of(first_request(prompt_tokens=None))["prompt_tokens"]
    assert lengths == {
        "chat-64": "as many as the text has",
        "chat-256": 256,
        "chat-1024": 1024,
    }
