"""Batteries and chargers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.device.power_supply import STATUS_CODES, open_power_supply, status_code
from collectors.reading import Kind, Missing, Unit
from tests.fakes.machine import BATTERY, machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_a_battery_gives_its_own_units_and_its_sign(tmp_path: Path) -> None:
    collector = collector_of(open_power_supply(machine(tmp_path)))
    assert read_values(collector) == {
        "power_supply.battery.voltage": 3900000,
        "power_supply.battery.current": -850000,
        "power_supply.battery.charge": 2500000,
        "power_supply.battery.energy": 9700000,
        "power_supply.battery.capacity": 81,
        "power_supply.battery.temperature": 312,
        "power_supply.battery.status": 3,
    }
    units = {name.rpartition(".")[2]: c.unit for name, c in channels_of(collector).items()}
    assert units == {
        "voltage": Unit.MICROVOLT,
        "current": Unit.MICROAMPERE,
        "charge": Unit.MICROAMPEREHOUR,
        "energy": Unit.MICROWATTHOUR,
        "capacity": Unit.PERCENT,
        "temperature": Unit.DECICELSIUS,
        "status": Unit.ONE,
    }
    assert collector.max_hz == 4.0
    collector.close()


def test_a_fuel_gauge_is_evidence_of_tier_c_and_its_state_is_none(tmp_path: Path) -> None:
    collector = collector_of(open_power_supply(machine(tmp_path)))
    tiers = {name.rpartition(".")[2]: c.tier for name, c in channels_of(collector).items()}
    assert {word for word, tier in tiers.items() if tier == "C"} == {
        "voltage",
        "current",
        "charge",
        "energy",
    }
    assert set(tiers.values()) == {"C", ""}
    assert channels_of(collector)["power_supply.battery.status"].kind is Kind.STATE
    assert "in mA exist" in channels_of(collector)["power_supply.battery.current"].note
    collector.close()


@pytest.mark.parametrize(("word", "code"), list(STATUS_CODES.items()))
def test_each_word_of_the_kernel_has_its_code(word: str, code: int) -> None:
    assert status_code(f"{word}\n".encode()) == code


@pytest.mark.parametrize("data", [b"charging\n", b"", b"3\n", b"\xff"])
def test_another_word_is_missing_and_not_unknown(data: bytes) -> None:
    found = status_code(data)
    assert isinstance(found, Missing)
    assert found.reason.startswith("not-a-status: ")


def test_a_charger_says_whether_it_is_plugged_in(tmp_path: Path) -> None:
    files = {
        "sys/class/power_supply/USB 1/type": "USB\n",
        "sys/class/power_supply/USB 1/online": "0\n",
    }
    collector = collector_of(open_power_supply(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {"power_supply.usb-1.online": 0}
    assert collector.describe()[0].note.startswith("type USB;")
    collector.close()


def test_a_gauge_that_may_not_be_read_is_absent_and_not_missing_hardware(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    path = tmp_path / BATTERY / "current_now"
    path.unlink()
    path.symlink_to(path)  # there, and cannot be opened, also not by root
    opened = open_power_supply(scope)
    assert [(a.source, a.reason) for a in opened.absent] == [(str(path), "not-readable: ELOOP")]
    collector_of(opened).close()


def test_a_supply_named_in_bytes_that_are_no_text_still_has_a_name_and_a_source(
    tmp_path: Path,
) -> None:
    folder = os.fsencode(tmp_path / "sys/class/power_supply") + b"/\xff1"
    tree(Path(os.fsdecode(folder)), {"online": "1\n"})
    collector = collector_of(open_power_supply(scope_of(tmp_path)))
    assert read_values(collector) == {"power_supply.1.online": 1}
    assert collector.describe()[0].source.encode().endswith(b"1/online")
    collector.close()


def test_a_machine_without_battery_says_so(tmp_path: Path) -> None:
    opened = open_power_supply(scope_of(tmp_path))
    assert opened.collector is None
    assert opened.absent[0].reason == "not-present: no battery or charger"
