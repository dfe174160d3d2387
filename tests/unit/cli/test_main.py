from __future__ import annotations

import importlib

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
