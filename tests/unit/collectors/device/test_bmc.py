"""A server's management controller, asked through a program that stands in for ipmitool."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.device.bmc import open_bmc, watts
from collectors.reading import Kind, Missing, Unit
from tests.fakes.machine import machine, says, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values

DCMI = (Path(__file__).parents[3] / "data/power/dcmi.txt").read_bytes()


def test_its_power_is_a_mean_in_w_and_says_that_it_is_no_meter(tmp_path: Path) -> None:
    collector = collector_of(open_bmc(machine(tmp_path)))
    assert read_values(collector) == {"bmc.system.power": 212}
    power = channels_of(collector)["bmc.system.power"]
    assert (power.unit, power.kind, power.tier) == (Unit.WATT, Kind.AVERAGE, "B")
    assert power.note.startswith("BMC, not a meter")
    collector.close()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DCMI.replace(b"activated", b"deactivated"), "not-active: power reading"),
        (DCMI.replace(b"Instantaneous", b"Some"), "no-such-field: instantaneous power"),
        (b"\xff\x00", "no-such-field: instantaneous power"),
    ],
)
def test_a_controller_whose_reading_is_none_gives_none(data: bytes, reason: str) -> None:
    assert watts(data) == (Missing(reason),)


def test_a_machine_without_a_controller_is_absent_with_the_programs_status(
    tmp_path: Path,
) -> None:
    says(tmp_path, "ipmitool", "#!/bin/sh\necho 'Could not open device' >&2\nexit 1\n")
    (absent,) = open_bmc(scope_of(tmp_path)).absent
    assert absent.reason == "not-answered: status 1"
