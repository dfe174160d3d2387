"""Sensors of the kernel's hwmon class.

Units are fixed by the kernel (Documentation/hwmon/sysfs-interface.rst): power uW, energy uJ,
temp m degC, curr mA, in mV. Numbers of hwmon folders change between boots, so a channel is named
by chip and label. Three kinds, for they are wanted at different rates: power and energy,
temperatures, and voltages with currents. INA3221 chips have their own file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from collectors.device.part import Wanted, not_present, open_wanted, shown, value_part
from collectors.device.text import integer, numbered, short_integer, short_text, slug, unique
from collectors.device.thermal import millicelsius
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Quantity, Unit, Value

POWER_KIND, TEMPERATURE_KIND, RAIL_KIND = "hwmon_power", "hwmon_temperature", "hwmon_rails"
SLOW_HZ = 1.0
INA3221 = "ina3221"
_ATTRIBUTE = re.compile(r"(power|energy|temp|in|curr)([0-9]{1,4})_(input|average)\Z")
_FIX = "none: load the driver of the board's sensors, if it has any (sensors-detect finds them)"
_STALE = "sysfs-interface.rst; some drivers repeat a value until their update interval has passed"
_WRAP = "where it wraps depends on the driver"
# The counter of the driver itself has 64 bits and never wraps in a life.
_INTEL = (
    "sysfs-driver-intel-{0}-hwmon: a 32-bit register that the driver adds up when it is read, so "
    "a second wrap between two reads is lost: some minutes at full power"
)
_WRAPS = {"i915": _INTEL.format("i915"), "xe": _INTEL.format("xe")}


@dataclass(frozen=True, slots=True)
class _Type:
    """What a kind of attribute gives: last word of the name, unit, quantity, kind, tier."""

    word: str
    unit: Unit
    quantity: Quantity
    kind: Kind = Kind.INSTANT
    tier: str = ""
    parse: Callable[[bytes], Value] = integer


_TYPES = {
    "power_input": _Type("power", Unit.MICROWATT, Quantity.POWER, tier="B"),
    "power_average": _Type(
        "power_average", Unit.MICROWATT, Quantity.POWER, Kind.AVERAGE, tier="B"
    ),
    "energy_input": _Type("energy", Unit.MICROJOULE, Quantity.ENERGY, Kind.COUNTER, tier="B"),
    "temp_input": _Type(
        "temperature", Unit.MILLICELSIUS, Quantity.TEMPERATURE, parse=millicelsius
    ),
    "in_input": _Type("voltage", Unit.MILLIVOLT, Quantity.VOLTAGE),
    "curr_input": _Type("current", Unit.MILLIAMPERE, Quantity.CURRENT),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One hwmon folder, the name of its driver and where in the machine it sits."""

    folder: Path
    name: str
    device: str


def chips(scope: Scope) -> list[Chip]:
    """All chips, sorted by name and place and not by number, duplicates made unique."""
    found = [
        (
            slug(short_text(folder / "name") or "unnamed"),
            shown(Path(os.path.realpath(folder / "device"))),
            folder,
        )
        for folder in numbered(scope.sys / "class/hwmon", "hwmon")
    ]
    found.sort()
    names = unique(name for name, _, _ in found)
    return [Chip(f, name, device) for name, (_, device, f) in zip(names, found, strict=True)]


def open_power(scope: Scope) -> Opened:
    """Power and energy sensors."""
    return _open(POWER_KIND, scope, ("power", "energy"), None)


def open_temperature(scope: Scope) -> Opened:
    """Temperature sensors; disks and i2c chips take up to milliseconds each."""
    return _open(TEMPERATURE_KIND, scope, ("temp",), SLOW_HZ)


def open_rails(scope: Scope) -> Opened:
    """Voltages and currents."""
    return _open(RAIL_KIND, scope, ("in", "curr"), SLOW_HZ)


def _open(kind: str, scope: Scope, types: Sequence[str], max_hz: float | None) -> Opened:
    found = [
        (chip, *attribute)
        for chip in chips(scope)
        if not chip.name.startswith(INA3221)
        for attribute in _attributes(chip, types)
    ]
    if not found:
        what = f"no {' or '.join(types)} sensor"
        return not_present(kind, scope.sys / "class/hwmon", what, _FIX)
    names = _names([(chip, stem, _TYPES[what].word) for chip, _, stem, what in found])
    wanted = [
        _wanted(chip, path, name, stem, _TYPES[what])
        for name, (chip, path, stem, what) in zip(names, found, strict=True)
    ]
    return open_wanted(kind, wanted, scope, _FIX, max_hz)


def _attributes(chip: Chip, types: Sequence[str]) -> list[tuple[Path, str, str]]:
    """Path, stem (`power1`) and type (`power_input`) of each sensor, in a fixed order."""
    try:
        entries = list(chip.folder.iterdir())
    except OSError:
        return []
    matches = [(_ATTRIBUTE.match(entry.name), entry) for entry in entries]
    rows = [
        ((m[1], int(m[2]), m[3]), entry, m[1] + m[2], f"{m[1]}_{m[3]}")
        for m, entry in matches
        if m and m[1] in types and f"{m[1]}_{m[3]}" in _TYPES
    ]
    return [row[1:] for row in sorted(rows)]


def _names(sensors: Sequence[tuple[Chip, str, str]]) -> list[str]:
    """Channel names from chip, stem and last word; two of one label in a chip get numbers."""
    rows = [
        f"{word} hwmon.{chip.name}.{slug(short_text(chip.folder / f'{stem}_label') or stem)}"
        for chip, stem, word in sensors
    ]
    return [".".join(reversed(row.split(" "))) for row in unique(rows)]


def _wanted(chip: Chip, path: Path, name: str, stem: str, type_: _Type) -> Wanted:
    note = f"device {chip.device}; {_STALE}"
    window_ms = short_integer(chip.folder / f"{stem}_average_interval")
    if type_.kind is Kind.AVERAGE:
        note += f"; mean over {'an unstated time' if window_ms is None else f'{window_ms} ms'}"
    if type_.quantity is Quantity.ENERGY:
        note += f"; {_WRAPS.get(chip.name.partition('-')[0], _WRAP)}"
    channel = Channel(
        name,
        type_.unit,
        type_.kind,
        type_.quantity,
        str(path),
        tier=type_.tier,
        note=note,
        refresh_s=refresh_s(chip.folder),
    )
    return Wanted(path, partial(value_part, path, channel, type_.parse))


def refresh_s(folder: Path) -> float | None:
    """How often the chip has new readings, s; None where its driver does not say.

    Source: kernel, Documentation/hwmon/sysfs-interface.rst, update_interval, in ms.
    """
    interval_ms = short_integer(folder / "update_interval")
    return interval_ms / 1000 if interval_ms and interval_ms > 0 else None
