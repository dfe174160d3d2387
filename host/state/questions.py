"""Which questions a snapshot asks, per system."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, get_args

from host.state.description import Description
from host.state.sections import Section, asks, reads

Part = Literal["battery", "thermal", "screen", "doze", "policies", "load"]
PARTS: frozenset[Part] = frozenset(get_args(Part))

_SUPPLY = (
    "type",
    "scope",
    "status",
    "online",
    "present",
    "capacity",
    "temp",
    "voltage_now",
    "current_now",
    "charge_counter",
)
_POLICY = (
    "scaling_governor",
    "scaling_min_freq",
    "scaling_max_freq",
    "cpuinfo_max_freq",
    "scaling_available_governors",
)


def sections_for(
    description: Description, parts: Collection[Part] | None = None, *, busy_over_s: int = 0
) -> tuple[Section, ...]:
    """Sections in the order they are asked: CPU time first, before we use any ourselves."""
    wanted = PARTS if parts is None else frozenset(parts)
    found = [*_always(description)]
    if "load" in wanted:
        found += _load(description, busy_over_s)
    if description.system == "android":
        found += [s for part, s in _android() if part in wanted]
    found += [s for part, s in _kernel(description) if part in wanted]
    return tuple(found)


def _always(description: Description) -> Iterator[Section]:
    proc = description.proc
    yield Section("boot_id", asks(["cat", f"{proc}/sys/kernel/random/boot_id"]))
    yield Section("uptime", asks(["cat", f"{proc}/uptime"]))


def _load(description: Description, busy_over_s: int) -> Iterator[Section]:
    proc, sys = description.proc, description.sys
    stat = asks(["head", "-n", "1", f"{proc}/stat"])
    yield Section("loadavg", asks(["cat", f"{proc}/loadavg"]))
    yield Section("stat", stat)
    if busy_over_s:
        yield Section("stat_later", f"sleep {busy_over_s}; {stat}")
    cores = f"{sys}/devices/system/cpu"
    yield Section("cores", reads(cores, "cpu[0-9]*", ["thermal_throttle/core_throttle_count"]))


def _android() -> Iterator[tuple[Part, Section]]:
    yield "battery", Section("battery", asks(["dumpsys", "battery"]))
    yield "thermal", Section("thermal", asks(["dumpsys", "thermalservice"]))
    yield "screen", Section("power", asks(["dumpsys", "power"]))
    yield "doze", Section("deviceidle", asks(["dumpsys", "deviceidle"]))
    for name, space, key in (
        ("brightness", "system", "screen_brightness"),
        ("brightness_mode", "system", "screen_brightness_mode"),
        ("airplane", "global", "airplane_mode_on"),
        ("low_power", "global", "low_power"),
    ):
        yield "screen", Section(name, asks(["settings", "get", space, key]))


def _kernel(description: Description) -> Iterator[tuple[Part, Section]]:
    sys = description.sys
    thermal, cpufreq = f"{sys}/class/thermal", f"{sys}/devices/system/cpu/cpufreq"
    cooling = ("type", "cur_state", "stats/total_trans")
    yield "battery", Section("supplies", reads(f"{sys}/class/power_supply", "*", _SUPPLY))
    yield "thermal", Section("zones", reads(thermal, "thermal_zone*", ("type", "temp")))
    yield "thermal", Section("cooling", reads(thermal, "cooling_device*", cooling))
    yield "policies", Section("policies", reads(cpufreq, "policy*", _POLICY))
