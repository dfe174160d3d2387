"""Fidelity on a phone without Python: its own tool for logits, answers, Ctrl-C, a bad tensor."""

from __future__ import annotations

import json
import signal
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import tomli_w

from tests.fakes.command import Command, small_plan
from tests.fakes.ends.adbd_end import other_server
from tests.fakes.gguf_tensors import spoilt
from tests.fakes.native import TOOLS, program
from tests.fakes.phone.phone import phone, why_not

THERE = PurePosixPath("/opt/llama")
ITEM = "assistant-tea-en"
WAITS = "/data/local/tmp/waits"


@dataclass(frozen=True)
class Bench:
    """A host with a reference, and a phone with a runner and its tool in one folder.

    waits: of the phone, from here; as long as it is there, the tool waits instead of scoring.
    """

    command: Command
    inventory: Path
    reference: Path
    waits: Path


@pytest.fixture(scope="module")
def bench(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    for double in ("adbd", "llama-tools"):
        if why := why_not(double):
            pytest.skip(why)
    place = tmp_path_factory.mktemp("bench")
    reference, programs = place / "tiny.fidelity", place / "bin"
    argv = ("--model", "tiny:f16", "--n-ctx", "64", "--windows", "2", "--out", reference)
    done = command("fidelity", "reference", *argv)
    assert done.returncode == 0, done.stderr
    programs.mkdir()
    with phone(place / "phone", also={TOOLS: THERE}) as made, other_server(place) as server:
        program(programs, "llama-completion", {TOOLS: THERE})
        tool = program(programs, "llama-perplexity", {TOOLS: THERE})
        waits = f'[ -e {WAITS} ] && case "$*" in *--kl-div*) exec sleep 1000 ;; esac\nexec '
        tool.write_text(tool.read_text().replace("exec ", waits, 1))
        device = {"name": "phone", "address": f"adb:{made.address}", "profile": "android"}
        inventory = place / "devices.toml"
        entry = {**device, "program": str(programs)}
        inventory.write_text(tomli_w.dumps({"inventory": 1, "device": [entry]}))
        ours = Command({**command.environment, "ADB_SERVER_SOCKET": str(server)})
        yield Bench(ours, inventory, reference, made.temporary / "waits")


def plan_of(path: Path, bench: Bench, model: Path) -> Path:
    still = {"idle_before_s": 0.0, "idle_after_s": 0.0}
    settings = {"n_threads": 1}
    small_plan(path, settings=settings, model=model, items=[ITEM], attempts=1, warmups=0, **still)
    plan = tomllib.loads(path.read_text("utf-8"))
    # Of the sound build the tool states about 0.16, of the one with the bad tensor 0.46.
    plan["fidelity"] = {"reference": str(bench.reference), "max_mean_kl": 0.25}
    path.write_text(tomli_w.dumps(plan), encoding="utf-8")
    return path


def test_a_build_is_scored_on_the_phone_and_one_with_a_bad_tensor_is_void(
    bench: Bench, tmp_path: Path, tiny_gguf: Path
) -> None:
    runs, there = tmp_path / "runs", ("--inventory", bench.inventory, "--json")
    good = plan_of(tmp_path / "good.toml", bench, tiny_gguf)
    bench.waits.touch()
    asked = ("measure", "--device", "phone", "--plan", good, "--runs", runs)
    process = bench.command.start(*asked, *there)
    assert process.stderr is not None
    assert any("fidelity" in said for said in process.stderr)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    bench.waits.unlink()
    (run,) = runs.iterdir()
    done = bench.command("measure", "--resume", run, *there)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((run / "record.json").read_bytes())
    assert record["fidelity"]["outcome"] == "within-limits"
    figures = {f["measurand_id"]: f for f in record["fidelity"]["figures"]}
    assert {"convention:stated.fidelity.mean-kl", "greedy_agreement@1"} <= set(figures)
    assert "kl_divergence_mean@1" not in figures
    assert {part["role"] for part in record["software"]} >= {"runner", "fidelity"}
    verified = json.loads(bench.command("verify", run, "--json").stdout)
    assert verified["findings"] == []

    bad = plan_of(tmp_path / "bad.toml", bench, spoilt(tiny_gguf, tmp_path / "bad.gguf"))
    argv = ("measure", "--device", "phone", "--plan", bad, "--runs", runs)
    done = bench.command(*argv, *there)
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["status"], found["attempts"]["valid"]) == ("void", 1)
    assert found["reasons"][0].startswith("fidelity-gate: max_mean_kl is 0.25, it is ")
