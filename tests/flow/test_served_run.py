"""A whole run against the real llama-server: streams at once, with a draft model of its own."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from host.align.read import read_run
from tests.fakes.command import Command, small_plan
from tests.fakes.native import program

STREAMS = (1, 2)


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, command: Command, tiny_gguf: Path
) -> Mapping[str, Any]:
    """One attempt with two steps of load, the server started by it."""
    folder = tmp_path_factory.mktemp("served")
    server = program(folder, "llama-server", {})
    words = ["-m", "{model}", "--host", "{host}", "--port", "{port}", "-t", "1", "-c", "1024"]
    draft = ["-np", "2", "-md", str(tiny_gguf), "--spec-type", "draft-simple"]
    plan = small_plan(
        folder / "plan.toml",
        engine="openai_http",
        settings={"program": str(server), "args": [*words, *draft], "api": "llama"},
        model=tiny_gguf,
        items=["assistant-tea-en", "assistant-umbrella-zh"],
        attempts=1,
        warmups=0,
        output_tokens=8,
        load={"shape": "streams", "steps": list(STREAMS), "requests_per_stream": 1},
    )
    reference = folder / "own.fidelity"
    made = ("--model", tiny_gguf, "--n-ctx", "32", "--windows", "1", "--out", reference)
    assert command("fidelity", "reference", *made).returncode == 0
    wanted = tomllib.loads(plan.read_text("utf-8"))
    wanted["fidelity"] = {"reference": str(reference), "min_greedy_agreement": 0.5}
    plan.write_text(tomli_w.dumps(wanted), encoding="utf-8")
    done = command("measure", "--plan", plan, "--runs", folder / "runs", "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def value(said: Mapping[str, Any], result: str) -> float:
    found = next(r for r in said["results"] if r["id"] == result)
    assert found["value"] is not None, found["missing"]
    return float(found["value"])


def test_each_step_has_its_own_rates_and_none_stands_for_all_loads(
    served: Mapping[str, Any],
) -> None:
    for streams in STREAMS:
        system = value(served, f"system_rate@1/mean/streams={streams}")
        one = value(served, f"decode_rate@1/mean/streams={streams}")
        first = value(served, f"time_to_first_token@1/mean/streams={streams}")
        assert 0 < system < streams * one, "the system's time holds the prefill too"
        assert first > 0
    scopes = {r["scope"] for r in served["results"] if r["measurand_id"] == "decode_rate@1"}
    assert scopes == {f"streams={streams}" for streams in STREAMS}


def test_model_that_drafts_for_itself_has_nearly_all_of_it_accepted(
    served: Mapping[str, Any],
) -> None:
    assert value(served, "draft_acceptance@1/mean") > 0.5
    assert 1 < value(served, "accepted_length@1/mean") <= 8


def test_tokens_are_known_by_their_ids_and_are_alike_for_one_stream_and_two(
    served: Mapping[str, Any],
) -> None:
    run = read_run(Path(served["run"])).run
    found = [r for a in run.attempts for r in a.requests]
    assert len(found) == sum(STREAMS)
    assert all(r.tokens.known and r.tokens.made == r.requested_tokens for r in found)
    by_item = {(r.item, tuple(r.tokens.tokens.tolist())) for r in found}
    assert len(by_item) == len({r.item for r in found}), "greedy, and exact for one thread"


def test_memory_is_the_servers_and_not_that_of_its_client(
    served: Mapping[str, Any], tiny_gguf: Path
) -> None:
    peak = value(served, "peak_memory@1/mean/process.rss_peak")
    assert peak > tiny_gguf.stat().st_size


def test_record_names_the_server_and_holds(served: Mapping[str, Any], command: Command) -> None:
    record = json.loads(Path(served["record"]).read_text("utf-8"))
    server = record["runtime"]["described"]["server"]
    assert (server["kind"], server["started_here"]) == ("llama-server", True)
    assert server["build"].startswith("b")
    stated = [
        q for q in record["conventions"] if q["measurand_id"].startswith("convention:server.")
    ]
    assert [q["value"] is not None for q in stated] == [True, True]
    codes = {w["code"] for w in record["warnings"]}
    assert not codes & {"model-not-proven", "prompt-cached"}
    done = command("verify", served["run"], "--json")
    found = json.loads(done.stdout)
    assert [found[v] for v in ("intact", "redone", "conforming")] == [True, True, True], found


def test_text_of_a_server_is_held_against_what_the_model_answers_in_a_library(
    served: Mapping[str, Any],
) -> None:
    """Without logits: greedy outputs by their bytes. The library is another build of llama.cpp."""
    fidelity = json.loads(Path(served["record"]).read_text("utf-8"))["fidelity"]
    assert {f["measurand_id"] for f in fidelity["figures"]} == {
        "greedy_agreement@1",
        "greedy_identical@1",
    }
    assert (fidelity["outcome"], fidelity["ranked"]) == ("within-limits", True)
