"""Thermal zones, cooling devices and throttle counters of the CPU.

Sources: kernel, Documentation/driver-api/thermal/sysfs-api.rst, and
Documentation/ABI/testing/sysfs-devices-system-cpu (thermal_throttle).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from collectors.device.part import Wanted, not_present, open_wanted, present, value_part
from collectors.device.text import integer, numbered, short_integer, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

ZONE_KIND, COOLING_KIND, THROTTLE_KIND = "thermal", "cooling", "cpu_throttle"
# Temperatures of chips move over seconds, and a phone has dozens of zones behind slow buses.
ZONE_HZ = 2.0
COUNTER_HZ = 1.0
# Ambient range of AEC-Q100 grade 0, the widest that chips are sold for, and 25 K of self-heating.
_COLDEST_MCEL, _HOTTEST_MCEL = -40_000, 175_000
# What drivers are known to give for a sensor that is not fitted or not powered.
_SENTINELS_MCEL = frozenset({0, -5700})
_FIX = "none: virtual machines and some boards have no such sensor"


def millicelsius(data: bytes) -> Value:
    """A temperature in m degC; what no fitted sensor can read is missing, not a number."""
    value = integer(data)
    if isinstance(value, Missing):
        return value
    if value in _SENTINELS_MCEL or not _COLDEST_MCEL <= value <= _HOTTEST_MCEL:
        return Missing(f"absent-sensor: reads {value} mCel")
    return value


def open_zones(scope: Scope) -> Opened:
    """Temperature of each zone, named by its type, for zone numbers differ between builds."""
    folder = scope.sys / "class/thermal"
    zones = numbered(folder, "thermal_zone")
    if not zones:
        return not_present(ZONE_KIND, folder, "no thermal zone", _FIX)
    names = unique(slug(short_text(zone / "type") or zone.name) for zone in zones)
    wanted = [_zone(zone, name) for zone, name in zip(zones, names, strict=True)]
    return open_wanted(ZONE_KIND, wanted, scope, _FIX, ZONE_HZ)


def _zone(zone: Path, name: str) -> Wanted:
    path = zone / "temp"
    channel = Channel(
        f"thermal.{name}.temperature",
        Unit.MILLICELSIUS,
        Kind.INSTANT,
        Quantity.TEMPERATURE,
        str(path),
        note="sysfs-api.rst: m degC; the driver chooses how old it may be",
    )
    return Wanted(path, partial(value_part, path, channel, millicelsius))


def open_cooling(scope: Scope) -> Opened:
    """State of each cooling device: above 0 it slows or cools something down."""
    folder = scope.sys / "class/thermal"
    devices = numbered(folder, "cooling_device")
    if not devices:
        return not_present(COOLING_KIND, folder, "no cooling device", _FIX)
    names = unique(slug(short_text(device / "type") or device.name) for device in devices)
    wanted = [_cooling(device, name) for device, name in zip(devices, names, strict=True)]
    return open_wanted(COOLING_KIND, wanted, scope, _FIX, ZONE_HZ)


def _cooling(device: Path, name: str) -> Wanted:
    path = device / "cur_state"
    most = short_integer(device / "max_state")
    channel = Channel(
        f"cooling.{name}.state",
        Unit.ONE,
        Kind.STATE,
        Quantity.THROTTLE,
        str(path),
        note=f"sysfs-api.rst: 0 is no cooling, {'unknown' if most is None else most} is the most",
    )
    return Wanted(path, partial(value_part, path, channel, integer))


def open_throttle(scope: Scope) -> Opened:
    """How often each core, and each package, was slowed down for heat (x86 by Intel only)."""
    folder = scope.sys / "devices/system/cpu"
    wanted: list[Wanted] = []
    packages: set[int] = set()
    for cpu in numbered(folder, "cpu"):
        if not present(cpu / "thermal_throttle"):
            continue
        wanted.append(_counter(cpu, f"core{cpu.name[3:]}", "core_throttle_count"))
        package = short_integer(cpu / "topology/physical_package_id") or 0
        if package not in packages:
            packages.add(package)
            wanted.append(_counter(cpu, f"package{package}", "package_throttle_count"))
    if not wanted:
        return not_present(THROTTLE_KIND, folder, "no thermal_throttle counters", _FIX)
    return open_wanted(THROTTLE_KIND, wanted, scope, _FIX, COUNTER_HZ)


def _counter(cpu: Path, name: str, file: str) -> Wanted:
    path = cpu / "thermal_throttle" / file
    channel = Channel(
        f"cpu_throttle.{name}.count",
        Unit.COUNT,
        Kind.COUNTER,
        Quantity.THROTTLE,
        str(path),
        resolution=1.0,
        note="sysfs-devices-system-cpu: events since boot; how long each one lasted is not in it",
    )
    return Wanted(path, partial(value_part, path, channel, integer))
