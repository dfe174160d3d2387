"""Thermal zones, cooling devices, throttle counters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.thermal import millicelsius, open_cooling, open_throttle, open_zones
from collectors.reading import Kind, Missing, Quantity, Unit
from collectors.table import Opener
from tests.fakes.machine import CPU, THERMAL, machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_zones_are_named_by_type_and_an_absent_sensor_is_a_gap(tmp_path: Path) -> None:
    collector = collector_of(open_zones(machine(tmp_path)))
    assert read_values(collector) == {
        "thermal.x86_pkg_temp.temperature": 47000,
        "thermal.cpu-1-0-usr.temperature": "absent-sensor: reads -5700 mCel",
    }
    channel = channels_of(collector)["thermal.x86_pkg_temp.temperature"]
    assert (channel.unit, channel.quantity) == (Unit.MILLICELSIUS, Quantity.TEMPERATURE)
    collector.close()


@pytest.mark.parametrize("value", [0, -5700, -274000, -40001, 175001, 2147483647, 255000])
def test_what_no_fitted_sensor_reads_is_an_absent_sensor(value: int) -> None:
    assert millicelsius(b"%d\n" % value) == Missing(f"absent-sensor: reads {value} mCel")


@given(st.integers(-40_000, 175_000).filter(lambda v: v not in {0, -5700}))
def test_what_a_chip_can_have_is_a_temperature(value: int) -> None:
    assert millicelsius(b"%d\n" % value) == value


def test_a_temperature_that_is_no_number_stays_not_a_number() -> None:
    assert millicelsius(b"hot\n") == Missing("not-a-number: 'hot\\n'")


def test_zones_of_one_type_are_numbered_in_the_order_of_their_zones(tmp_path: Path) -> None:
    files = {f"{THERMAL}/thermal_zone{n}/type": "acpitz\n" for n in (2, 10, 0)} | {
        f"{THERMAL}/thermal_zone{n}/temp": f"{n}1000\n" for n in (2, 10, 0)
    }
    collector = collector_of(open_zones(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {
        "thermal.acpitz.temperature": 1000,
        "thermal.acpitz-2.temperature": 21000,
        "thermal.acpitz-3.temperature": 101000,
    }
    collector.close()


def test_a_zone_without_a_type_goes_by_its_number(tmp_path: Path) -> None:
    files = {f"{THERMAL}/thermal_zone7/temp": "30000\n"}
    collector = collector_of(open_zones(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {"thermal.thermal_zone7.temperature": 30000}
    collector.close()


def test_a_zone_without_a_temperature_is_absent_beside_the_others(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    (tmp_path / THERMAL / "thermal_zone0/temp").unlink()
    opened = open_zones(scope)
    assert [a.source for a in opened.absent] == [str(tmp_path / THERMAL / "thermal_zone0/temp")]
    collector = collector_of(opened)
    assert list(channels_of(collector)) == ["thermal.cpu-1-0-usr.temperature"]
    collector.close()


def test_cooling_devices_give_their_state_and_name_the_most(tmp_path: Path) -> None:
    collector = collector_of(open_cooling(machine(tmp_path)))
    assert read_values(collector) == {"cooling.processor.state": 2}
    (channel,) = collector.describe()
    assert (channel.kind, channel.quantity) == (Kind.STATE, Quantity.THROTTLE)
    assert "10 is the most" in channel.note
    collector.close()


def test_a_package_counts_its_throttling_once_and_each_core_its_own(tmp_path: Path) -> None:
    collector = collector_of(open_throttle(machine(tmp_path)))
    assert read_values(collector) == {
        "cpu_throttle.core0.count": 3,
        "cpu_throttle.package0.count": 8,
        "cpu_throttle.core1.count": 4,
    }
    assert {c.kind for c in collector.describe()} == {Kind.COUNTER}
    collector.close()


def test_a_second_package_counts_for_itself(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    tree(tmp_path, {f"{CPU}/cpu1/topology/physical_package_id": "1\n"})
    collector = collector_of(open_throttle(scope))
    assert read_values(collector)["cpu_throttle.package1.count"] == 8
    collector.close()


@pytest.mark.parametrize("opener", [open_zones, open_cooling, open_throttle])
def test_a_machine_without_them_says_so(opener: Opener, tmp_path: Path) -> None:
    opened = opener(scope_of(tmp_path))
    assert opened.collector is None
    (absent,) = opened.absent
    assert absent.reason.startswith("not-present: no ")
    assert absent.source.startswith(str(tmp_path))
