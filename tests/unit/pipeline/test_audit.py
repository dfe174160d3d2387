"""Plans with an audit: which are refused, and how, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.artefacts.datasets.fresh import fresh_text, text_as_long
from host.artefacts.datasets.words import COUNT, WORDS
from host.artefacts.probes import requests_of
from host.errors import ArtefactError, PlanError
from host.handover.audit import KnownOutput, Reference
from host.handover.audit_plan import DEFAULT_AUDIT, FIRST, NAMES, folder_of, number_of
from host.handover.plan import EnginePlan, Plan
from host.handover.runner import Runner
from host.pipeline.audit import (
    AUDITED,
    check_audit,
    check_reference,
    check_runner,
    longest_probe,
    reference_of,
    room_of,
)
from host.pipeline.unattended import refuse_unattended
from host.plan.load import default, dump, override, parse
from host.plan.runner import runner
from tests.fakes.audited import SEED, audited_plan
from tests.fakes.audited_graphs import of_graph
from tests.fakes.audited_runner import of_runner

MODEL = {"sha256": "1" * 64}
KNOWN = Reference(
    reference=1,
    model_sha256="1" * 64,
    tokenizer_sha256=None,
    engine_kind="llama_cpp",
    stop="length",
    run="0" * 32,
    record_id="urn:sha256:" + "2" * 64,
    outputs=(KnownOutput("a", "hello", 400, 8, (1, 2, 3)),),
)


def plan(**over: Any) -> Plan:  # noqa: ANN401
    """The default plan with an audit; over: keys of [audit], or of [run] that it has,
    or `settings` of the engine.
    """
    made = override(default()[0], {"audit": DEFAULT_AUDIT})
    run = {k: over.pop(k) for k in ("stop", "pairing") if k in over}
    settings = EnginePlan("auto", over.pop("settings", {}))
    assert made.audit
    audit = msgspec.structs.replace(made.audit, **over)
    run_plan = msgspec.structs.replace(made.run, **run)
    return msgspec.structs.replace(made, engine=settings, audit=audit, run=run_plan)


def test_a_plan_with_an_audit_reads_back_and_one_without_is_as_before() -> None:
    asked = plan(probes=("canary",), reference="known.json")
    assert parse(dump(asked).encode(), "plan") == asked
    assert "audit" not in dump(default()[0])
    assert override(asked, {"audit": DEFAULT_AUDIT}) == asked  # its own table stays


@pytest.mark.parametrize(
    ("over", "engine", "said"),
    [
        ({}, "replay", "replay plays back"),
        ({"probes": ("length",), "reference": "x"}, "onnx", "and a plain graph has none"),
        ({"pairing": "on_off"}, "llama_cpp", "in pairs"),
        ({"settings": {"url": "http://127.0.0.1:1"}}, "openai_http", "that the run starts"),
        ({"settings": {"api": "chat"}}, "openai_http", "a chat template"),
        ({"probes": ("canary", "length")}, "llama_cpp", "needed by canary and length"),
        ({"probes": ("length",), "reference": "x"}, "llama_cpp", "do not end by themselves"),
    ],
)
def test_probes_that_could_say_nothing_are_refused(
    over: dict[str, Any], engine: str, said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        check_audit(plan(**over), engine)


def test_a_detached_run_and_every_engine_that_runs_a_model_may_be_probed() -> None:
    refuse_unattended(plan())
    for engine in AUDITED:
        check_audit(plan(), engine)


def described(**over: Any) -> Runner:  # noqa: ANN401
    return msgspec.structs.replace(runner("llama-completion"), **over)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (runner("llama-bench"), "makes up its prompts"),
        (
            described(output="log", answer=None),
            "permuted cannot be asked .* shows no output; .* repeat and seed",
        ),
        (
            described(lines=None),
            "repeat and seed cannot .* no times of its tokens; .* permuted and canary and length",
        ),
    ],
)
def test_a_runner_says_which_probes_it_cannot_be_asked(how: Runner, said: str) -> None:
    check_runner(DEFAULT_AUDIT, described())
    with pytest.raises(PlanError, match=said):
        check_runner(DEFAULT_AUDIT, how)


def written(path: Path, **over: Any) -> Path:  # noqa: ANN401
    path.write_text(json.dumps({**msgspec.to_builtins(KNOWN), **over}))
    return path


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"model_sha256": "3" * 64}, "knows outputs of the model 3333"),
        ({"reference": 9}, "version 9"),
        ({"outputs": []}, "no file of known outputs"),
        ({"outputs": [{"item": "a", "tokens": [-1]}]}, "no file of known outputs"),
        ({"more": 1}, "no file of known outputs"),
    ],
)
def test_known_outputs_of_another_kind_are_refused(
    over: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "known.json", **over)
    with pytest.raises(ArtefactError, match=said):
        reference_of(plan(probes=("canary",), reference=str(path)), MODEL)


def test_known_outputs_are_held_to_their_hash_and_lengths_to_a_natural_end(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "known.json")
    found = reference_of(plan(probes=("canary",), reference=str(path)), MODEL)
    assert found is not None
    assert found[0] == KNOWN
    assert longest_probe(plan(probes=("canary",)), found) == 408
    assert longest_probe(plan(probes=("permuted",)), found) == 0
    wrong = plan(probes=("canary",), reference=str(path), reference_sha256="4" * 64)
    with pytest.raises(ArtefactError, match="the plan wants 4444"):
        reference_of(wrong, MODEL)
    natural = plan(probes=("length",), reference=str(path), stop="natural")
    with pytest.raises(ArtefactError, match="did not end by themselves"):
        reference_of(natural, MODEL)


def test_prompts_come_of_the_seed_alone_and_none_is_like_another() -> None:
    made = audited_plan(DEFAULT_AUDIT, 1, "length")
    asked = {name: requests_of(name, made, SEED, None) for name in ("repeat", "seed")}
    assert asked["repeat"] == requests_of("repeat", made, SEED, None)
    assert asked["repeat"] != requests_of("repeat", made, bytes(32), None)
    texts = [r.text for r in asked["repeat"] if r.item.startswith("unique-")]
    texts += [r.text for r in asked["seed"] if r.item.startswith("fresh-")]
    assert len(set(texts)) == len(texts) == 2 * DEFAULT_AUDIT.prompts
    lengths = {r.item[-3:]: r.prompt_tokens for r in asked["seed"] if r.item[:5] == "known"}
    assert lengths == {
        r.item[-3:]: r.prompt_tokens for r in asked["seed"] if r.item[:5] == "fresh"
    }
    assert all(len(set(words)) == COUNT for words in WORDS.values())
    assert len(fresh_text(SEED, "x", "zh", 40).split("，")) == 40


def test_every_try_of_every_probe_has_a_number_and_a_folder_of_its_own() -> None:
    numbers = [number_of(name, again) for again in range(3) for name in NAMES]
    assert len(set(numbers)) == len(numbers) == len({folder_of(n) for n in numbers})
    assert min(numbers) == FIRST
    assert folder_of(number_of("seed", 0)) == "seed"
    assert folder_of(number_of("seed", 2)) == "seed-3"


def test_drawn_texts_are_as_long_as_asked_and_inputs_are_drawn_by_number() -> None:
    for language in ("zh", "en"):
        text = text_as_long(SEED, "x", language, 200)
        assert 170 <= len(text.encode()) <= 200
        assert fresh_text(SEED, "x", language, 200).startswith(text)
    assert text_as_long(SEED, "x", "en", 1) in WORDS["en"]
    (room,) = room_of(plan(), None)
    native = of_runner(audited_plan(DEFAULT_AUDIT, 1, "length"))
    texts = [r.text for r in requests_of("repeat", native, SEED, None)]
    assert max(len(t.encode()) for t in texts) <= len(room.text)
    graph = of_graph(native)
    inputs = [r.text for r in requests_of("seed", graph, SEED, None) if r.item[:5] == "fresh"]
    assert len(set(inputs)) == DEFAULT_AUDIT.prompts
    assert all(text.removeprefix("seed:").isdecimal() for text in inputs)


def test_outputs_known_as_texts_are_for_engines_that_show_texts(tmp_path: Path) -> None:
    text = KnownOutput("a", "hello", None, 8, output=b"hi \xff")
    texts = msgspec.structs.replace(KNOWN, reference=2, outputs=(text,))
    path = written(tmp_path / "texts.json", **msgspec.to_builtins(texts))
    found = reference_of(plan(probes=("canary",), reference=str(path)), MODEL)
    assert found is not None
    assert found[0] == texts
    assert longest_probe(plan(probes=("canary",)), found) == 8
    for engine in ("openai_http", "native"):
        check_reference(found, engine)
        with pytest.raises(PlanError, match=f"{engine} shows texts"):
            check_reference((KNOWN, b""), engine)
    with pytest.raises(PlanError, match="llama_cpp shows token ids"):
        check_reference(found, "llama_cpp")
    empty = msgspec.to_builtins(msgspec.structs.replace(text, output=b""))
    with pytest.raises(ArtefactError, match="one of them is empty"):
        reference_of(
            plan(probes=("canary",), reference=str(written(path, outputs=[empty]))), MODEL
        )
