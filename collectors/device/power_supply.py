"""Batteries and chargers of the kernel's power_supply class.

Units by the kernel (Documentation/ABI/testing/sysfs-class-power): V uV, I uA, charge uAh,
energy uWh, power uW, temperature 0.1 degC. A fuel gauge is evidence of tier C: its accuracy is
stated nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from collectors.device.part import Wanted, not_present, open_wanted, present, shown, value_part
from collectors.device.text import integer, printable, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "power_supply"
# Fuel gauges bring their registers up to date 0.28 to 4 times a second.
GAUGE_HZ = 4.0
_FIX = "none without a battery; on Android 12 and later use `dumpsys battery`, or a rooted device"
_CURRENT = (
    "sysfs-class-power: negative is discharging, but drivers with the other sign, with no sign "
    "and in mA exist: check both under load with the charger off"
)
_STALE = "the register changes 0.28 to 4 times a second, reads between repeat it"
# Codes of Android's BatteryManager for the kernel's words.
STATUS_CODES = {"Unknown": 1, "Charging": 2, "Discharging": 3, "Not charging": 4, "Full": 5}


def status_code(data: bytes) -> Value:
    """The word in `status` as the number that Android's BatteryManager has for it."""
    word = data.strip().decode("ascii", errors="replace")
    return STATUS_CODES.get(word, Missing(f"not-a-status: {printable(data)}"))


@dataclass(frozen=True, slots=True)
class _Attribute:
    """A file of a supply: last word of the name, unit, quantity, kind, tier, trap, parser."""

    file: str
    word: str
    unit: Unit
    quantity: Quantity
    kind: Kind = Kind.INSTANT
    tier: str = ""
    note: str = _STALE
    parse: Callable[[bytes], Value] = integer


_ATTRIBUTES = (
    _Attribute("voltage_now", "voltage", Unit.MICROVOLT, Quantity.VOLTAGE, tier="C"),
    _Attribute(
        "current_now", "current", Unit.MICROAMPERE, Quantity.CURRENT, tier="C", note=_CURRENT
    ),
    _Attribute("power_now", "power", Unit.MICROWATT, Quantity.POWER, tier="C"),
    _Attribute("charge_counter", "charge", Unit.MICROAMPEREHOUR, Quantity.CHARGE, tier="C"),
    _Attribute("charge_now", "charge_now", Unit.MICROAMPEREHOUR, Quantity.CHARGE, tier="C"),
    _Attribute("energy_now", "energy", Unit.MICROWATTHOUR, Quantity.ENERGY, tier="C"),
    _Attribute("capacity", "capacity", Unit.PERCENT, Quantity.CHARGE, note="whole per cent"),
    _Attribute("temp", "temperature", Unit.DECICELSIUS, Quantity.TEMPERATURE),
    _Attribute(
        "status",
        "status",
        Unit.ONE,
        Quantity.STATE,
        Kind.STATE,
        note="1 unknown, 2 charging, 3 discharging, 4 not charging, 5 full",
        parse=status_code,
    ),
    _Attribute(
        "online", "online", Unit.ONE, Quantity.STATE, Kind.STATE, note="0 is no supply plugged in"
    ),
)


def open_power_supply(scope: Scope) -> Opened:
    """What each battery and charger gives of the attributes above."""
    folder = scope.sys / "class/power_supply"
    supplies = _supplies(folder)
    names = unique(slug(supply.name) for supply in supplies)
    wanted = [
        _wanted(supply, name, attribute)
        for supply, name in zip(supplies, names, strict=True)
        for attribute in _ATTRIBUTES
        if present(supply / attribute.file)
    ]
    if not wanted:
        return not_present(KIND, folder, "no battery or charger", _FIX)
    return open_wanted(KIND, wanted, scope, _FIX, GAUGE_HZ)


def _supplies(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _wanted(supply: Path, name: str, attribute: _Attribute) -> Wanted:
    path = supply / attribute.file
    channel = Channel(
        f"power_supply.{name}.{attribute.word}",
        attribute.unit,
        attribute.kind,
        attribute.quantity,
        shown(path),
        tier=attribute.tier,
        note=f"type {short_text(supply / 'type') or 'not stated'}; {attribute.note}",
    )
    return Wanted(path, partial(value_part, path, channel, attribute.parse))
