"""A whole measurement beside a WT310E on a TCP line: evidence of power from outside the device."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.handover.equipment import Connection, Instrument
from tests.fakes.command import Command, small_plan
from tests.fakes.instruments import LONG, certificate, equipment, instrument, write
from tests.fakes.meters.serving import on_tcp
from tests.fakes.meters.wt310e import Wt310e
from tests.fakes.wanted_cpu import WantedCpu

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


REQUEST = ("energy@1", "request")
SERIALS = {
    "wall": "C3UA00001E",
    "good": "C3UA00002E",
    "late": "C3UA00003E",
    "elsewhere": "C3UA00004E",
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


def beside(name: str) -> Wt310e:
    return Wt310e(f"YOKOGAWA,WT310E,{SERIALS[name]},F1.03")


@contextmanager
def following(wanted: WantedCpu, lates_s: dict[str, float | None]) -> Iterator[dict[str, int]]:
    """Meters beside a device that takes 15 W, and 10 W more under full load.

    lates_s: name -> by how much its readings are late; None is beside another device. Gives their
    ports. What is new is the mean over the last 0.1 s, however late this thread comes to it.
    """
    stop, doubles = threading.Event(), {name: beside(name) for name in lates_s}
    seen: deque[tuple[float, float]] = deque([(time.monotonic() - 9, 0.0)], maxlen=400)

    def updates() -> None:
        due_s = time.monotonic() + UPDATE_S
        while not stop.wait(UPDATE_S / 20):
            now_s = time.monotonic()
            seen.append((now_s, wanted.share()))
            if now_s < due_s:
                continue
            due_s = now_s + UPDATE_S
            for number, (name, late_s) in enumerate(lates_s.items()):
                share = round(7 * now_s) % 2 * 0.1 if late_s is None else mean(now_s - late_s)
                power = f"{15 + 10 * share + number * 1e-3:.4E}"
                doubles[name].tick({"U": "12.00E+00", "I": "1.250E+00", "P": power})

    def mean(until_s: float) -> float:
        """Each look holds until the next one."""
        ends = [*[at_s for at_s, _ in seen][1:], until_s]
        total = 0.0
        for (at_s, share), end_s in zip(seen, ends, strict=True):
            length_s = min(end_s, until_s) - max(at_s, until_s - UPDATE_S)
            total += share * max(0.0, length_s)
        return total / UPDATE_S

    ticking = threading.Thread(target=updates, daemon=True)
    with ExitStack() as ends:
        ports = {name: ends.enter_context(on_tcp(double)) for name, double in doubles.items()}
        ticking.start()
        ends.callback(ticking.join)
        ends.callback(stop.set)
        yield ports


def wall(port: int, name: str = "wall") -> Instrument:
    """A calibrated WT310E; its certificate adds 0.018 W at 15 W."""
    return instrument(
        id=name,
        serial=SERIALS[name],
        kind="external_meter",
        channels=(f"meter.{name}.*",),
        certificate=(certificate(channels=(f"meter.{name}.power",), due=LONG),),
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


def test_load_pulses_find_the_meter_that_is_late_and_the_one_that_stands_elsewhere(
    command: Command, tmp_path: Path
) -> None:
    store = ("INFEROMETER_STORE", command.environment["INFEROMETER_STORE"])
    with following(WantedCpu(*store), {"good": 0.0, "late": 0.4, "elsewhere": None}) as ports:
        path = write(tmp_path / "lab", equipment(*(wall(ports[n], n) for n in ports)))
        plan = small_plan(
            tmp_path / "plan.toml",
            items=["assistant-tea-en"],
            attempts=1,
            warmups=0,
            pulses={"words": 2, "bit_s": 0.4, "least_step_w": 3.0, "processes": 2},
        )
        argv = ("--plan", plan, "--equipment", path, "--runs", tmp_path / "runs", "--json")
        done = command("measure", *argv)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    record = json.loads(Path(said["record"]).read_bytes())
    told: dict[str, Any] = {one["meter"]: one for one in record["time"]["pulses"]}
    assert {name: (one["verdict"], one["code"]) for name, one in told.items()} == {
        "good": ("agrees", None),
        "late": ("outside", None),
        "elsewhere": ("not-judged", "pattern-not-seen"),
    }
    lag_ns = {name: int(told[name]["lag_ns"]) for name in ("good", "late")}
    assert lag_ns["late"] - lag_ns["good"] == pytest.approx(400e6, abs=60e6)
    assert float(told["good"]["step_w"]) == pytest.approx(10, abs=3)
    energies = {
        q["source"]: q for q in said["results"] if (q["measurand_id"], q["scope"]) == REQUEST
    }
    assert "meter-out-of-time" not in str(energies["meter.good.power"]["missing"])
    assert energies["meter.late.power"]["value"] is None
    assert energies["meter.late.power"]["missing"].startswith("meter-out-of-time: ")
    codes = [w["code"] for w in record["warnings"]]
    assert {"meter-out-of-time", "meter-time-not-judged"} <= set(codes)
    assert json.loads(command("verify", said["run"], "--json").stdout)["findings"] == []


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
