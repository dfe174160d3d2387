"""A profile's gates, as far as the device at hand shows what they look at."""

from __future__ import annotations

from typing import Any

import pytest

from host.state.battery import Battery
from host.state.missing import Missing
from host.state.own_gates import split
from host.state.processor import Load, Ticks
from host.state.snapshot import DeviceState
from host.state.thermal import Sensor, Thermal

UNKNOWN = Missing("not-there", "no such thing")
GATES: dict[str, Any] = {
    "timeout_s": 900.0,
    "max_temperature_c": 37.0,
    "cooldown_above_start_k": 2.0,
    "max_busy_ratio": 0.2,
    "steady_for_s": 30.0,
    "min_battery_level_ratio": 0.3,
    "max_battery_level_ratio": 0.9,
    "max_battery_temperature_c": 35.0,
    "forbid_charging": True,
    "max_thermal_status": 0,
    "forbid_throttle": True,
}
PHONE = DeviceState(
    battery=Battery(status="discharging", plugged=(), level_ratio=0.5, temperature_c=30.0),
    thermal=Thermal(status=0, overridden=False, sensors=(Sensor("CPU0", "cpu", 30.0),)),
    load=Load(ticks=Ticks(total=100, idle=90)),
)
# A virtual machine: CPU time, and nothing else.
BARE = DeviceState(
    battery=Battery(),
    thermal=Thermal(status=UNKNOWN, overridden=UNKNOWN, sensors=UNKNOWN),
    load=Load(ticks=Ticks(total=100, idle=90)),
)


def test_a_device_that_shows_everything_is_held_to_all_of_them() -> None:
    assert split(GATES, PHONE) == (GATES, {})


def test_what_a_device_does_not_show_is_left_out_each_with_its_reason() -> None:
    taken, left_out = split(GATES, BARE)
    assert taken == {"timeout_s": 900.0, "max_busy_ratio": 0.2, "steady_for_s": 30.0}
    assert set(left_out) == set(GATES) - set(taken)
    assert left_out["max_thermal_status"] == str(UNKNOWN)
    assert "throttles" in left_out["forbid_throttle"]
    assert all(left_out.values())


@pytest.mark.parametrize("name", ["max_busy_ratio", "steady_for_s"])
def test_without_cpu_time_nothing_is_said_to_be_steady(name: str) -> None:
    blind = DeviceState(load=Load(ticks=UNKNOWN))
    assert split({name: 0.2}, blind) == ({}, {name: str(UNKNOWN)})
