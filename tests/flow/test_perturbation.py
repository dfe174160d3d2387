"""The agent's own cost through the command: pairs measured, stored, and taken up by later runs."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from host.align.read import read_run
from host.handover.conditions import Perturbation
from host.handover.pairing import role_of
from host.pipeline.perturbation import perturbation_for
from tests.fakes.command import Command, environment, small_plan

ITEM = "assistant-tea-en"
PAIRS = 2


@pytest.fixture(scope="module")
def alone(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command with a store of its own, so that no other test finds what is put there."""
    models = Path(command.environment["INFEROMETER_MODELS"])
    return Command(environment(models, tmp_path_factory.mktemp("perturbation-store")))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    return small_plan(path, engine="llama_cpp", items=[ITEM], warmups=0)


@pytest.fixture(scope="module")
def measured(
    alone: Command, plan: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    runs = tmp_path_factory.mktemp("runs")
    done = alone("perturbation", "--plan", plan, "--pairs", str(PAIRS), "--runs", runs, "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def budgets_get(run: Path) -> Mapping[str, Perturbation]:
    found = read_run(run)
    return perturbation_for(found.run, found.facts)


def test_pairs_are_run_as_the_seed_draws_them(measured: dict[str, Any]) -> None:
    assert measured["attempts"] == {"planned": 4, "valid": 4, "void": 0, "incomplete": 0}
    found = read_run(Path(measured["run"]))
    roles = [role_of(found.facts.plan.plan, slot) for slot in range(2 * PAIRS)]
    assert [(a.pair, a.sampled) for a in found.run.attempts] == [
        (r.pair, r.sampled) for r in roles
    ]
    assert [bool(a.series) for a in found.run.attempts] == [r.sampled for r in roles]


def test_the_file_beside_the_record_says_what_the_command_says(measured: dict[str, Any]) -> None:
    found = json.loads(Path(measured["perturbation"]).read_text(encoding="utf-8"))
    assert found["ratios"] == measured["ratios"]
    whole = {r["measurand"]: r for r in found["ratios"] if r["scope"] == ""}
    assert {"load_time@1", "decode_rate@1", "prefill_rate@1"} <= set(whole)
    assert (whole["decode_rate@1"]["nu"], len(whole["decode_rate@1"]["pairs"])) == (1, PAIRS)


def test_results_stand_on_the_sampled_attempts_only(measured: dict[str, Any]) -> None:
    record = json.loads(Path(measured["record"]).read_text(encoding="utf-8"))
    load = next(r for r in record["results"] if r["measurand_id"] == "load_time@1")
    assert load["n"] == PAIRS
    assert record["kind"] == "intermediate_check"
    partial = [w["text"]["en"] for w in record["warnings"] if w["code"] == "partial-result"]
    assert not any("load_time@1" in text for text in partial)


def test_verify_redoes_it_and_names_a_changed_digit(
    measured: dict[str, Any], alone: Command
) -> None:
    assert alone("verify", measured["run"]).returncode == 0
    path = Path(measured["perturbation"])
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"nu": 1', b'"nu": 9', 1))
    found = json.loads(alone("verify", measured["run"], "--json").stdout)
    path.write_bytes(good)
    assert not found["redone"]
    assert "perturbation.json" in {f["file"] for f in found["findings"]}


def test_a_later_run_takes_the_stored_ratios_under_its_seal(
    measured: dict[str, Any], alone: Command, plan: Path, tmp_path: Path
) -> None:
    done = alone("measure", "--plan", plan, "--runs", tmp_path, "--json")
    run = Path(json.loads(done.stdout)["run"])
    sealed = json.loads((run / "data" / "perturbation.json").read_text(encoding="utf-8"))
    assert sealed["key"] == measured["key"]
    assert sealed["entry"]["record_id"] == measured["record_id"]
    own = budgets_get(Path(measured["run"]))
    assert "decode_rate@1/" in own
    assert budgets_get(run) == own
    (run / "perturbation.json").write_bytes(b"{}")
    found = json.loads(alone("verify", run, "--json").stdout)
    assert "perturbation.json" in {f["file"] for f in found["findings"]}


def test_a_result_of_another_agent_is_not_used_and_that_is_said(
    measured: dict[str, Any], alone: Command, plan: Path, tmp_path: Path
) -> None:
    store = Path(measured["stored"])
    good = store.read_text(encoding="utf-8")
    found = json.loads(good)
    found["entries"][measured["key"]]["measured"]["agent_sha256"] = "0" * 64
    store.write_text(json.dumps(found), encoding="utf-8")
    done = alone("measure", "--plan", plan, "--runs", tmp_path, "--attempts", "1", "--json")
    store.write_text(good, encoding="utf-8")
    assert done.returncode == 0
    assert "other-agent" in done.stderr
    run = Path(json.loads(done.stdout)["run"])
    assert budgets_get(run) == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pairs", "1"], "one pair has no spread"),
        (["--pairs", "0"], "--pairs"),
        (["--engine", "replay"], "replay"),
    ],
)
def test_what_can_say_nothing_is_refused_before_anything_is_written(
    alone: Command, plan: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    runs = tmp_path / "runs"
    done = alone("perturbation", "--plan", plan, "--runs", runs, *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not runs.exists()


def test_a_plan_without_sampling_has_nothing_to_turn_off(alone: Command, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "p.toml", engine="llama_cpp", sampling={"enabled": False})
    done = alone("perturbation", "--plan", plan, "--runs", tmp_path / "runs")
    assert done.returncode == 2
    assert "sampling.enabled" in done.stderr


def test_an_interrupted_run_goes_on_with_the_roles_that_are_left(
    alone: Command, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    # Another work, so another key: what the other tests look up stays.
    plan = small_plan(tmp_path / "p.toml", engine="llama_cpp", items=[ITEM], warmups=1)
    process = alone.start("perturbation", "--plan", plan, "--pairs", "2", "--runs", runs, "--json")
    assert process.stderr is not None
    next(line for line in process.stderr if line.startswith("attempt 2/"))
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert json.loads(out)["stored"] is None
    (folder,) = runs.iterdir()
    done = alone("perturbation", "--resume", folder, "--json")
    assert done.returncode == 0, done.stderr
    found = read_run(folder)
    ended = [(a.pair, a.sampled) for a in found.run.attempts if a.status != "incomplete"]
    planned = [role_of(found.facts.plan.plan, slot) for slot in range(4)]
    assert ended == [(r.pair, r.sampled) for r in planned]
    assert json.loads(done.stdout)["dropped"] == []
    assert alone("perturbation", "--resume", folder).returncode == 2  # sealed
