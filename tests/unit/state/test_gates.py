from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from agent.gates import slope_k_per_min
from host.handover.plan import GatePlan
from host.state.battery import Battery
from host.state.gates import Moment, look_of, parts_for, shut, wait_until_open
from host.state.missing import Missing
from host.state.processor import Load, Ticks
from host.state.snapshot import DeviceState
from host.state.thermal import Sensor, Thermal
from tests.fakes.clock import SteppingClock

UNKNOWN = Missing("not-stated", "temperature")
S = 1_000_000_000


def state(
    *,
    battery: Battery | None = None,
    hottest: float | None = None,
    **more: Any,  # noqa: ANN401
) -> DeviceState:
    sensors = (Sensor("CPU0", "cpu", hottest),) if hottest is not None else UNKNOWN
    status = more.pop("status", 0)
    return DeviceState(
        battery=battery or Battery(),
        thermal=Thermal(status=status, overridden=False, sensors=sensors),
        **more,
    )


def charged(**more: Any) -> DeviceState:  # noqa: ANN401
    known: dict[str, Any] = {"status": "discharging", "plugged": (), "level_ratio": 0.5}
    return state(battery=Battery(**{**known, "temperature_c": 30.0, **more}))


def moments(*states: DeviceState, every_s: float = 10.0) -> list[Moment]:
    return [Moment(round(i * every_s * S), one) for i, one in enumerate(states)]


def gates(**limits: Any) -> GatePlan:  # noqa: ANN401
    return GatePlan(timeout_s=60.0, **limits)


@pytest.mark.parametrize(
    ("limits", "now", "words"),
    [
        ({}, state(), ""),
        (
            {"max_battery_temperature_c": 33.0},
            charged(temperature_c=41.2),
            "battery 41.2 °C, must be at most 33.0 °C",
        ),
        ({"max_battery_temperature_c": 33.0}, charged(), ""),
        (
            {"max_battery_temperature_c": 33.0},
            charged(temperature_c=UNKNOWN),
            "battery is not known (not-stated: temperature)",
        ),
        ({"min_battery_level_ratio": 0.6}, charged(), "battery 0.50, must be at least 0.60"),
        ({"max_battery_level_ratio": 0.4}, charged(), "battery 0.50, must be at most 0.40"),
        ({"min_battery_level_ratio": 0.5, "max_battery_level_ratio": 0.5}, charged(), ""),
        (
            {"forbid_charging": True},
            charged(status="charging", plugged=("usb",)),
            "battery charging, fed by usb",
        ),
        ({"forbid_charging": True}, charged(plugged=("usb",)), "battery discharging, fed by usb"),
        ({"forbid_charging": True}, charged(), ""),
        ({"forbid_charging": False}, charged(plugged=("usb",)), ""),
        (
            {"max_thermal_status": 0},
            state(status=3),
            "thermal status severe, must be at most none",
        ),
        ({"max_thermal_status": 1}, state(status=1), ""),
        ({"max_thermal_status": 1}, state(status=Missing("faked")), "not known (faked)"),
        ({"max_temperature_c": 40.0}, state(hottest=45.0), "hottest sensor 45.0 °C"),
    ],
)
def test_a_gate_says_what_is_and_what_must_be(
    limits: dict[str, Any], now: DeviceState, words: str
) -> None:
    found = "; ".join(shut(gates(**limits), moments(now), None))
    assert (words in found) if words else (found == "")


def test_a_faked_battery_opens_no_gate_even_where_the_kernel_says_well() -> None:
    kernel = Battery(status="discharging", plugged=(), level_ratio=0.5, temperature_c=20.0)
    why = Missing("faked", "UPDATES STOPPED")
    faked = Battery(status=why, plugged=why, level_ratio=why, temperature_c=why, faked=True)
    now = DeviceState(battery=faked, kernel_battery=kernel)
    assert shut(gates(forbid_charging=True), moments(now), None)


def test_all_gates_that_are_shut_are_named() -> None:
    plan = gates(forbid_charging=True, max_battery_temperature_c=33.0)
    now = charged(status="charging", plugged=("ac",), temperature_c=41.2)
    assert len(shut(plan, moments(now), None)) == 2


def test_a_device_that_is_hotter_than_at_the_start_must_cool_down() -> None:
    plan = gates(cooldown_above_start_k=2.0)
    start = state(hottest=30.0)
    (why,) = shut(plan, moments(state(hottest=33.0)), start)
    assert "hottest sensor 33.0 °C, must be at most 32.0 °C" in why
    assert shut(plan, moments(state(hottest=32.0)), start) == ()
    assert shut(plan, moments(state(hottest=99.0)), None) == ()


