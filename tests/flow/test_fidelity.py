"""A reference from F16, an INT4 build within its limits, and the same build with a bad tensor."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fakes.command import Command, small_plan
from tests.fakes.gguf_tensors import spoilt

ITEM = "assistant-tea-en"


def plan_with(path: Path, reference: str, model: Path, **limits: float) -> Path:
    small_plan(
        path,
        engine="llama_cpp",
        settings={"n_threads": 1},
        model=model,
        items=[ITEM],
        attempts=1,
        warmups=0,
        idle_before_s=0.0,
        idle_after_s=0.0,
    )
    plan = tomllib.loads(path.read_text("utf-8"))
    plan["fidelity"] = {"reference": reference, **limits}
    path.write_text(tomli_w.dumps(plan), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def reference(command: Command, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("reference") / "tiny.fidelity"
    argv = ("--model", "tiny:f16", "--n-ctx", "64", "--windows", "2", "--out", out, "--json")
    done = command("fidelity", "reference", *argv)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_an_int4_build_passes_a_sane_gate_and_a_bad_tensor_of_it_does_not(
    reference: dict[str, Any], command: Command, tiny_gguf: Path, tmp_path: Path
) -> None:
    # Of this build 0.163 with a standard error of 0.004; with the bad tensor 0.456 with 0.010.
    limits = {"max_mean_kl": 0.25, "min_top1_agreement": 0.5}
    good = plan_with(tmp_path / "good.toml", reference["file"], tiny_gguf, **limits)
    done = command("measure", "--plan", good, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    record = json.loads(Path(said["record"]).read_bytes())
    assert (record["fidelity"]["outcome"], record["fidelity"]["ranked"]) == ("within-limits", True)
    figures = {f["measurand_id"] for f in record["fidelity"]["figures"]}
    assert {"kl_divergence_mean@1", "greedy_agreement@1"} <= figures
    checked = json.loads(command("verify", said["run"], "--json").stdout)
    assert (checked["intact"], checked["redone"]) == (True, True)

    bad = spoilt(tiny_gguf, tmp_path / "bad.gguf")
    plan = plan_with(tmp_path / "bad.toml", reference["sha256"], bad, **limits)
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert (said["status"], said["attempts"]["valid"]) == ("void", 1)
    assert said["reasons"][0].startswith("fidelity-gate: max_mean_kl is 0.25, it is ")


def test_a_reference_is_shown_by_its_hash(reference: dict[str, Any], command: Command) -> None:
    done = command("fidelity", "show", reference["sha256"], "--json")
    shown = json.loads(done.stdout)
    assert (shown["windows"], shown["n_ctx"]) == ({"zh": 2, "en": 2}, 64)
    assert shown["logits_bytes"] == 4 * (64 - 1 - 32) * shown["n_vocab"] * 4
    assert ITEM in shown["greedy_items"]
