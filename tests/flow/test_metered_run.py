"""A whole measurement beside a WT310E on a TCP line: evidence of power from outside the device."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from host.handover.equipment import Connection, Instrument
from tests.fakes.command import Command, small_plan
from tests.fakes.instruments import certificate, equipment, instrument, write
from tests.fakes.meters.serving import on_tcp
from tests.fakes.meters.wt310e import Wt310e

UPDATE_S = 0.1
SETTINGS: dict[str, str | int | float | bool] = {
    "update_s": UPDATE_S,
    "mode": "DC",
    "crest_factor": "3",
    "volts": 15.0,
    "amps": 2.0,
    "items": "U,I,P",
    "integrate": False,
    "element": "1",
}


@contextmanager
def running(double: Wt310e) -> Iterator[int]:
    """The meter is new every 0.1 s, as the real one is; gives its port."""
    stop = threading.Event()

    def updates() -> None:
        while not stop.wait(UPDATE_S):
            double.tick({"U": "12.00E+00", "I": "1.250E+00", "P": "15.00E+00"})

    ticking = threading.Thread(target=updates, daemon=True)
    with on_tcp(double) as port:
        ticking.start()
        try:
            yield port
        finally:
            stop.set()
            ticking.join()


def wall(port: int) -> Instrument:
    """A calibrated WT310E; its certificate adds 0.018 W at 15 W."""
    return instrument(
        id="wall",
        serial="C3UA00001E",
        kind="external_meter",
        channels=("meter.wall.*",),
        certificate=(certificate(channels=("meter.wall.power",)),),
        connect=Connection("wt300", f"tcp:127.0.0.1:{port}", SETTINGS),
    )


def test_a_calibrated_meter_earns_tier_a_and_gives_energies(
    command: Command, tmp_path: Path
) -> None:
    with running(Wt310e()) as port:
        path = write(tmp_path / "lab", equipment(wall(port)))
        plan = small_plan(
            tmp_path / "plan.toml", items=["assistant-tea-en"], idle_before_s=1.5, idle_after_s=1.5
        )
        argv = ("--plan", plan, "--equipment", path, "--runs", tmp_path / "runs", "--json")
        done = command("measure", *argv)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    place = Path(said["run"]) / "data/meters/wall/1"
    about = json.loads((place / "meter.json").read_bytes())
    assert about["identity"]["model"] == "WT310E"
    assert json.loads((place / "end.json").read_bytes())["failed"] == ""
    assert "*IDN?" in (place / "transcript.tsv").read_text()
    power = [r for r in said["results"] if r["source"] == "meter.wall.power"]
    told = {(r["measurand_id"], r["scope"]): r for r in power}
    mean = told["mean_power@1", "request"]
    assert (mean["tier"], told["energy@1", "request"]["tier"]) == ("A", "A")
    assert told["energy@1", "decode"]["missing"].startswith("not-resolvable")
    # 15 W, corrected by the straight line between 0.030 W at 11 W and -0.030 W at 41 W.
    assert float(mean["value"]) == pytest.approx(15.022, abs=0.002)
    verified = json.loads(command("verify", said["run"], "--json").stdout)
    assert verified["findings"] == []


@pytest.mark.parametrize(
    ("argv", "settings", "words"),
    [
        ((), {"ranging": 10}, "would find its ranges before the run"),
        (("--detach",), {}, "which a detached run does not have"),
    ],
)
def test_what_a_meter_cannot_do_in_a_run_is_said_before_it(
    command: Command,
    tmp_path: Path,
    argv: tuple[str, ...],
    settings: dict[str, str | int | float | bool],
    words: str,
) -> None:
    meter = wall(9)
    connect = Connection("wt300", "tcp:127.0.0.1:9", settings)
    path = write(tmp_path / "lab", equipment(msgspec.structs.replace(meter, connect=connect)))
    plan = small_plan(tmp_path / "plan.toml", items=["assistant-tea-en"])
    runs = tmp_path / "runs"
    done = command("measure", "--plan", plan, "--equipment", path, "--runs", runs, *argv)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in " ".join(done.stderr.split())
    assert not list(runs.glob("*"))


def test_a_meter_that_does_not_answer_stops_the_run_with_its_name(
    command: Command, tmp_path: Path
) -> None:
    path = write(tmp_path / "lab", equipment(wall(9)))
    plan = small_plan(tmp_path / "plan.toml", items=["assistant-tea-en"])
    argv = ("--plan", plan, "--equipment", path, "--runs", tmp_path / "runs", "--json")
    done = command("measure", *argv)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "wall" in json.loads(done.stdout)["error"]
