"""Whole runs that hold a setting of their device: a double of `nvpmodel`, over a real sshd."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fakes.command import Command, small_plan
from tests.fakes.ends.sshd_end import PATH, missing, sshd
from tests.fakes.replays import write_recording

# As JetPack's own prints it: the name of the mode, and on the last line its number.
NVPMODEL = """#!/bin/sh
case $1 in
-q) echo "NV Power Mode: MODE_$(cat {mode})"; cat {mode} ;;
-m) echo "$2" >{mode}.part && mv {mode}.part {mode} ;;
esac
"""
OURS, HELD, OTHER = "2", "0", "1"  # before the run, while it measures, somebody else's
ITEM, TOKENS = "assistant-tea-en", 32  # of the smoke dataset, and how many tokens it asks for
PATIENCE_S = 300.0  # only ends what never comes


@dataclass(frozen=True)
class Bench:
    """A host with one device in its inventory that has a power mode. place: of its files."""

    command: Command
    place: Path
    device: dict[str, Any]

    @property
    def mode(self) -> str:
        return (self.place / "mode").read_text().strip()

    def set_mode(self, mode: str) -> None:
        (self.place / "mode").write_text(f"{mode}\n")

    @property
    def heartbeat(self) -> str:
        return (self.place / "leases" / "heartbeat").read_text().split("\n")[0]

    def inventory(self, **more: Any) -> Path:  # noqa: ANN401
        path = self.place / "devices.toml"
        path.write_text(tomli_w.dumps({"inventory": 1, "device": [{**self.device, **more}]}))
        return path

    def said(self, run: Path) -> str:
        """What the session on the device has said, without asking it."""
        run_id = str(json.loads((run / "data" / "run.json").read_text())["id"])
        return (self.place / "spool" / run_id / "said.jsonl").read_text()


@pytest.fixture(scope="module")
def far(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    why = missing()
    if why is not None:
        pytest.skip(why)
    place = tmp_path_factory.mktemp("far")
    programs = place / "bin"
    programs.mkdir()
    (programs / "nvpmodel").write_text(NVPMODEL.format(mode=place / "mode"))
    (programs / "nvpmodel").chmod(0o755)
    with sshd(tmp_path_factory.mktemp("sshd"), environment=f"PATH={programs}:{PATH}") as end:
        device = {
            "name": "far-orin",
            "address": "ssh:far",
            "profile": "jetson-orin",
            "python": sys.executable,
            "store": str(place / "store"),
            "spool": str(place / "spool"),
            "options": {"ssh_config": str(end.config())},
        }
        yield Bench(command, place, device)


@pytest.fixture
def bench(far: Bench) -> Bench:
    far.set_mode(OURS)
    return far


def argv(bench: Bench, tmp_path: Path, **over: Any) -> list[str | Path]:  # noqa: ANN401
    restore_after_s = over.pop("restore_after_s", 600)
    recording = write_recording(tmp_path / "recording.json", tokens=TOKENS)
    settings = {"paced": True}
    plan = small_plan(
        tmp_path / "plan.toml",
        engine="replay",
        settings=settings,
        model=recording,
        items=[ITEM],
        warmups=0,
        **over,
    )
    plan.write_text(tomli_w.dumps({**tomllib.loads(plan.read_text()), "controls": ["power_mode"]}))
    runs, inventory = tmp_path / "runs", bench.inventory(restore_after_s=restore_after_s)
    wanted: list[str | Path] = ["measure", "--device", "far-orin", "--plan", plan, "--runs", runs]
    return [*wanted, "--inventory", inventory, "--json"]


def until(what: str, holds: Callable[[], bool]) -> None:
    since_s = time.monotonic()
    while not holds():
        assert time.monotonic() - since_s < PATIENCE_S, f"in vain: {what}"
        threading.Event().wait(0.05)


def reasons(run: Path) -> list[str]:
    attempts = sorted((run / "data" / "attempts").iterdir())
    return [json.loads((one / "attempt.json").read_text())["reason"] for one in attempts]


def story(run: Path) -> list[tuple[str, str, str]]:
    told = json.loads((run / "data" / "controls.json").read_text())
    return [(one["event"], one["control"], one["old"]) for one in told]


CHANGED = f"control-changed: power_mode {HELD} -> {OTHER}"


def test_a_setting_is_held_while_a_run_measures_and_put_back_after_it(
    bench: Bench, tmp_path: Path
) -> None:
    wanted = argv(bench, tmp_path, idle_after_s=3.0, restore_after_s=6)
    with bench.command.start(*wanted) as process:
        lines = iter(process.stderr or ())
        assert any(line.startswith("attempt 2/") for line in lines)
        # The host asks nothing during an attempt: what changes then is its heart's sign.
        before = bench.heartbeat
        until("a sign during an attempt", lambda: bench.heartbeat != before)
        assert bench.mode == HELD
        bench.set_mode(OTHER)
        said, more = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said + more
    run = Path(json.loads(said)["run"])
    assert reasons(run) == ["", CHANGED]
    assert bench.mode == OURS
    assert not (bench.place / "leases").exists()
    assert story(run) == [("taken", "power_mode", OURS), ("restored", "power_mode", OURS)]


def test_a_detached_run_keeps_the_setting_until_it_is_collected(
    bench: Bench, tmp_path: Path
) -> None:
    done = bench.command(*argv(bench, tmp_path, idle_after_s=1.5), "--detach")
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["run"])
    until("attempt 2 runs", lambda: '"number":2' in bench.said(run))
    assert bench.mode == HELD
    assert bench.heartbeat.startswith("agent-")
    bench.set_mode(OTHER)
    inventory = bench.place / "devices.toml"
    done = bench.command("collect", run, "--inventory", inventory, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert reasons(run) == ["", CHANGED]
    assert bench.mode == OURS
    assert not (bench.place / "leases").exists()
    assert story(run) == [("taken", "power_mode", OURS), ("restored", "power_mode", OURS)]
    assert (run / "data" / "state-before.json").exists()
    assert (run / "data" / "state-after.json").exists()
    verified = json.loads(bench.command("verify", run, "--json").stdout)
    assert (verified["intact"], verified["redone"]) == (True, True)


def test_a_device_whose_run_died_puts_its_setting_back_by_itself(
    bench: Bench, tmp_path: Path
) -> None:
    silence_s = 4
    wanted = argv(bench, tmp_path, idle_before_s=600.0, restore_after_s=silence_s)
    done = bench.command(*wanted, "--detach")
    assert done.returncode == 0, done.stderr
    run = Path(json.loads(done.stdout)["run"])
    # Three signs in its patience; at the fourth it is over, and the setting still held.
    until("signs", lambda: bench.heartbeat.endswith("4"))
    assert bench.mode == HELD
    assert not (bench.place / "leases" / "over").exists()
    holder = (bench.place / "agent.lock").read_text()
    os.kill(int(holder.rpartition(" ")[2].rstrip(")")), signal.SIGKILL)
    until("it is put back", lambda: bench.mode == OURS)
    inventory = bench.place / "devices.toml"
    done = bench.command("collect", run, "--inventory", inventory, "--json")
    assert done.returncode == 3
    assert "what was sampled is kept" in json.loads(done.stdout)["error"]
    assert reasons(run)[0].startswith("agent-died: ")
    assert story(run) == [("taken", "power_mode", OURS), ("was-restored", "power_mode", OURS)]
    assert not (bench.place / "leases").exists()
