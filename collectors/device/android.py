"""What Android's services say of power, battery and heat, through `dumpsys` and `lshal`.

The shell user (adb) and root may ask them; an app, such as Termux, may not (permission DUMP).
Each question starts a process and keeps a service busy, 0.1 to 1 s together (`shared` reference,
sources 5.4): so they are asked seldom, and at the ends of a run in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from collectors.device.asked import Asked, Question, answer_of, program
from collectors.device.dumps import (
    battery_block,
    hal_temperatures,
    rail_energies,
    thermal_heads,
)
from collectors.device.text import decimal, integer, slug, unique
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

POWER_KIND, BATTERY_KIND, THERMAL_KIND = "power_stats", "battery", "thermal_hal"
POWER_HZ = 0.5
# What these two say moves over tens of seconds, and the host asks them before and after as well.
STATE_HZ = 0.1
HAL_2 = ("dumpsys", "android.hardware.power.stats.IPowerStats/default")
HAL_1 = ("lshal", "debug", "android.hardware.power.stats@1.0::IPowerStats/default")
BATTERY = ("dumpsys", "battery")
THERMAL = ("dumpsys", "thermalservice")
_FIX = "none elsewhere: a service of Android"
_RIGHT_FIX = "run the agent through adb or as root: an app such as Termux may not ask"
_OWN_FIX = "none: this Android has no such service or says nothing of a known form"
# android.os.Temperature: throttling status 0 none to 6 shutdown.
_MOST_STATUS = 6
# Nothing that is alive lies outside; sorts out sentinels such as -5.7 and -5700.
_COLDEST_C, _HOTTEST_C = -40.0, 150.0

Read = Callable[[str], Sequence[Value]]


@dataclass(frozen=True, slots=True)
class _Found:
    """Channels that an answer shows, and what reads them out of the answers to come."""

    channels: tuple[Channel, ...]
    read: Read


def open_power_stats(scope: Scope) -> Opened:
    """Rail energies of the power stats service: HAL 2.0, else 1.0. No root is needed."""
    opened = _open(POWER_KIND, scope, HAL_2, _rails, POWER_HZ)
    if opened.collector is not None:
        return opened
    older = _open(POWER_KIND, scope, HAL_1, _rails, POWER_HZ)
    return older if older.collector is not None else opened


def open_battery(scope: Scope) -> Opened:
    """The fuel gauge as the framework knows it."""
    return _open(BATTERY_KIND, scope, BATTERY, _battery, STATE_HZ)


def open_thermal_hal(scope: Scope) -> Opened:
    """Temperatures that come from the HAL now, and the throttling status."""
    return _open(THERMAL_KIND, scope, THERMAL, _thermal, STATE_HZ)


def _open(
    kind: str,
    scope: Scope,
    argv: tuple[str, ...],
    find: Callable[[str, str], _Found | Missing],
    max_hz: float,
) -> Opened:
    asked = " ".join(argv)
    path = program(scope, argv[0])
    if path is None:
        return _absent(kind, asked, f"not-installed: no {argv[0]}", fix=_FIX)
    answer = answer_of((path, *argv[1:]))
    if isinstance(answer, Missing):
        return _absent(kind, asked, answer.reason, fix=_OWN_FIX)
    text = _text(answer)
    if "Permission Denial" in text:
        return _absent(kind, asked, "not-readable: permission DUMP is refused", fix=_RIGHT_FIX)
    found = find(text, asked)
    if isinstance(found, Missing):
        return _absent(kind, asked, found.reason, fix=_OWN_FIX)
    ask = partial(answer_of, (path, *argv[1:]))
    question = Question(ask, found.channels, lambda data: found.read(_text(data)))
    return Opened(Asked(question, scope.clock, max_hz))


def _absent(kind: str, source: str, reason: str, fix: str) -> Opened:
    return Opened(None, (Absent(kind, source, reason, fix),))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").replace("\r\n", "\n")


def _rails(text: str, asked: str) -> _Found | Missing:
    rails = rail_energies(text)
    if not rails:
        return Missing("not-present: no rail in the energy meter's section")
    names = unique(slug(rail) for rail in rails)
    channels = tuple(
        Channel(
            f"power_stats.{name}.energy",
            Unit.MILLIJOULE,
            Kind.COUNTER,
            Quantity.ENERGY,
            f"{asked} [{slug(rail)}]",
            resolution=0.01,
            tier="B",
            note=f"subsystem {slug(subsystem)}; PowerStats.cpp: mWs since boot, never asked for "
            "deltas, for those compare with the last call of anybody; without a stamp of its own",
        )
        for name, (rail, (subsystem, _)) in zip(names, rails.items(), strict=True)
    )
    return _Found(channels, partial(_rail_values, tuple(rails)))


def _rail_values(rails: Sequence[str], text: str) -> Sequence[Value]:
    now = rail_energies(text)
    return [
        decimal(now[rail][1].encode()) if rail in now else Missing("no-such-field: rail is gone")
        for rail in rails
    ]


# Key of the dump -> last word of the channel, unit, quantity, kind, tier, trap.
_BATTERY_FIELDS = {
    "voltage": ("voltage", Unit.MILLIVOLT, Quantity.VOLTAGE, Kind.INSTANT, "C", "whole mV"),
    "Charge counter": (
        "charge_counter",
        Unit.MICROAMPEREHOUR,
        Quantity.CHARGE,
        Kind.INSTANT,
        "C",
        "0 or less: the gauge keeps no count",
    ),
    "temperature": (
        "temperature",
        Unit.DECICELSIUS,
        Quantity.TEMPERATURE,
        Kind.INSTANT,
        "",
        "of the battery",
    ),
    "level": ("level", Unit.ONE, Quantity.CHARGE, Kind.INSTANT, "", "of the scale, often 100"),
    "status": (
        "status",
        Unit.ONE,
        Quantity.STATE,
        Kind.STATE,
        "",
        "BatteryManager: 1 unknown, 2 charging, 3 discharging, 4 not charging, 5 full",
    ),
}
_EVENT_DRIVEN = "event driven, repeats until the framework hears of something new"


def _battery(text: str, asked: str) -> _Found | Missing:
    block, faked = battery_block(text)
    keys = tuple(key for key in _BATTERY_FIELDS if key in block)
    if not keys and not faked:
        return Missing("not-present: no battery in the answer")
    channels = tuple(
        Channel(
            f"battery.{word}", unit, kind, quantity, f"{asked}: {key}", tier=tier,
            note=f"{trap}; {_EVENT_DRIVEN}",
        )
        for key, (word, unit, quantity, kind, tier, trap) in _BATTERY_FIELDS.items()
        if key in (keys or _BATTERY_FIELDS)
    )  # fmt: skip
    return _Found(channels, partial(_battery_values, keys or tuple(_BATTERY_FIELDS)))


def _battery_values(keys: Sequence[str], text: str) -> Sequence[Value]:
    block, faked = battery_block(text)
    if faked:
        return (Missing("faked: UPDATES STOPPED"),) * len(keys)
    return [_battery_value(key, block.get(key)) for key in keys]


def _battery_value(key: str, text: str | None) -> Value:
    if text is None:
        return Missing(f"no-such-field: {slug(key)}")
    value = integer(text.encode())
    if key == "Charge counter" and isinstance(value, int) and value <= 0:
        return Missing(f"absent-sensor: reads {value} uAh")
    return value


def _thermal(text: str, asked: str) -> _Found | Missing:
    lines = text.split("\n")
    if thermal_heads(lines).get("HAL Ready") != "true":
        return Missing("not-present: the thermal HAL is not ready")
    names = [name for _, _, name, _ in hal_temperatures(lines)]
    status = Channel(
        "thermal_hal.throttling.status",
        Unit.ONE,
        Kind.STATE,
        Quantity.THROTTLE,
        f"{asked}: Thermal Status",
        note="android.os.Temperature: 0 none, 1 light, 2 moderate, 3 severe, 4 critical, "
        "5 emergency, 6 shutdown; missing while it is overridden",
    )
    sensors = tuple(
        Channel(
            f"thermal_hal.{word}.temperature",
            Unit.CELSIUS,
            Kind.INSTANT,
            Quantity.TEMPERATURE,
            f"{asked}: from HAL",
            note="of the HAL, not of the cached block; the maker chooses how old it may be",
        )
        for word in unique(slug(name) for name in names)
    )
    return _Found((status, *sensors), partial(_thermal_values, tuple(names)))


def _thermal_values(names: Sequence[str], text: str) -> Sequence[Value]:
    lines = text.split("\n")
    heads = thermal_heads(lines)
    if heads.get("HAL Ready") != "true":
        return (Missing("not-ready: the thermal HAL"),) * (1 + len(names))
    now: dict[str, list[str]] = {}
    for value, _, name, _ in hal_temperatures(lines):
        now.setdefault(name, []).append(value)
    return [_status(heads), *(_celsius(now.get(name)) for name in names)]


def _status(heads: dict[str, str]) -> Value:
    if heads.get("IsStatusOverride") != "false":
        return Missing("faked: the status is overridden")
    value = integer(heads.get("Thermal Status", "").encode())
    if isinstance(value, int) and not 0 <= value <= _MOST_STATUS:
        return Missing(f"not-a-status: {value}")
    return value


def _celsius(texts: list[str] | None) -> Value:
    """The next of the values of this name, so that two sensors of one name keep their order."""
    if not texts:
        return Missing("no-such-field: the sensor is gone")
    value = decimal(texts.pop(0).encode())
    if isinstance(value, float) and not _COLDEST_C <= value <= _HOTTEST_C:
        return Missing(f"absent-sensor: reads {value:g} Cel")
    return value
