from __future__ import annotations

import importlib
import json
from pathlib import Path

import click
import pytest

from host.cli.console import plain
from host.cli.main import COMMANDS
from tests.fakes.command import Command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists_and_has_help(name: str) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.help


def test_help_names_every_command(command: Command) -> None:
    done = command("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert name in done.stdout


def test_an_unknown_command_is_a_wrong_use(command: Command) -> None:
    done = command("mesure")
    assert done.returncode == 2
    assert "mesure" in done.stderr


def test_text_from_outside_cannot_move_the_cursor() -> None:
    assert plain("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"


def test_doctor_says_engines_sources_and_what_is_missing(command: Command) -> None:
    done = command("doctor")
    assert done.returncode == 0, done.stderr
    for words in ("llama_cpp", "onnx_genai", "memory.available", "power evidence"):
        assert words in done.stdout


def test_models_and_datasets_are_listed(command: Command) -> None:
    assert "tiny:q4_0" in command("models", "list").stdout
    assert "length-grid" in command("datasets", "list").stdout
    shown = command("datasets", "show", "smoke").stdout
    assert "assistant-tea-en" in shown


def test_inspection_says_what_a_model_is(command: Command) -> None:
    said = command("models", "inspect", "tiny:q4_0").stdout
    for words in ("Q4_0", "bits_per_weight", "tokenizer_sha256", "sha256"):
        assert words in said


@pytest.mark.parametrize("argv", [["verify"], ["compare", "--alpha", "x"], ["campaign", "rum"]])
def test_a_wrong_use_is_one_json_value_too_where_a_program_reads_it(
    command: Command, argv: list[str]
) -> None:
    done = command(*argv, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2
    assert "Usage" in done.stderr


def test_an_error_shows_what_a_file_holds_and_does_not_obey_it(
    command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "c.toml"
    path.write_text('"\\u001b[2J' + "k" * 5000 + '" = 1\n', encoding="utf-8")
    done = command("campaign", "plan", path)
    assert done.returncode == 2
    assert "\\x1b[2Jkkk" in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 4000
