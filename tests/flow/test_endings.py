"""Runs that end early: Ctrl-C, a killed host, a full disk. Nothing is lost, and it goes on."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.command import Command, small_plan

ATTEMPTS = 3
ITEM = "assistant-tea-en"


def started(command: Command, tmp_path: Path, runs: Path, **over: Any) -> subprocess.Popen[str]:  # noqa: ANN401
    """A measurement that has begun its second attempt."""
    plan = small_plan(tmp_path / "plan.toml", attempts=ATTEMPTS, items=[ITEM], **over)
    process = command.start("measure", "--plan", plan, "--runs", runs, "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("attempt 2/"):
            return process
    raise AssertionError(process.communicate())


def run_folder(runs: Path) -> Path:
    (found,) = runs.iterdir()
    return found


def verified(command: Command, folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(command("verify", folder, "--json").stdout)
    return said


def gone_on(command: Command, folder: Path) -> dict[str, Any]:
    """Resume, and check that the folder is whole in the end."""
    done = command("measure", "--resume", folder, "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    assert "attempts" in said, done.stderr
    assert said["attempts"]["valid"] == ATTEMPTS, said
    found = verified(command, folder)
    assert found["intact"]
    assert found["redone"]
    return said


def test_first_ctrl_c_ends_after_the_attempt_and_the_run_goes_on(
    command: Command, tmp_path: Path
) -> None:
    process = started(command, tmp_path, tmp_path / "runs")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "--resume" in err
    assert "Traceback" not in err
    assert json.loads(out)["attempts"] == {
        "planned": ATTEMPTS,
        "valid": 2,
        "void": 0,
        "incomplete": 0,
    }
    folder = run_folder(tmp_path / "runs")
    rules = {f["rule"] for f in verified(command, folder)["findings"]}
    assert "not-sealed" in rules
    assert command("report", folder).returncode == 1
    assert gone_on(command, folder)["status"] == "valid"


def test_second_ctrl_c_ends_the_attempt_at_once_and_keeps_it(
    command: Command, tmp_path: Path
) -> None:
    process = started(command, tmp_path, tmp_path / "runs")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    folder = run_folder(tmp_path / "runs")
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert "ended-early: interrupted" in record["verdict"]["reasons"]
    said = gone_on(command, folder)
    assert said["attempts"]["planned"] == ATTEMPTS


def test_a_run_that_is_told_to_end_is_kept_and_can_be_closed_as_it_is(
    command: Command, tmp_path: Path
) -> None:
    process = started(command, tmp_path, tmp_path / "runs")
    process.send_signal(signal.SIGTERM)  # as a service manager does
    _, err = process.communicate()
    assert process.returncode == 130, err
    folder = run_folder(tmp_path / "runs")
    assert command("seal", folder).returncode == 1
    found = verified(command, folder)
    assert found["intact"]
    assert found["redone"]
    assert not found["conforming"]
    assert command("measure", "--resume", folder).returncode == 2


def test_nobody_has_to_wait_at_a_gate_that_stays_shut(command: Command, tmp_path: Path) -> None:
    gates = {"timeout_s": 3600.0, "steady_for_s": 3000.0, "max_busy_ratio": 1.0}
    plan = small_plan(tmp_path / "plan.toml", items=[ITEM], gates=gates)
    process = command.start("measure", "--plan", plan, "--runs", tmp_path / "runs")
    assert process.stderr is not None
    line = next(line for line in process.stderr if "waiting: " in line)
    assert "; void in 3" in line
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--resume" in err
    assert "Traceback" not in err


def test_a_killed_host_leaves_a_run_that_goes_on(command: Command, tmp_path: Path) -> None:
    process = started(command, tmp_path, tmp_path / "runs")
    process.kill()
    process.communicate()
    folder = run_folder(tmp_path / "runs")
    assert command("report", folder).returncode == 1
    said = gone_on(command, folder)
    assert said["attempts"]["incomplete"] == 1
    assert said["status"] == "valid"  # made up for by a new attempt, and still in the record
    assert any("cut-off" in reason for reason in said["reasons"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {done.stderr.decode(errors='replace')}")
    yield place
    subprocess.run(["/bin/umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take what is left of a file system, whoever else writes to it meanwhile."""
    filler = place / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 10, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler


def test_a_full_disk_ends_the_run_and_it_goes_on_when_there_is_room(
    command: Command, tmp_path: Path, small_disk: Path
) -> None:
    process = started(command, tmp_path, small_disk / "runs")
    filler = fill(small_disk)
    _, err = process.communicate()
    assert process.returncode == 2, err
    assert "Traceback" not in err
    folder = run_folder(small_disk / "runs")
    assert "not-sealed" in {f["rule"] for f in verified(command, folder)["findings"]}
    filler.unlink()
    gone_on(command, folder)


def test_a_full_disk_on_the_device_leaves_an_incomplete_attempt(
    command: Command, tmp_path: Path, small_disk: Path
) -> None:
    device = Command({**command.environment, "INFEROMETER_STORE": str(small_disk / "store")})
    # So fast that every stream outgrows the first block that it has already.
    quick = {"rate_hz": 200.0}
    process = started(device, tmp_path, tmp_path / "runs", sampling=quick)
    filler = fill(small_disk)
    out, err = process.communicate()
    assert process.returncode == 2, err
    assert json.loads(out)["attempts"]["incomplete"] == 1
    filler.unlink()
    gone_on(device, run_folder(tmp_path / "runs"))


def test_a_disk_without_room_is_refused_before_anything_is_written(
    command: Command, small_disk: Path
) -> None:
    fill(small_disk)
    done = command("measure", "--runs", small_disk / "runs")
    assert done.returncode == 2
    assert "MiB free" in done.stderr or "No space" in done.stderr
