"""A measurement beside meters that fail: it goes on, keeps all, and its record says so."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from collectors.meters.hookup import Given
from host.handover.equipment import Connection, Instrument
from host.run.meter_lock import held
from tests.fakes.command import Command, small_plan
from tests.fakes.instruments import certificate, equipment, instrument, write
from tests.fakes.meters import failing
from tests.fakes.meters.failing import Failing
from tests.fakes.meters.modbus_bench import AIR, modbus_bench
from tests.fakes.meters.serving import on_tcp

# Answers for a power before each of them fails: two seconds, half of the idle time alone.
GOOD = 100
FAULTS: Mapping[str, failing.Fault] = {
    "unplugged": failing.unplugged,
    "silent": failing.silent,
    "babbling": failing.babbling,
    "over": failing.over_range,
    "turned": failing.turned_round,
}
LOST = {
    "unplugged": "the instrument closed the connection",
    "silent": "no longer answers *IDN? as before",
    "babbling": "an answer longer than 4096 bytes",
}


def supply(name: str, port: int, **over: Any) -> Instrument:  # noqa: ANN401 - fields
    connect = Connection("scpi", f"tcp:127.0.0.1:{port}", {"profile": "rigol-dp800"})
    said = {
        "id": name,
        "kind": "external_meter",
        "serial": name,
        "channels": (f"meter.{name}.*",),
        "certificate": (),
        "connect": connect,
    }
    return instrument(**{**said, **over})


def expired(name: str) -> dict[str, Any]:
    of = (f"meter.{name}.ch1.power",)
    day, due = datetime.date(2020, 1, 1), datetime.date(2020, 12, 31)
    return {"certificate": (certificate(channels=of, calibrated=day, due=due),)}


# As `modbus_bench` has it.
AIR_C, AIR_HUMIDITY = "-5.7", "0.483"
Said = dict[str, Any]


@pytest.fixture(scope="module")
def run(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What `measure --json` says of a run beside all of them, and its record."""
    place = tmp_path_factory.mktemp("faults")
    with ExitStack() as bench:
        meters = []
        for name, fault in FAULTS.items():
            # The leads of `turned` are wrong from the start.
            double = Failing(name, 0 if name == "turned" else GOOD, fault)
            port = bench.enter_context(on_tcp(double))
            meters.append(supply(name, port, **(expired(name) if name == "unplugged" else {})))
        port_of_air = bench.enter_context(modbus_bench(place))
        settings: dict[str, Given] = {"step": "0.1", "unit": AIR, "baud": 9600}
        connect = Connection("xymd02", f"serial:{port_of_air}", settings)
        meters.append(supply("air", 0, kind="ambient", connect=connect))
        path = write(place / "lab", equipment(*meters))
        plan = small_plan(
            place / "plan.toml",
            items=["assistant-tea-en"],
            attempts=1,
            warmups=0,
            idle_before_s=4.0,
            idle_after_s=0.5,
            gates={"max_ambient_c": 10.0},  # the air is at -5.7
        )
        argv = ("--plan", plan, "--equipment", path, "--runs", place / "runs", "--json")
        done = command("measure", *argv)
    assert done.returncode == 0, done.stdout + done.stderr
    said: Said = json.loads(done.stdout)
    return {**said, "whole": json.loads(Path(said["record"]).read_bytes())}


def warned(run: Said, code: str) -> list[Said]:
    return [w for w in run["whole"]["warnings"] if w["code"] == code]


def energy(run: Said, meter: str) -> Said:
    of = {(q["source"], q["measurand_id"], q["scope"]): q for q in run["whole"]["results"]}
    found: Said = of[f"meter.{meter}.ch1.power", "energy@1", "request"]
    return found


def test_a_meter_that_is_lost_is_in_the_record_with_its_reason_and_seconds(run: Said) -> None:
    told = {w["text"]["en"].split()[1]: w for w in warned(run, "meter-lost")}
    assert set(told) == set(LOST)
    for name, words in LOST.items():
        assert words in told[name]["text"]["en"]
        assert words in told[name]["text"]["zh"]
        assert float(told[name]["number"]) > 1.0
        end = json.loads((Path(run["run"]) / f"data/meters/{name}/1/end.json").read_bytes())
        assert end["streams"][0]["lines"] >= GOOD


def test_a_range_that_is_exceeded_and_leads_that_are_turned_round_are_in_the_record(
    run: Said,
) -> None:
    (gaps,) = [w for w in warned(run, "meter-gaps") if " over " in w["text"]["en"]]
    assert "overrange" in gaps["text"]["en"]
    assert [g for g in run["whole"]["gaps"] if g["channel"] == "meter.over.ch1.power"]
    assert energy(run, "over")["value"] is None
    (negative,) = warned(run, "power-negative")
    assert (negative["number"], negative["limit"]) == ("-15", "0")
    assert energy(run, "turned")["missing"].startswith("below-the-possible")


def test_the_air_that_a_sensor_read_is_in_the_record_with_its_range(run: Said) -> None:
    warm, damp = run["whole"]["environment"]
    assert (warm["quantity"], warm["value"], warm["unit"]) == ("ambient_temperature", AIR_C, "Cel")
    assert (damp["quantity"], damp["value"]) == ("relative_humidity", AIR_HUMIDITY)
    rule = run["whole"]["sampling_plan"]["cool_down_rule"]["en"]
    assert "The air must be at most 10 °C" in rule
    told = warm["readings"]
    assert told["channel"] == "meter.air.air.temperature"
    assert {told[end] for end in ("first", "last", "least", "most")} == {AIR_C}
    assert told["n"] >= 3
    assert warm["equipment_ref"] in {e["id"] for e in run["whole"]["equipment"]}


def test_an_expired_certificate_is_tier_a_minus_and_the_run_still_verifies(
    command: Command, run: Said
) -> None:
    assert any("2020-12-31" in w["text"]["en"] for w in warned(run, "certificate-not-met"))
    assert (energy(run, "unplugged")["value"], energy(run, "unplugged")["tier"]) == (None, "A-")
    verified = json.loads(command("verify", run["run"], "--json").stdout)
    assert verified["findings"] == []


def test_another_unit_than_that_of_the_certificates_stops_the_run_with_its_name(
    command: Command, tmp_path: Path
) -> None:
    with on_tcp(Failing("another", GOOD, failing.silent)) as port:
        path = write(tmp_path / "lab", equipment(supply("m1", port)))
        plan = small_plan(tmp_path / "plan.toml", items=["assistant-tea-en"])
        argv = ("--plan", plan, "--equipment", path, "--runs", tmp_path / "runs", "--json")
        done = command("measure", *argv)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "m1: says that its serial number is another" in json.loads(done.stdout)["error"]


def test_a_run_whose_meter_another_one_has_leaves_no_folder(
    command: Command, tmp_path: Path
) -> None:
    path = write(tmp_path / "lab", equipment(supply("m1", 1)))
    plan = small_plan(tmp_path / "plan.toml", items=["assistant-tea-en"])
    with held([("m1", "tcp:127.0.0.1:1")], "/runs/first"):
        argv = ("--plan", plan, "--equipment", path, "--runs", tmp_path / "runs", "--json")
        done = command("measure", *argv)
    assert done.returncode == 3, done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    assert error.startswith("m1: tcp:127.0.0.1:1 is in use by process")
    assert "(/runs/first)" in error
    assert list((tmp_path / "runs").rglob("*")) == []
