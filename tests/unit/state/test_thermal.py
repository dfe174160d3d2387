from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from host.state.missing import Missing
from host.state.thermal import Thermal, parse_thermalservice, thermal_of_class

DATA = Path(__file__).parents[2] / "data" / "dumpsys"
STORED = (DATA / "thermalservice-android14.txt").read_bytes()


def code(value: object) -> str:
    assert isinstance(value, Missing)
    return value.code


def test_only_the_block_from_the_hal_counts() -> None:
    found = parse_thermalservice(STORED)
    assert isinstance(found.sensors, tuple)
    assert {s.name: s.temperature_c for s in found.sensors if s.kind == "cpu"} == {"CPU0": 66.5}
    assert found.hottest_c == 66.5
    assert (found.status, found.overridden) == (1, False)


def test_a_sensor_that_reads_nonsense_has_a_reason() -> None:
    found = parse_thermalservice(STORED)
    assert isinstance(found.sensors, tuple)
    by_name = {s.name: s.temperature_c for s in found.sensors}
    assert code(by_name["TPU"]) == "not-understood"
    assert code(by_name["modem"]) == "out-of-range"


def test_cooling_devices_say_how_far_they_throttle() -> None:
    found = parse_thermalservice(STORED)
    assert isinstance(found.cooling, tuple)
    assert [(c.name, c.state) for c in found.cooling] == [("thermal-cpufreq-0", 3), ("fan", 0)]


def test_a_status_that_was_overridden_is_none() -> None:
    found = parse_thermalservice(STORED.replace(b"Override: false", b"Override: true"))
    assert found.overridden is True
    assert code(found.status) == "faked"


def test_a_hal_that_is_not_ready_has_no_sensors() -> None:
    found = parse_thermalservice(STORED.replace(b"HAL Ready: true", b"HAL Ready: false"))
    assert code(found.sensors) == code(found.hottest_c) == code(found.cooling) == "not-ready"
    assert found.status == 1


def test_a_cached_block_alone_is_no_temperature() -> None:
    cut = STORED.partition(b"HAL Ready")[0]
    assert code(parse_thermalservice(cut).hottest_c) == "not-stated"


@given(st.binary(max_size=400) | st.integers(0, len(STORED)).map(lambda n: STORED[n:]))
def test_any_bytes_give_a_thermal_state(raw: bytes) -> None:
    assert isinstance(parse_thermalservice(raw), Thermal)


def test_zones_of_the_kernel_go_by_type_and_a_zero_is_a_missing_sensor() -> None:
    zones = {
        "thermal_zone0": {"type": "x86_pkg_temp", "temp": "47000"},
        "thermal_zone1": {"type": "cpu-1-0", "temp": "-5700000"},
        "thermal_zone2": {"type": "gone", "temp": "0"},
    }
    devices = {
        "cooling_device0": {"type": "Processor", "cur_state": "2", "stats/total_trans": "9"}
    }
    found = thermal_of_class(zones, devices)
    assert isinstance(found.sensors, tuple)
    assert isinstance(found.cooling, tuple)
    kinds = [s.kind for s in found.sensors]
    assert kinds == ["x86_pkg_temp", "cpu-1-0", "gone"]
    assert [code(s.temperature_c) for s in found.sensors[1:]] == ["out-of-range"] * 2
    assert found.hottest_c == 47.0
    assert (found.cooling[0].state, found.cooling[0].transitions) == (2, 9)


def test_a_machine_without_sensors_says_so() -> None:
    found = thermal_of_class({}, {})
    assert code(found.hottest_c) == code(found.cooling) == "not-there"
