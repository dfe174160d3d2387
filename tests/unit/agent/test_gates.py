from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gates import Limits, Look, busy_ratio, charged, needed, shut
from agent.looks import look_of
from host.state.battery import battery_of_supplies
from host.state.missing import Missing

S = 1_000_000_000
MAINS = {"type": "Mains", "online": "0"}
BATTERY = {"type": "Battery", "status": "Discharging", "capacity": "57", "temp": "312"}
MOUSE = {"type": "Battery", "scope": "Device", "status": "Charging", "capacity": "5"}


def ticks(total: int, idle: int) -> dict[str, Any]:
    return {"cpu_ticks": {"total": total, "idle": idle}}


@given(total=st.integers(1, 10**9), idle=st.integers(0, 10**9))
def test_busy_ratio_is_what_was_not_idle(total: int, idle: int) -> None:
    idle = min(idle, total)
    assert busy_ratio((0, 0), (total, idle)) == pytest.approx((total - idle) / total)


def test_busy_ratio_of_no_time_is_not_known() -> None:
    assert busy_ratio((5, 1), (5, 1)) == "not-stated: no tick between the two readings"
    assert busy_ratio("not-readable", (5, 1)) == "not-readable"


def test_hottest_sensor_counts() -> None:
    assert look_of({"temperatures_c": {"a": 30.5, "b": 41.0}}, 0).hottest_c == 41.0
    assert look_of({"temperatures_c": {}}, 0).hottest_c == "not-stated: temperatures_c"
    absent = [{"fact": "temperatures_c", "reason": "not-present: no zone"}]
    assert look_of({"absent": absent}, 0).hottest_c == "not-present: no zone"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({**ticks(100, 80), "temperatures_c": {"a": 30}}, ""),
        ({**ticks(100, 20), "temperatures_c": {"a": 30}}, "CPU busy 0.80, must be at most 0.50"),
        ({**ticks(100, 80), "temperatures_c": {"a": 45}}, "45.0 °C, must be at most 40.0 °C"),
        ({**ticks(100, 80), "temperatures_c": {}}, "hottest sensor is not known"),
        ({"temperatures_c": {"a": 30}}, "CPU busy is not known (not-stated: cpu_ticks)"),
        ({"cpu_ticks": {"total": "x", "idle": 1}}, "CPU busy is not known (not-understood"),
    ],
)
def test_a_closed_gate_says_value_and_limit(now: dict[str, Any], words: str) -> None:
    limits = Limits(max_busy_ratio=0.5, max_temperature_c=40.0)
    found = "; ".join(shut(limits, [look_of(ticks(0, 0), 0), look_of(now, S)], None))
    assert (words in found) if words else (found == "")


@pytest.mark.parametrize(
    ("limits", "supplies", "words"),
    [
        ({"min_battery_level_ratio": 0.6}, {"b": BATTERY}, "battery 0.57, must be at least 0.60"),
        ({"max_battery_level_ratio": 0.5}, {"b": BATTERY}, "battery 0.57, must be at most 0.50"),
        (
            {"max_battery_temperature_c": 30},
            {"b": BATTERY},
            "battery 31.2 °C, must be at most 30.0 °C",
        ),
        ({"forbid_charging": True}, {"ac": MAINS, "b": BATTERY, "a-mouse": MOUSE}, ""),
        (
            {"forbid_charging": True},
            {"ac": {**MAINS, "online": "1"}, "b": BATTERY},
            "battery discharging, fed by ac",
        ),
        ({"forbid_charging": True}, {"b": {"type": "Battery"}}, "not known (not-stated: status)"),
        (
            {"forbid_charging": True},
            {"ac": {"type": "Mains", "online": "no"}, "b": {**BATTERY, "status": "Full"}},
            "not known (not-understood: online)",
        ),
        ({"forbid_charging": True}, "not a folder", "is charged is not known"),
        ({"min_battery_level_ratio": 0.1}, {"ac": MAINS}, "level is not known"),
        ({"max_battery_temperature_c": 90}, {"b": {**BATTERY, "temp": "9999"}}, "out-of-range"),
    ],
)
def test_the_agent_reads_battery_and_what_feeds_it_from_the_kernel(
    limits: dict[str, Any],
    supplies: object,
    words: str,
) -> None:
    look = look_of({"power_supplies": supplies}, 0)
    found = "; ".join(shut(Limits(**limits), [look], None))
    assert (words in found) if words else (found == "")


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.fixed_dictionaries(
            {"type": st.sampled_from(["Battery", "Mains", "USB", "UPS"])},
            optional={
                "scope": st.sampled_from(["Device", "System"]),
                "status": st.sampled_from(["Charging", "Discharging", "Full", "Odd"]),
                "online": st.sampled_from(["0", "1", "2", "x"]),
                "capacity": st.sampled_from(["0", "50", "100", "101", ""]),
            },
        ),
    )
)
def test_agent_and_host_see_the_same_battery(supplies: dict[str, dict[str, str]]) -> None:
    host, agent = battery_of_supplies(supplies), look_of({"power_supplies": supplies}, 0)
    for one, other in ((host.fed, agent.fed), (host.level_ratio, agent.level_ratio)):
        assert one == other or (isinstance(one, Missing) and isinstance(other, str))


def test_a_battery_that_was_fed_voids_what_was_measured_meanwhile() -> None:
    limits = Limits(forbid_charging=True)
    assert charged(limits, Look(0, fed=False)) == ""
    said = "charged: the battery is charging after the attempt"
    assert charged(limits, Look(0, fed=True, battery="charging")) == said
    assert charged(limits, Look(0, fed="not-readable")) != ""
    assert charged(Limits(), Look(0, fed=True)) == ""


def test_no_more_looks_are_kept_than_the_gates_need() -> None:
    limits = Limits(max_temperature_slope_k_per_min=1.0, steady_for_s=10.0)
    seen: list[Look] = []
    for second in range(100):
        seen = needed(limits, [*seen, Look(second * S, hottest_c=30.0)])
    assert [seen[0].t_ns, seen[-1].t_ns] == [89 * S, 99 * S]
    assert shut(limits, seen, None) == ()
