"""A campaign over two devices behind real sshds, beside each other; a third one is away."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.fakes.command import Command, small_plan
from tests.fakes.ends.sshd_end import PORT, missing, sshd
from tests.fakes.replays import write_recording
from tests.flow.test_campaign import ITEM, TOKENS, outcome

BOARDS = ("left", "right")


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Path]:
    """Two boards that answer, and one where nobody listens."""
    why = missing()
    if why is not None:
        pytest.skip(why)
    with ExitStack() as stack:
        configs = {}
        for name in BOARDS:
            (tmp_path / f"sshd-{name}").mkdir()
            configs[name] = stack.enter_context(sshd(tmp_path / f"sshd-{name}")).config(name)
        nobody = configs["left"].read_text().replace("Host left", "Host away")
        configs["away"] = tmp_path / "ssh_config.away"
        configs["away"].write_text(nobody.replace(f"Port {PORT}", "Port 9"))
        devices = [
            {
                "name": name,
                "address": f"ssh:{name}",
                "profile": "linux-pc",
                "python": sys.executable,
                "store": str(tmp_path / name / "store"),
                "spool": str(tmp_path / name / "spool"),
                "options": {"ssh_config": str(config)},
            }
            for name, config in configs.items()
        ]
        path = tmp_path / "devices.toml"
        path.write_text(tomli_w.dumps({"inventory": 1, "device": devices}))
        yield path


def campaign(folder: Path) -> Path:
    """Two replayed builds on three devices, one block of two attempts each."""
    small_plan(
        folder / "plan.toml", engine="replay", items=[ITEM], idle_before_s=0.5, idle_after_s=0
    )
    builds = {}
    for name, load_ns in (("quick", 1_000_000), ("slow", 2_000_000)):
        path = write_recording(folder / f"{name}.json", TOKENS, load_ns=load_ns)
        builds[name] = {"model": {"reference": str(path)}}
    stop = {"of": "ratio", "relative_u": 0.01, "min": 1, "max": 1}
    whole = {
        "campaign": 1,
        "title": "two boards",
        "design": "randomised",
        "seed": 5,
        "plan": "plan.toml",
        "devices": "beside",
        "measurands": ["output_byte_rate"],
        "axes": {
            "board": {name: {"device": name} for name in (*BOARDS, "away")},
            "build": builds,
        },
        "visit": {"attempts": 2},
        "stop": {"measurand": "output_byte_rate", **stop},
        "retries": {"reasons": ["device-failed"], "most": 1, "give_up_after": 1},
    }
    path = folder / "campaign.toml"
    path.write_text(tomli_w.dumps(whole), encoding="utf-8")
    return path


def stopped_once(command: Command, *argv: str | Path) -> str:
    """Begin, and ask it to end when both boards are in their first attempt."""
    process = command.start("campaign", "run", *argv)
    assert process.stderr is not None
    waited = set(BOARDS)
    said = []
    for line in process.stderr:
        said.append(line)
        if "attempt 1/2" in line:
            waited.discard(line.partition("-")[0])
        if not waited:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, "".join(said) + err
    return err


def events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "campaign.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_devices_go_beside_each_other_and_one_that_is_away_costs_the_others_nothing(
    command: Command, tmp_path: Path, inventory: Path
) -> None:
    file, folder = campaign(tmp_path), tmp_path / "out"
    argv = (file, "--runs", folder, "--inventory", inventory)
    err = stopped_once(command, *argv)
    assert "the same `inferometer campaign run` goes on" in err
    assert "Traceback" not in err
    told = events(folder)
    assert told[-1]["event"] == "interrupted"
    # All three were begun before any of the boards had ended.
    first = [e["cell"].partition("-")[0] for e in told if e["event"] == "visit_begin"][:3]
    assert set(first) == {*BOARDS, "away"}
    kept = [
        json.loads(p.read_bytes()) for p in folder.glob("visits/*/*/data/attempts/*/attempt.json")
    ]
    assert kept
    assert {each["status"] for each in kept} == {"valid"}  # after the attempt, and not within it

    code, said = outcome(command, "run", *argv)
    assert (code, said["ended"]) == (1, "cap")
    cells = {cell["name"]: cell for cell in said["cells"]}
    for board in BOARDS:
        for build in ("quick", "slow"):
            assert cells[f"{board}-{build}"]["visits"]["valid"] == 1
    for build in ("quick", "slow"):
        away = cells[f"away-{build}"]
        assert away["standing"] == "given up"
        assert [e["visit"][-5:] for e in away["ends"]][-1] == "-try2"
    for path in folder.glob("visits/*/*/record.json"):
        assert json.loads(path.read_bytes())["attempts"]["valid"] == 2