def busy(*ratios: float) -> list[Moment]:
    total, idle, states = 0, 0, [state(load=Load(ticks=Ticks(0, 0)))]
    for ratio in ratios:
        total, idle = total + 1000, idle + round(1000 * (1 - ratio))
        states.append(state(load=Load(ticks=Ticks(total, idle))))
    return moments(*states)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (busy(), "steady for 0 s, must be 20 s"),
        (busy(0.01), "steady for 10 s, must be 20 s"),
        (busy(0.01, 0.02), ""),
        (busy(0.9, 0.01, 0.02), ""),
        (busy(0.01, 0.9, 0.02), "CPU busy 0.90, must be at most 0.05"),
    ],
)
def test_idle_must_have_held_for_as_long_as_the_plan_says(seen: list[Moment], words: str) -> None:
    found = "; ".join(shut(gates(max_busy_ratio=0.05, steady_for_s=20.0), seen, None))
    assert (words in found) if words else (found == "")


def warming(k_per_min: float, count: int = 4) -> list[Moment]:
    return moments(*(state(hottest=30.0 + k_per_min * i / 6) for i in range(count)))


@pytest.mark.parametrize("slope", [-3.0, 0.0, 0.5, 12.0])
def test_slope_is_in_kelvin_per_minute(slope: float) -> None:
    looks = [look_of(moment.state, moment.t_ns) for moment in warming(slope)]
    assert slope_k_per_min(looks) == pytest.approx(slope)


def test_a_device_that_still_warms_or_cools_is_not_steady() -> None:
    plan = gates(max_temperature_slope_k_per_min=0.5, steady_for_s=30.0)
    for slope in (-2.0, 2.0):
        (why,) = shut(plan, warming(slope), None)
        assert "temperature changes by 2.00 K/min, must be at most 0.50 K/min" in why
    assert shut(plan, warming(0.4), None) == ()


class Looks:
    """A device that is seen in one state after the other; the last one stays."""

    def __init__(self, states: Sequence[DeviceState]) -> None:
        self._states, self.count = list(states), 0

    def __call__(self) -> DeviceState:
        self.count += 1
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


def test_a_wait_says_why_and_ends_when_the_gate_opens() -> None:
    told: list[str] = []
    looks = Looks([charged(temperature_c=41.2), charged(temperature_c=35.0), charged()])
    plan = gates(max_battery_temperature_c=33.0)
    clock = SteppingClock(step_ns=S)
    passed = wait_until_open(plan, looks, clock, told.append, wait=lambda _: None)
    assert (passed.reason, passed.looks, looks.count) == ("", 3, 3)
    assert told[0] == "battery 41.2 °C, must be at most 33.0 °C"
    assert len(told) == 2


def test_a_wait_that_times_out_is_the_reason_of_a_void_attempt() -> None:
    told: list[str] = []
    clock = SteppingClock(step_ns=25 * S)
    plan = gates(max_battery_temperature_c=33.0)
    passed = wait_until_open(
        plan, Looks([charged(temperature_c=41.2)]), clock, told.append, wait=lambda _: None
    )
    assert passed.reason == ("gate-timeout: battery 41.2 °C, must be at most 33.0 °C after 60 s")
    assert (passed.looks, len(told)) == (3, 2)


def test_only_what_the_gates_need_is_asked() -> None:
    assert parts_for(gates()) == frozenset()
    assert parts_for(gates(forbid_charging=False, forbid_throttle=True)) == frozenset()
    assert parts_for(gates(forbid_charging=True)) == {"battery"}
    assert parts_for(gates(max_busy_ratio=0.1, max_temperature_c=40.0)) == {"load", "thermal"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("min_battery_level_ratio", 1.5),
        ("max_thermal_status", 7),
        ("max_thermal_status", 1.5),
        ("forbid_charging", "yes"),
        ("cooldown_above_start_k", -1.0),
        ("max_temperature_slope_k_per_min", 0.0),
        ("max_battery_temperatur_c", 33.0),
    ],
)
def test_a_gate_of_a_plan_that_makes_no_sense_is_refused_by_its_key(key: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(msgspec.ValidationError, match=key):
        msgspec.convert({"timeout_s": 1.0, key: value}, GatePlan)


def test_a_plan_of_before_these_gates_still_reads() -> None:
    found = msgspec.convert({"timeout_s": 30.0, "max_temperature_c": 40.0}, GatePlan)
    assert found.forbid_throttle is None
