"""A whole measurement on a phone without Python: adbd, mksh, toybox, Debian's llama-completion."""

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
from tests.fakes.native import TOOLS, program
from tests.fakes.phone.phone import phone, why_not

THERE = PurePosixPath("/opt/llama")
ITEM = "assistant-tea-en"
CARD = "/data/local/tmp/card"


@dataclass(frozen=True)
class Bench:
    """A host, and a phone in its inventory: with a runner that is to be pushed, and without."""

    command: Command
    inventory: Path
    bare: Path
    staged: Path
    card: Path  # of the phone, from here


def _inventory(path: Path, device: dict[str, Any]) -> Path:
    path.write_text(tomli_w.dumps({"inventory": 1, "device": [device]}))
    return path


@pytest.fixture(scope="module")
def bench(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    for double in ("adbd", "llama-tools"):
        if why := why_not(double):
            pytest.skip(why)
    place = tmp_path_factory.mktemp("bench")
    with phone(place / "phone", also={TOOLS: THERE}) as made, other_server(place) as server:
        runner = program(place, "llama-completion", {TOOLS: THERE})
        bare = {"name": "phone", "address": f"adb:{made.address}", "profile": "android"}
        full = {**bare, "program": str(runner)}
        ours = Command({**command.environment, "ADB_SERVER_SOCKET": str(server)})
        yield Bench(
            ours,
            inventory=_inventory(place / "full.toml", full),
            bare=_inventory(place / "bare.toml", bare),
            staged=_inventory(place / "card.toml", {**full, "staged": [CARD]}),
            card=made.temporary / "card",
        )


def test_a_phone_without_python_gives_a_record_like_any_other(
    bench: Bench, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path / "p.toml", settings={"n_threads": 1}, items=[ITEM])
    argv = ("measure", "--device", "phone", "--plan", plan, "--runs", tmp_path / "runs")
    done = bench.command(*argv, "--inventory", bench.inventory, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["status"], found["attempts"]["valid"]) == ("valid", 2)
    told = {r["measurand_id"]: r for r in found["results"] if not r["scope"]}
    for measurand in ("time_to_first_token@1", "prefill_rate@1", "decode_rate@1", "load_time@1"):
        assert float(told[measurand]["value"]) > 0, measurand
    verified = json.loads(bench.command("verify", found["run"], "--json").stdout)
    assert verified["findings"] == []
    record = json.loads(Path(found["record"]).read_bytes())
    assert record["runtime"]["described"]["library"] == "llama-completion"
    text = (Path(found["run"]) / "data/attempts/001/output.log").read_bytes()
    assert text


def test_a_model_on_a_card_is_proven_there_and_not_pushed(
    bench: Bench, tmp_path: Path, tiny_gguf: Path
) -> None:
    model = tmp_path / "mine.gguf"  # not in the phone's store yet
    model.write_bytes(tiny_gguf.read_bytes() + b"\0")
    bench.card.mkdir()
    staged = bench.card / model.name
    staged.write_bytes(model.read_bytes())
    plan = small_plan(tmp_path / "p.toml", settings={"n_threads": 1}, items=[ITEM], model=model)
    argv = ("measure", "--device", "phone", "--plan", plan, "--dry-run")
    done = bench.command(*argv, "--inventory", bench.staged)
    assert done.returncode == 0, done.stderr
    assert f"push {model.name}" not in done.stderr
    staged.write_bytes(model.read_bytes()[:-1] + b"\1")
    done = bench.command(*argv, "--inventory", bench.staged)
    assert done.returncode == 3, done.stderr
    assert "has SHA-256" in done.stderr


@pytest.mark.parametrize(
    ("settings", "dataset", "words"),
    [
        ({"n_threads": 1}, "smoke", "llama-completion does not run on phone"),
        ({"runner": "llama-bench"}, "smoke", "makes up prompts of a length"),
        ({"program": "/nowhere/llama"}, "smoke", "is neither a file nor a folder"),
        ({"threads": 4}, "smoke", "engine.settings.threads: known are runner, program"),
        ({"n_threads": 0}, "smoke", "0 is no whole number from 1 on"),
        ({"runner": "mine.toml"}, "smoke", "mine.toml"),
        ({}, "length-grid-small", "wants a prompt of exactly"),
    ],
)
def test_what_a_runner_cannot_do_is_said_before_anything_runs(
    bench: Bench, tmp_path: Path, settings: dict[str, object], dataset: str, words: str
) -> None:
    plan = small_plan(tmp_path / "p.toml", engine="native", settings=settings, dataset=dataset)
    argv = ("measure", "--device", "phone", "--plan", plan, "--runs", tmp_path / "runs")
    done = bench.command(*argv, "--inventory", bench.bare)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "runs").glob("*")) == []


def test_a_run_whose_engine_was_chosen_for_it_goes_on_with_that_one(
    bench: Bench, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path / "p.toml", items=[ITEM], attempts=3)
    given = tomllib.loads(plan.read_text())
    assert given["engine"]["kind"] == "auto"
    argv = ("measure", "--device", "phone", "--plan", plan, "--runs", tmp_path / "runs")
    process = bench.command.start(*argv, "--inventory", bench.inventory)
    assert process.stderr is not None
    assert any(said.startswith("attempt 1/3") for said in process.stderr)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    (run,) = (tmp_path / "runs").iterdir()
    done = bench.command("measure", "--resume", run, "--inventory", bench.inventory, "--json")
    assert json.loads(done.stdout)["attempts"]["valid"] == 3, done.stderr
