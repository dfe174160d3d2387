"""A forked command against the installed script: the same words, files and exit status."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.fakes.command import Command, environment
from tests.fakes.warm import warm


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(environment(tmp_path / "models", tmp_path / "store"))


@pytest.mark.parametrize(
    "argv",
    [
        ("--version",),
        ("measure", "--atempts", "3"),
        ("verify", "/nowhere", "--json"),
        ("datasets", "show", "smoke"),
        ("equipment", "check", "/nowhere"),
    ],
)
def test_a_warm_command_says_and_ends_as_the_installed_one(
    command: Command, argv: tuple[str, ...]
) -> None:
    cold, hot = command.installed(*argv), command(*argv)
    assert (hot.returncode, hot.stdout, hot.stderr) == (cold.returncode, cold.stdout, cold.stderr)


def test_environment_and_folder_are_those_of_the_caller(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = Command({**command.environment, "INFEROMETER_LABORATORY": str(tmp_path / "lab.toml")})
    assert own("laboratory", "init", "lab.toml").returncode == 0
    assert own("laboratory", "check").returncode == own.installed("laboratory", "check").returncode
    assert (tmp_path / "lab.toml").is_file()
    assert command("laboratory", "check").returncode == 2


def test_what_an_interpreter_reads_at_its_start_needs_a_new_one(command: Command) -> None:
    assert warm().serves(command.environment)
    assert not warm().serves({**command.environment, "PYTHONOPTIMIZE": "1"})


def test_a_command_that_runs_too_long_is_ended_and_said(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever reads it waits for a writer
    with pytest.raises(subprocess.TimeoutExpired):
        warm().run(["inferometer", "measure", "--plan", str(pipe)], os.environ, 0.5)
    assert warm().run(["inferometer", "--version"], os.environ, 60).returncode == 0
