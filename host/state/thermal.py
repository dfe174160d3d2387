"""Thermal state: `dumpsys thermalservice`, and the kernel's thermal class.

Only what comes from the HAL counts: the cached block above it can be far off (37 against 66.5
degC was seen), and `cmd thermalservice override-status` fakes the status. The kernel's class:
Documentation/driver-api/thermal/sysfs-api.rst; m degC, numbers differ per build, so sensors go by
their type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors.device.dumps import hal_coolings, hal_temperatures, thermal_heads
from host.state.missing import Keys, Missing, per, real, shown, text_of, truth, whole

STATUS_NAMES = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
# Sensors that are missing read 0 or a negative sentinel such as -5.7 or -5700 degC; nothing that
# runs a language model is hotter than 150.
COLDEST_C, HOTTEST_C = -40.0, 150.0
_NOT_ASKED = Missing("not-asked")

_TYPES = {0: "cpu", 1: "gpu", 2: "battery", 3: "skin", 4: "usb_port", 5: "power_amplifier"} | {
    6: "bcl_voltage",
    7: "bcl_current",
    8: "bcl_percentage",
    9: "npu",
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """One temperature. kind: the HAL's type in words, or the type of a thermal zone."""

    name: str
    kind: str
    temperature_c: float | Missing


@dataclass(frozen=True, slots=True)
class Cooling:
    """One cooling device: how far it throttles now, and how often it changed (None: no count)."""

    name: str
    state: int | Missing
    transitions: int | Missing = _NOT_ASKED


@dataclass(frozen=True, slots=True)
class Thermal:
    """status: 0 none to 6 shutdown, as Android has it. overridden: the status is faked."""

    status: int | Missing = _NOT_ASKED
    overridden: bool | Missing = _NOT_ASKED
    sensors: tuple[Sensor, ...] | Missing = _NOT_ASKED
    cooling: tuple[Cooling, ...] | Missing = _NOT_ASKED

    @property
    def hottest_c(self) -> float | Missing:
        """The hottest sensor that can be read, in degrees Celsius."""
        if isinstance(self.sensors, Missing):
            return self.sensors
        found = [s.temperature_c for s in self.sensors if not isinstance(s.temperature_c, Missing)]
        return max(found) if found else Missing("not-there", "no temperature can be read")


def parse_thermalservice(raw: bytes) -> Thermal:
    """`dumpsys thermalservice`: the status, and the blocks `from HAL`. Never raises."""
    lines = text_of(raw).split("\n")
    heads = thermal_heads(lines)
    overridden = _truth_of(heads, "IsStatusOverride")
    why = _no_hal(heads)
    return Thermal(
        status=_status(heads, overridden=overridden),
        overridden=overridden,
        sensors=why or tuple(_sensors(lines)),
        cooling=why or tuple(_coolings(lines)),
    )


def _truth_of(heads: Mapping[str, str], key: str) -> bool | Missing:
    return truth(heads[key]) if key in heads else Missing("not-stated", key)


def _no_hal(heads: Mapping[str, str]) -> Missing | None:
    ready = _truth_of(heads, "HAL Ready")
    if isinstance(ready, Missing):
        return ready
    return None if ready else Missing("not-ready", "thermal HAL")


def _status(heads: Mapping[str, str], *, overridden: bool | Missing) -> int | Missing:
    if "Thermal Status" not in heads:
        return Missing("not-stated", "Thermal Status")
    said = heads["Thermal Status"]
    if overridden is True:
        return Missing("faked", shown(f"status override; it says {said}"))
    return whole(said, 0, len(STATUS_NAMES) - 1)


def _sensors(lines: list[str]) -> Iterator[Sensor]:
    for value, type_, name, _ in hal_temperatures(lines):
        kind = whole(type_, 0, 1000)
        words = "unknown" if isinstance(kind, Missing) else _TYPES.get(kind, f"type_{kind}")
        yield Sensor(shown(name), words, real(value, COLDEST_C, HOTTEST_C))


def _coolings(lines: list[str]) -> Iterator[Cooling]:
    for value, name in hal_coolings(lines):
        yield Cooling(shown(name), whole(value, 0, 10**9), Missing("not-stated"))


def thermal_of_class(
    zones: Mapping[str, Mapping[str, str]], devices: Mapping[str, Mapping[str, str]]
) -> Thermal:
    """Zones and cooling devices of the kernel: name of the folder to its attributes.

    A sensor that reads exactly 0 is taken for one that is missing, as the notes above say.
    """
    sensors = tuple(
        Sensor(shown(name), shown(zones[name].get("type", "")), _milli(Keys(zones[name])))
        for name in sorted(zones)
    )
    cooling = tuple(
        Cooling(
            f"{shown(name)}:{shown(devices[name].get('type', ''))}",
            Keys(devices[name]).whole("cur_state", 0, 10**9),
            Keys(devices[name]).whole("stats/total_trans", 0, 10**15),
        )
        for name in sorted(devices)
    )
    return Thermal(
        status=Missing("not-there", "the kernel has no thermal status"),
        overridden=False,
        sensors=sensors or Missing("not-there", "no thermal zone"),
        cooling=cooling or Missing("not-there", "no cooling device"),
    )


def _milli(keys: Keys) -> float | Missing:
    value = keys.whole("temp", -(10**9), 10**9)
    if value == 0:
        return Missing("out-of-range", "0: a sensor that is missing reads so")
    found = per(value, 1000)
    if isinstance(found, Missing) or COLDEST_C <= found <= HOTTEST_C:
        return found
    return Missing("out-of-range", str(value))
