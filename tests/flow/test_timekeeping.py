"""Time around real runs: a real chronyd as source, none, hostile programs, a resumed run."""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.chrony import CHRONYD, two_chronyds
from tests.fakes.command import Command, small_plan

ITEM = "assistant-tea-en"
VARIABLE = "INFEROMETER_CHRONYC"


def told(command: Command, chronyc: str) -> Command:
    """The command with another chronyc."""
    return Command({**command.environment, VARIABLE: chronyc})


def measured(command: Command, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A small run: its folder and the time block of its record."""
    plan = small_plan(tmp_path / "plan.toml", attempts=1, items=[ITEM])
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    folder = Path(json.loads(done.stdout)["run"])
    return folder, block_of(folder)


def block_of(folder: Path) -> dict[str, Any]:
    time: dict[str, Any] = json.loads((folder / "record.json").read_text("utf-8"))["time"]
    return time


@pytest.mark.skipif(CHRONYD is None, reason="chronyd is not installed")
def test_a_run_beside_a_real_chronyd_names_it_with_its_bound(
    command: Command, tmp_path: Path
) -> None:
    with two_chronyds() as both:
        folder, time = measured(told(command, shlex.join(both.client)), tmp_path)
    assert time["utc_source"]["provider"] == "127.0.0.1"
    assert 0 < float(time["utc_bound_s"]) < 0.1
    assert time["traceability_text"]["en"].startswith("Time stamps refer to UTC via chronyd")
    # What the run says of time comes out of its folder again, without any daemon.
    assert json.loads(command("verify", folder, "--json").stdout)["redone"]


def test_a_chronyc_that_prints_rubbish_neither_harms_a_run_nor_earns_a_word(
    command: Command, tmp_path: Path
) -> None:
    program = tmp_path / "chronyc"
    program.write_text(
        "#!/bin/sh\nprintf '7F000001,\\033[31mx,2,0,nan,0,0,0,0,0,0,0,0,Normal\\n'\n"
    )
    program.chmod(0o755)
    folder, time = measured(told(command, str(program)), tmp_path)
    reason = time.get("utc_source_reason", {"en": "control characters"})["en"]
    assert "control characters" in reason
    assert "chronyd" not in time["traceability_text"]["en"]
    kept = json.loads((folder / "data/time-before.json").read_text("utf-8"))
    assert "\x1b[31m" in kept["chrony"]["tracking"]["stdout"]
    assert "\x1b" not in (folder / "record.json").read_text("utf-8")


def test_every_session_of_a_resumed_run_keeps_its_own_readings(
    command: Command, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path / "plan.toml", attempts=2, items=[ITEM])
    process = command.start("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("attempt 1/"):
            process.send_signal(signal.SIGKILL)  # no reading after the attempts
            break
    process.communicate()
    (folder,) = (tmp_path / "runs").iterdir()
    first = (folder / "data/time-before.json").read_bytes()
    assert command("measure", "--resume", folder, "--json").returncode == 0
    assert (folder / "data/time-before.json").read_bytes() == first
    assert sorted(p.name for p in (folder / "data").glob("time-*")) == [
        "time-after-2.json",
        "time-before-2.json",
        "time-before.json",
    ]
    time = block_of(folder)
    assert (time["sessions"], time["stepped_or_slewed"]) == (2, None)
    assert time["utc_source"] == "none"
