"""Whole measurements on a device at the end of a real sshd, with links that are cut."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w

from host.align.read import read_run
from host.handover.audit_plan import DEFAULT_AUDIT
from host.plan.profile import shipped
from tests.fakes.command import Command, small_plan
from tests.fakes.ends.sshd_end import Sshd, missing, sshd
from tests.fakes.native import program


@dataclass(frozen=True)
class Bench:
    """A host with one device in its inventory. inventory: the file. store: on the device."""

    command: Command
    inventory: Path
    store: Path
    end: Sshd

    def __call__(self, *argv: str | Path) -> dict[str, Any]:
        done = self.command(*argv, "--inventory", self.inventory, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def bench(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    why = missing()
    if why is not None:
        pytest.skip(why)
    place = tmp_path_factory.mktemp("bench")
    with sshd(tmp_path_factory.mktemp("sshd")) as end:
        device = {
            "name": "far-pc",
            "address": "ssh:far",
            "profile": "linux-pc",
            "python": sys.executable,
            "store": str(place / "store"),
            "spool": str(place / "spool"),
            "options": {"ssh_config": str(end.config())},
        }
        inventory = place / "devices.toml"
        inventory.write_text(tomli_w.dumps({"inventory": 1, "device": [device]}))
        yield Bench(command, inventory, place / "store", end)


def quick(tmp_path: Path, **over: Any) -> Path:  # noqa: ANN401
    return small_plan(
        tmp_path / "plan.toml", engine="onnx_genai", items=["assistant-tea-en"], **over
    )


def with_reference(bench: Bench, plan: Path, reference: Path) -> Path:
    """The plan with a fidelity table; the reference is made on the device, of the model itself."""
    made = ("--model", "tiny:int4", "--engine", "onnx_genai", "--n-ctx", "32", "--windows", "1")
    bench("fidelity", "reference", *made, "--device", "far-pc", "--out", reference)
    said = tomllib.loads(plan.read_text("utf-8"))
    said["fidelity"] = {"reference": str(reference), "max_mean_kl": 1e-9}
    plan.write_text(tomli_w.dumps(said), encoding="utf-8")
    return plan


def with_repeat_probe(plan: Path) -> Path:
    """The plan with one probe, whose limit no busy machine breaks by itself."""
    said = tomllib.loads(plan.read_text("utf-8"))
    usual = msgspec.to_builtins(DEFAULT_AUDIT)
    few = {"probes": ["repeat"], "prompts": 3, "output_tokens": 4, "least_repeat_ratio": 0.2}
    said["audit"] = {**usual, **few}
    plan.write_text(tomli_w.dumps(said), encoding="utf-8")
    return plan


def state_is_kept(run: Path) -> None:
    """Around the run and before each of its attempts."""
    before, after = (
        json.loads((run / "data" / f"state-{when}.json").read_text())
        for when in ("before", "after")
    )
    assert before["boot_id"] == after["boot_id"]
    each = json.loads((run / "data" / "attempts" / "001" / "state.json").read_text())
    assert each["reason"] == ""
    assert int(each["gate"]["looks"]) > 0


def test_a_run_over_ssh_is_a_record_like_any_other(bench: Bench, tmp_path: Path) -> None:
    gated = quick(tmp_path, gates={"forbid_throttle": False, "max_busy_ratio": 1.0})
    plan = with_reference(bench, gated, tmp_path / "own.fidelity")
    runs = ("--runs", tmp_path / "runs")
    found = bench("measure", "--device", "far-pc", "--plan", plan, *runs)
    assert (found["status"], found["attempts"]["valid"]) == ("valid", 2)
    fidelity = json.loads(Path(found["record"]).read_bytes())["fidelity"]
    assert (fidelity["outcome"], fidelity["figures"][0]["value"]) == ("within-limits", "0")
    verified = bench.command("verify", found["run"], "--json")
    assert json.loads(verified.stdout)["findings"] == []
    session = json.loads((Path(found["run"]) / "data" / "session.json").read_text())
    assert session["launch"]["transport"] == "ssh:far"
    assert len(list((bench.store / "objects").glob("*/*/model.onnx"))) == 1
    # Labels are the host's, so it asked itself too; a plan file says its gates itself.
    kept = {p.name for p in (Path(found["run"]) / "data").glob("*.json")}
    assert {"host-time-before.json", "host-time-after.json"} <= kept
    assert "gates.json" not in kept
    run_id = json.loads((Path(found["run"]) / "data" / "run.json").read_text())["id"]
    assert not (bench.store.parent / "spool" / run_id).exists()
    state_is_kept(Path(found["run"]))


def test_without_a_plan_file_the_gates_are_those_of_the_device_s_profile(bench: Bench) -> None:
    argv = ("measure", "--device", "far-pc", "--engine", "onnx_genai", "--dry-run")
    done = bench.command(*argv, "--inventory", bench.inventory)
    assert done.returncode == 0, done.stderr
    gates = tomllib.loads(done.stdout)["gates"]
    profile = msgspec.structs.asdict(shipped("linux-pc").gates)
    assert gates["timeout_s"] == profile["timeout_s"]
    assert gates["max_busy_ratio"] == profile["max_busy_ratio"]
    assert all(profile[name] == value for name, value in gates.items())
    assert "gates of profile linux-pc: " in done.stderr


def test_a_detached_run_is_collected_by_another_process(bench: Bench, tmp_path: Path) -> None:
    plan = with_repeat_probe(quick(tmp_path))
    argv = ("measure", "--device", "far-pc", "--plan", plan, "--runs", tmp_path / "runs")
    left = bench(*argv, "--detach")
    assert left["status"] == "detached"
    assert not (Path(left["run"]) / "data" / "probes").exists()
    found = bench("collect", left["run"])
    assert (found["status"], found["attempts"]["valid"]) == ("valid", 2)
    # Its seed was drawn here, after the device had run all that is scored.
    assert found["audit"]["repeat"] in ("passed", "undecided")
    assert bench.command("verify", found["run"]).returncode == 0


def test_a_talk_with_a_server_on_the_device_says_what_each_turn_took_from_its_cache(
    bench: Bench, tmp_path: Path, tiny_gguf: Path
) -> None:
    words = ["-m", "{model}", "--host", "{host}", "--port", "{port}", "-t", "1", "-c", "1024"]
    plan = small_plan(
        tmp_path / "plan.toml",
        engine="openai_http",
        settings={
            "program": str(program(tmp_path, "llama-server", {})),
            "args": [*words, "-np", "1"],
            "api": "llama",
        },
        model=tiny_gguf,
        items=["assistant-tea-en", "assistant-umbrella-zh"],
        attempts=1,
        output_tokens=8,
        order="listed",
        load={"shape": "chat", "turns": 2, "prefix_cache": True},
    )
    found = bench("measure", "--device", "far-pc", "--plan", plan, "--runs", tmp_path / "runs")
    assert (found["status"], found["attempts"]["valid"]) == ("valid", 1)
    codes = {w["code"] for w in json.loads(Path(found["record"]).read_bytes())["warnings"]}
    assert not codes & {"prompt-cached", "prefix-not-kept", "model-not-proven"}
    (attempt,) = read_run(Path(found["run"])).run.attempts
    first, second, third, fourth = attempt.scored()
    assert [r.turn for r in attempt.scored()] == [1, 2, 1, 2]
    assert (first.kept_tokens, third.kept_tokens) == (0, 0), "a talk begins with nothing"
    for before, turn in ((first, second), (third, fourth)):
        computed = before.prompt_tokens + before.tokens.made - 1
        assert turn.kept_tokens == computed, "all but the last token of the answer"
    rates = {r["scope"] for r in found["results"] if r["measurand_id"] == "prefill_rate@1"}
    assert {"turn-1", "turn-2"} <= rates
    verified = json.loads(bench.command("verify", found["run"], "--json").stdout)
    assert [verified[v] for v in ("intact", "redone", "conforming")] == [True, True, True]


def started(bench: Bench, tmp_path: Path, plan: Path) -> subprocess.Popen[str]:
    """A run in the background, past the begin of its first attempt."""
    argv = ("measure", "--device", "far-pc", "--plan", plan, "--runs", tmp_path / "runs")
    process = bench.command.start(*argv, "--inventory", bench.inventory, "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("attempt 1/"):
            return process
    raise AssertionError(f"the run did not begin: {process.communicate()}")


def keeper(bench: Bench) -> int:
    """The process of the session on the device."""
    text = (bench.store.parent / "agent.lock").read_text()
    return int(text.rpartition(" ")[2].rstrip(")"))


def test_a_cable_that_is_out_for_a_while_touches_no_measurement(
    bench: Bench, tmp_path: Path
) -> None:
    process = started(bench, tmp_path, quick(tmp_path, idle_before_s=3.0))
    bench.end.place.cut()
    threading.Event().wait(4)
    bench.end.place.mend()
    said, _ = process.communicate(timeout=300)
    found = json.loads(said)
    assert (process.returncode, found["status"]) == (0, "valid")
    assert bench.command("verify", found["run"]).returncode == 0


def test_an_agent_that_is_killed_leaves_what_it_sampled_and_the_run_goes_on(
    bench: Bench, tmp_path: Path
) -> None:
    process = started(bench, tmp_path, quick(tmp_path, idle_before_s=3.0))
    os.kill(keeper(bench), signal.SIGKILL)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 3
    assert "what was sampled is kept" in json.loads(said)["error"]
    (run,) = (tmp_path / "runs").iterdir()
    (kept,) = (run / "data" / "attempts").iterdir()
    stated = json.loads((kept / "attempt.json").read_text())
    assert stated["status"] == "incomplete"
    assert stated["reason"].startswith("agent-died: ")
    assert {s["stream"] for s in stated["streams"]} >= {"events", "ticks"}
    found = bench("measure", "--resume", run)
    assert (found["status"], found["attempts"]["incomplete"]) == ("valid", 1)


def test_a_second_run_on_a_device_is_refused_and_told_of_the_first(
    bench: Bench, tmp_path: Path
) -> None:
    process = started(bench, tmp_path, quick(tmp_path, idle_before_s=3.0))
    argv = ("measure", "--device", "far-pc", "--plan", quick(tmp_path))
    done = bench.command(*argv, "--runs", tmp_path / "other", "--inventory", bench.inventory)
    assert done.returncode == 2
    assert "far-pc is taken: a run is there" in done.stderr
    said, _ = process.communicate(timeout=300)
    assert json.loads(said)["status"] == "valid"


def test_a_device_that_is_dead_disturbs_no_other(bench: Bench, tmp_path: Path) -> None:
    given = tomllib.loads(bench.inventory.read_text())
    dead = {"name": "dead", "address": "ssh:root@127.0.0.1:9", "profile": "linux-pc"}
    inventory = tmp_path / "devices.toml"
    inventory.write_text(tomli_w.dumps({**given, "device": [*given["device"], dead]}))
    argv = ("measure", "--device", "dead", "--device", "far-pc", "--plan", quick(tmp_path))
    done = bench.command(*argv, "--runs", tmp_path / "runs", "--inventory", inventory, "--json")
    assert done.stdout, done.stderr
    first, second = json.loads(done.stdout)["devices"]
    assert done.returncode == 3
    assert (first["device"], first["exit_code"]) == ("dead", 3)
    assert "127.0.0.1" in first["error"]
    assert (second["device"], second["exit_code"], second["status"]) == ("far-pc", 0, "valid")
    assert "dead    failed" in done.stderr


def test_a_name_that_nobody_knows_says_who_there_is(bench: Bench, tmp_path: Path) -> None:
    done = bench.command(
        "measure", "--device", "nobody", "--inventory", bench.inventory, "--runs", tmp_path
    )
    assert done.returncode == 2
    assert "nobody is neither local nor an address" in done.stderr
    assert "which has far-pc" in done.stderr


def test_a_control_that_the_device_does_not_have_is_refused_in_words(
    bench: Bench, tmp_path: Path
) -> None:
    plan = tomllib.loads(quick(tmp_path).read_text())
    path = tmp_path / "controls.toml"
    argv = ("measure", "--device", "far-pc", "--plan", path, "--runs", tmp_path / "runs")
    for control, code in (("warp_drive", 2), ("governor", 3)):
        path.write_text(tomli_w.dumps({**plan, "controls": [control]}))
        done = bench.command(*argv, "--inventory", bench.inventory)
        assert done.returncode == code, done.stderr
        assert control in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
