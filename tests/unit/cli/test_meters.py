from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collectors.meters.table import METERS
from host.cli.meters import meters
from host.errors import DeviceError, HostError, UsageError
from host.run.meter_lock import held
from tests.fakes.meters.far_lines import far_port
from tests.fakes.meters.scpi_bench import DP832, ScpiBench
from tests.fakes.meters.serving import on_tcp
from tests.fakes.meters.usb_frames import crc16_by_division

NOBODY = "tcp:127.0.0.1:1"
PROFILE = ("--set", "profile=rigol-dp800")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(meters, arguments)


def test_kinds_and_profiles_of_meters_are_listed() -> None:
    assert json.loads(run("list", "--json").stdout)["kinds"] == list(METERS)
    said = run("list").stdout
    assert "Rigol DP800 series supply" in said
    assert "untried" in said


def test_a_meter_is_asked_who_it_is_and_what_it_reads() -> None:
    with on_tcp(ScpiBench()) as port:
        address = f"tcp:127.0.0.1:{port}"
        found = json.loads(run("probe", "scpi", address, *PROFILE, "--read", "--json").stdout)
        said = run("probe", "scpi", address, *PROFILE).stdout
    assert found["identity"]["said"] == DP832
    assert found["readings"]["meter.probe.ch1.power"] == 15.004
    assert "DP832  serial DP8C000000001" in said
    assert "meter.probe.ch1.power\n" in said


def test_a_meter_that_a_run_has_is_not_asked_anything() -> None:
    bench = ScpiBench()
    with on_tcp(bench) as port, held([("wall", f"tcp:127.0.0.1:{port}")], "/runs/first"):
        found = run("probe", "scpi", f"tcp:127.0.0.1:{port}", *PROFILE, "--read")
    assert isinstance(found.exception, DeviceError)
    assert f"in use by process {os.getpid()} (/runs/first)" in str(found.exception)
    assert bench.heard == []


def test_counts_of_an_instrument_are_shown_in_the_unit_of_their_channel(tmp_path: Path) -> None:
    sensor = tmp_path / "bus/w1/devices/28-000000000001"
    sensor.mkdir(parents=True)
    (sensor / "temperature").write_text("23125\n")
    air = bytes((1, 4, 4, 0xFF, 0xC7, 1, 0xE3))  # -57 and 483 tenths
    answer = air + crc16_by_division(air).to_bytes(2, "little")
    with far_port(answer) as port:
        given = ("xymd02", f"tcp:127.0.0.1:{port}", "--set", "step=0.1", "--read", "--json")
        found = json.loads(run("probe", *given).stdout)
    assert list(found["readings"].values()) == [-5.7, 48.3]
    found = json.loads(run("probe", "ds18b20", f"w1:{tmp_path}", "--read", "--json").stdout)
    assert list(found["readings"].values()) == [23125]


@pytest.mark.parametrize(
    ("arguments", "error", "what"),
    [
        (("scpi", NOBODY, *PROFILE), DeviceError, "no connection"),
        (("scpy", NOBODY, *PROFILE), UsageError, "there are scpi"),
        (("scpi", NOBODY, "--set", "profile"), UsageError, "NAME=VALUE"),
    ],
)
def test_a_meter_that_is_not_there_and_a_kind_that_is_none_are_told_apart(
    arguments: tuple[str, ...], error: type[HostError], what: str
) -> None:
    found = run("probe", *arguments).exception
    assert type(found) is error
    assert what in str(found)
