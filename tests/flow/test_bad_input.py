"""Bad input: one clear sentence, exit code 2, nothing half-written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes.command import Command, small_plan


def refused(command: Command, runs: Path, *words: str, argv: list[str | Path]) -> None:
    done = command("measure", *argv, "--runs", runs)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("inferometer: ")
    for word in words:
        assert word in sentence
    assert not runs.exists() or not list(runs.iterdir())


def test_a_model_that_is_no_gguf(command: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model" * 100)
    refused(command, tmp_path / "runs", "bad.gguf", argv=["--model", bad])


def test_a_gguf_that_is_cut_off(command: Command, tmp_path: Path, tiny_gguf: Path) -> None:
    bad = tmp_path / "cut.gguf"
    bad.write_bytes(tiny_gguf.read_bytes()[:-1000])
    refused(command, tmp_path / "runs", "cut.gguf", argv=["--model", bad])


def test_a_folder_that_is_no_genai_folder(command: Command, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    refused(command, tmp_path / "runs", "genai_config.json", argv=["--model", tmp_path / "folder"])


def test_a_genai_folder_without_its_model(
    command: Command, tmp_path: Path, tiny_genai: Path
) -> None:
    shutil.copytree(tiny_genai, tmp_path / "folder")
    (tmp_path / "folder" / "model.onnx").unlink()
    refused(command, tmp_path / "runs", "model.onnx", argv=["--model", tmp_path / "folder"])


def test_a_model_that_does_not_exist(command: Command, tmp_path: Path) -> None:
    refused(command, tmp_path / "runs", "none.gguf", argv=["--model", tmp_path / "none.gguf"])


def test_a_reference_that_nobody_knows(command: Command, tmp_path: Path) -> None:
    refused(command, tmp_path / "runs", "tinny", "tiny", argv=["--model", "tinny"])


def test_an_engine_that_nobody_knows(command: Command, tmp_path: Path) -> None:
    refused(command, tmp_path / "runs", "llama_cpp", argv=["--engine", "lama_cpp"])


def test_an_engine_setting_that_nobody_knows(command: Command, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "p.toml", settings={"n_thread": 2})
    refused(command, tmp_path / "runs", "n_thread", "n_threads", argv=["--plan", plan])


def test_a_dataset_that_nobody_knows(command: Command, tmp_path: Path) -> None:
    refused(command, tmp_path / "runs", "smok", "smoke", argv=["--dataset", "smok"])


def test_a_dataset_whose_hash_is_another(command: Command, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "p.toml", dataset_sha256="0" * 64)
    refused(command, tmp_path / "runs", "0" * 64, argv=["--plan", plan])


def test_a_model_whose_hash_is_another(command: Command, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "p.toml", model_sha256="0" * 64)
    refused(command, tmp_path / "runs", "0" * 64, argv=["--plan", plan])


def test_a_plan_with_an_unknown_key(command: Command, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "p.toml")
    plan.write_text(plan.read_text(encoding="utf-8").replace("rate_hz", "rate_khz"))
    refused(command, tmp_path / "runs", "rate_khz", "rate_hz", argv=["--plan", plan])


def test_a_prompt_that_is_longer_than_the_context(command: Command, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "p.toml", settings={"n_ctx": 40})
    refused(command, tmp_path / "runs", "context", "40", argv=["--plan", plan])


def test_a_place_that_is_no_folder(command: Command, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("x")
    done = command("measure", "--runs", place / "runs")
    assert done.returncode == 2
    assert "not writable" in done.stderr


def test_a_wrong_option_is_a_wrong_use(command: Command) -> None:
    done = command("measure", "--atempts", "3")
    assert done.returncode == 2
    assert "--attempts" in done.stderr


@pytest.mark.parametrize("name", ["verify", "report", "seal"])
def test_a_folder_that_is_no_run(command: Command, tmp_path: Path, name: str) -> None:
    done = command(name, tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "run folder" in done.stderr + done.stdout


def test_errors_come_as_json_too(command: Command, tmp_path: Path) -> None:
    done = command("measure", "--model", tmp_path / "none.gguf", "--json")
    assert json.loads(done.stdout)["exit_code"] == 2
