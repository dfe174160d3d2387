"""The texts of Android's `dumpsys` and `lshal`, taken apart; host and device read them by this.

`dumpsys battery` (BatteryService.dump): a header, an optional note in brackets, `key: value`
lines. Makers append logs that repeat the keys: the block ends at a blank line or where the indent
changes. `dumpsys thermalservice` (ThermalManagerService.dump): only what stands below `from HAL`
counts, for the cached block above can be far off. Power stats (PowerStats.cpp of the HAL 2.0, and
HAL 1.0, AOSP): one row a rail between two banners. Everything is bounded, and nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

BATTERY_HEADER = "Current Battery Service state:"
MOST_SENSORS = 256
MOST_RAILS = 256
_LINE = re.compile(r"( *)([A-Za-z][A-Za-z ]{0,40}?): *(.*)")
_MOST_LINES = 100
_MOST_CHARS = 240
_TEMPERATURE = re.compile(
    r"\s*Temperature\{mValue=([^,{}]{1,40}), mType=([^,{}]{1,20}), "
    r"mName=([^,{}]{0,100}), mStatus=([^,{}]{1,20})\}\s*"
)
_COOLING = re.compile(
    r"\s*CoolingDevice\{mValue=([^,{}]{1,40}), mType=([^,{}]{1,20}), mName=([^,{}]{0,100})\}\s*"
)
_METER = re.compile(r"=+ PowerStats HAL (?:2\.0 energy meter|1\.0 rail energy data) =+")
_METER_END = re.compile(r"=+ End of PowerStats HAL .{1,60} =+")
# HAL 2.0 `[RAIL]:Subsystem  12.34 mWs`, also with `(delta)`; HAL 1.0 `Subsystem  RAIL  12.34 mWs`.
_RAIL_2 = re.compile(
    r"\s*\[([^\]]{1,64})\](?::(.{0,64}?))?\s+([0-9]{1,18}\.[0-9]{2}) mWs\b.{0,40}"
)
_RAIL_1 = re.compile(r"\s*(\S.{0,40}?)\s+(\S{1,64})\s+([0-9]{1,18}\.[0-9]{2}) mWs\b.{0,40}")


def battery_block(text: str) -> tuple[dict[str, str], bool]:
    """Key to value of the first block, the first of each key; and whether updates are stopped."""
    _, header, rest = text.partition(BATTERY_HEADER)
    if not header:
        return {}, False
    found: dict[str, str] = {}
    faked, indent = False, ""
    for line in rest.removeprefix("\n").split("\n")[:_MOST_LINES]:
        faked = faked or "UPDATES STOPPED" in line
        if line.lstrip().startswith("("):
            continue
        match = _LINE.fullmatch(line)
        if match is None or (found and match[1] != indent):
            break
        indent = match[1]
        found.setdefault(match[2], match[3].strip())
    return found, faked


def thermal_heads(lines: Sequence[str]) -> dict[str, str]:
    """Lines without indent, `key: value`; the first of each key."""
    found: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace():
            found.setdefault(key.strip(), value.strip())
    return found


def _block(lines: Sequence[str], title: str) -> Iterator[str]:
    """Indented lines below a title, up to the next line without indent."""
    inside = False
    for line in lines:
        if not line[:1].isspace():
            inside = line.strip() == title
        elif inside:
            yield line


def hal_temperatures(lines: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """Value (degC), type, name and status of each sensor, as texts."""
    for count, line in enumerate(_block(lines, "Current temperatures from HAL:")):
        match = _TEMPERATURE.fullmatch(line)
        if match is not None and count < MOST_SENSORS:
            yield match[1], match[2], match[3], match[4]


def hal_coolings(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Value and name of each cooling device, as texts."""
    for count, line in enumerate(_block(lines, "Current cooling devices from HAL:")):
        match = _COOLING.fullmatch(line)
        if match is not None and count < MOST_SENSORS:
            yield match[1], match[3]


def rail_energies(text: str) -> Mapping[str, tuple[str, str]]:
    """Rail -> subsystem and energy since boot in mWs, of the energy meter's section alone.

    The first of each rail. Consumers, which follow it, are a model on top of the rails.
    """
    found: dict[str, tuple[str, str]] = {}
    inside = False
    for line in text.split("\n"):
        if _METER.fullmatch(line.strip()):
            inside = True
        elif inside and _METER_END.fullmatch(line.strip()):
            break
        elif inside and len(found) < MOST_RAILS:
            rail = _rail(line)
            if rail is not None:
                found.setdefault(rail[0], rail[1:])
    return found


def _rail(line: str) -> tuple[str, str, str] | None:
    """Rail, subsystem, energy of a row; of a delta's row the total, not what is in brackets."""
    if len(line) > _MOST_CHARS:  # no row is; patterns take their time over long ones
        return None
    new = _RAIL_2.fullmatch(line)
    if new is not None:
        return new[1], (new[2] or "").strip(), new[3]
    old = _RAIL_1.fullmatch(line)
    return (old[2], old[1], old[3]) if old is not None else None
