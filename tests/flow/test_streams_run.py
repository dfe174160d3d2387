"""A whole run of llama.cpp with streams at once in its own process, by the command."""

from __future__ import annotations

import json
from pathlib import Path

from host.align.read import read_run
from host.handover import rules
from tests.fakes.command import Command, small_plan

STREAMS, EACH = (1, 3), 2


def test_steps_of_streams_have_their_rates_and_the_folder_redoes_them(
    command: Command, tmp_path: Path, tiny_gguf: Path
) -> None:
    plan = small_plan(
        tmp_path / "plan.toml",
        engine="llama_cpp",
        settings={"n_threads": 1},
        model=tiny_gguf,
        items=["assistant-tea-en", "assistant-umbrella-zh"],
        attempts=1,
        output_tokens=12,
        load={"shape": "streams", "steps": list(STREAMS), "requests_per_stream": EACH},
    )
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    by = {(r["measurand_id"], r["scope"]): r for r in said["results"]}
    for streams in STREAMS:
        scope = f"streams={streams}"
        system, one = (
            float(by[name, scope]["value"]) for name in ("system_rate@1", "decode_rate@1")
        )
        assert 0 < system < streams * one, "the system's time holds the prompts too"
        assert float(by["time_to_first_token@1", scope]["value"]) > 0
        late = [r for r in said["results"] if r["id"] == f"inter_token_interval@1/p95/{scope}"]
        assert [float(r["value"]) > 1 / one / 2 for r in late] == [True]
    assert {s for name, s in by if name == "decode_rate@1"} == {f"streams={n}" for n in STREAMS}

    record = json.loads(Path(said["record"]).read_text("utf-8"))
    told = [r for r in record["results"] if r["measurand_id"] == "system_rate@1"]
    assert [r["rule"] for r in told] == [{"zh": rules.BATCHED.zh, "en": rules.BATCHED.en}] * 2
    settings = record["runtime"]["settings"]
    assert (settings["n_seq_max"], settings["n_ctx"]) == (max(STREAMS), 256 * max(STREAMS))
    assert record["runtime"]["described"]["context"]["n_seq_max"] == max(STREAMS)

    (attempt,) = read_run(Path(said["run"])).run.attempts
    assert len(attempt.scored()) == sum(STREAMS) * EACH
    by_item = {(r.item, tuple(r.tokens.tokens.tolist())) for r in attempt.requests}
    assert len(by_item) == len({item for item, _ in by_item}), "greedy, and exact for one thread"

    found = json.loads(command("verify", said["run"], "--json").stdout)
    assert [found[v] for v in ("intact", "redone", "conforming")] == [True, True, True], found


def test_context_without_room_for_all_streams_is_refused_before_anything_runs(
    command: Command, tmp_path: Path, tiny_gguf: Path
) -> None:
    plan = small_plan(
        tmp_path / "plan.toml",
        engine="llama_cpp",
        settings={"n_ctx": 256},
        model=tiny_gguf,
        items=["assistant-tea-en"],
        output_tokens=100,
        load={"shape": "streams", "steps": [1, 4], "requests_per_stream": 1},
    )
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs")
    assert done.returncode == 2, done.stderr
    assert "the context holds 64 for each of 4 sequences" in done.stderr
    assert not list((tmp_path / "runs").glob("*"))


def test_streams_whose_context_the_device_has_no_memory_for_are_refused_with_the_figures(
    command: Command, tmp_path: Path, tiny_gguf: Path
) -> None:
    plan = small_plan(
        tmp_path / "plan.toml",
        engine="llama_cpp",
        settings={"n_ctx": 2_000_000_000, "n_gpu_layers": 0},
        model=tiny_gguf,
        items=["assistant-tea-en"],
        load={"shape": "streams", "steps": [1, 4], "requests_per_stream": 1},
    )
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs")
    assert done.returncode == 2, done.stderr
    assert "a context of 2000000000 tokens for 4 sequences" in done.stderr
    assert "GiB at the least; the device has" in done.stderr
    assert "take fewer streams" in done.stderr
    assert not list((tmp_path / "runs").glob("*"))
