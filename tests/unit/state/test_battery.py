from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.state.battery import Battery, battery_of_supplies, parse_dumpsys_battery
from host.state.missing import DENIED, Missing

DATA = Path(__file__).parents[2] / "data" / "dumpsys"
HEADER = b"Current Battery Service state:\n"


def stored(name: str) -> bytes:
    return (DATA / f"battery-{name}.txt").read_bytes()


def code(value: object) -> str:
    assert isinstance(value, Missing)
    return value.code


def test_a_battery_on_a_cable_reads_as_it_was_stated() -> None:
    found = parse_dumpsys_battery(stored("android14"))
    assert (found.present, found.status, found.level_ratio) == (True, "charging", 0.81)
    assert (found.temperature_c, found.voltage_v) == (28.9, 4.123)
    assert (found.charge_uah, found.health, found.plugged) == (3120000, 2, ("usb",))
    assert found.fed is True
    assert not found.faked


def test_a_log_that_a_maker_appends_changes_nothing() -> None:
    found = parse_dumpsys_battery(stored("samsung"))
    assert (found.status, found.level_ratio, found.temperature_c) == ("discharging", 0.4, 33.4)
    assert found.plugged == ()
    assert found.fed is False


def test_the_first_occurrence_of_a_key_counts() -> None:
    found = parse_dumpsys_battery(HEADER + b"  level: 7\n  scale: 10\n  level: 9\n")
    assert found.level_ratio == 0.7


def test_a_faked_battery_tells_nothing_but_that() -> None:
    found = parse_dumpsys_battery(stored("updates-stopped"))
    assert found.faked
    for value in (found.status, found.level_ratio, found.temperature_c, found.plugged):
        assert code(value) == "faked"
    assert "level: 81" in str(found.level_ratio)


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        (b"  status: 77", "status", "not-understood"),
        (b"  status: two", "status", "not-understood"),
        (b"  temperature: -9999", "temperature_c", "out-of-range"),
        (b"  temperature: 99999999999999999999999", "temperature_c", "not-understood"),
        (b"  voltage: 0", "voltage_v", "out-of-range"),
        (b"  present: maybe", "present", "not-understood"),
        (b"  AC powered: \x1b[2J", "plugged", "not-understood"),
        (b"  technology: Li-ion", "level_ratio", "not-stated"),
    ],
)
def test_what_is_no_value_has_its_reason(line: bytes, name: str, reason: str) -> None:
    assert code(getattr(parse_dumpsys_battery(HEADER + line + b"\n"), name)) == reason


def test_a_level_above_its_scale_is_no_level() -> None:
    found = parse_dumpsys_battery(HEADER + b"  level: 101\n  scale: 100\n")
    assert code(found.level_ratio) == "out-of-range"


def test_zero_is_a_value() -> None:
    found = parse_dumpsys_battery(HEADER + b"  level: 0\n  scale: 100\n  temperature: 0\n")
    assert (found.level_ratio, found.temperature_c) == (0.0, 0.0)


@given(st.binary(max_size=400) | st.binary(max_size=300).map(lambda b: HEADER + b"  level: " + b))
def test_any_bytes_give_a_battery(raw: bytes) -> None:
    assert isinstance(parse_dumpsys_battery(raw), Battery)


def test_a_reason_never_holds_control_characters() -> None:
    found = parse_dumpsys_battery(HEADER + "  status: \x1b]0;x\x07\u202e\n".encode())
    assert isinstance(found.status, Missing)
    assert found.status.detail.isprintable()


SUPPLIES = {
    "AC": {"type": "Mains", "online": "0"},
    "hid-mouse": {"type": "Battery", "scope": "Device", "capacity": "3"},
    "BAT0": {
        "type": "Battery",
        "status": "Not charging",
        "present": "1",
        "capacity": "81",
        "temp": "312",
        "voltage_now": "3900000",
        "current_now": "-850000",
        "charge_counter": "2500000",
    },
}


def test_the_kernels_battery_reads_in_its_own_units() -> None:
    found = battery_of_supplies(SUPPLIES)
    assert (found.status, found.level_ratio, found.temperature_c) == ("not_charging", 0.81, 31.2)
    assert (found.voltage_v, found.current_now, found.plugged) == (3.9, -850000, ())
    assert found.source == "power_supply/BAT0"


def test_a_laptop_on_mains_is_fed_even_when_its_battery_does_not_charge() -> None:
    found = battery_of_supplies({**SUPPLIES, "AC": {"type": "Mains", "online": "1"}})
    assert found.plugged == ("AC",)
    assert found.fed is True


def test_a_machine_without_battery_says_so_and_what_feeds_it() -> None:
    found = battery_of_supplies({"AC": {"type": "Mains", "online": "1"}})
    assert code(found.status) == "not-there"
    assert found.plugged == ("AC",)


def test_a_supply_that_cannot_be_read_is_no_supply_that_is_off() -> None:
    found = battery_of_supplies({**SUPPLIES, "AC": {"type": "Mains", "online": DENIED}})
    assert code(found.plugged) == "not-readable"
    assert code(found.fed) == "not-readable"
