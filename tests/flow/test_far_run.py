"""Whole measurements on a device at the end of a real sshd, with links that are cut."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fakes.command import Command, small_plan
from tests.fakes.ends.sshd_end import Sshd, missing, sshd


@dataclass(frozen=True)
class Bench:
    """A host with one device in its inventory. inventory: the file. store: on the device."""

    command: Command
    inventory: Path
    store: Path
    end: Sshd

    def __call__(self, *argv: str | Path) -> dict[str, Any]:
        done = self.command(*argv, "--inventory", self.inventory, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def bench(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    why = missing()
    if why is not None:
        pytest.skip(why)
    place = tmp_path_factory.mktemp("bench")
    with sshd(tmp_path_factory.mktemp("sshd")) as end:
        device = {
            "name": "far-pc",
            "address": "ssh:far",
            "profile": "linux-pc",
            "python": sys.executable,
            "store": str(place / "store"),
            "spool": str(place / "spool"),
            "options": {"ssh_config": str(end.config())},
        }
        inventory = place / "devices.toml"
        inventory.write_text(tomli_w.dumps({"inventory": 1, "device": [device]}))
        yield Bench(command, inventory, place / "store", end)


def quick(tmp_path: Path, **over: Any) -> Path:  # noqa: ANN401
    return small_plan(
        tmp_path / "plan.toml", engine="onnx_genai", items=["assistant-tea-en"], **over
    )


def test_a_run_over_ssh_is_a_record_like_any_other(bench: Bench, tmp_path: Path) -> None:
    plan = quick(tmp_path)
    runs = ("--runs", tmp_path / "runs")
    found = bench("measure", "--device", "far-pc", "--plan", plan, *runs)
    assert (found["status"], found["attempts"]["valid"]) == ("valid", 2)
    verified = bench.command("verify", found["run"], "--json")
    assert json.loads(verified.stdout)["findings"] == []
    session = json.loads((Path(found["run"]) / "data" / "session.json").read_text())
    assert session["launch"]["transport"] == "ssh:far"
    assert len(list((bench.store / "objects").glob("*/*/model.onnx"))) == 1
    assert list((bench.store.parent / "spool").iterdir()) == []


def test_a_detached_run_is_collected_by_another_process(bench: Bench, tmp_path: Path) -> None:
    plan = quick(tmp_path)
    argv = ("measure", "--device", "far-pc", "--plan", plan, "--runs", tmp_path / "runs")
    left = bench(*argv, "--detach")
    assert left["status"] == "detached"
    found = bench("collect", left["run"])
    assert (found["status"], found["attempts"]["valid"]) == ("valid", 2)
    assert bench.command("verify", found["run"]).returncode == 0
