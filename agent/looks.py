"""A look at a device for its gates, taken from an answer to `device`. Never raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from agent.gates import Known, Look
from agent.supplies import (
    COLDEST_DECI_C,
    HOTTEST_DECI_C,
    MOST_ONLINE,
    STATUS_OF_WORD,
    Supplies,
    battery_name,
    feeder_names,
    is_fed,
    whole,
)


def look_of(device: Mapping[str, Any], t_ns: int) -> Look:
    """What a `device` message says that gates ask for."""
    ticks, hottest = _ticks(device), _hottest_c(device)
    supplies = _supplies(device)
    if isinstance(supplies, str):
        return Look(t_ns, ticks, hottest, supplies, supplies, supplies, supplies)
    name = battery_name(supplies)
    found = supplies[name] if name is not None else {}
    status = STATUS_OF_WORD.get(found.get("status", "").lower())
    plugged = _plugged(supplies)
    known = plugged if isinstance(plugged, list) else None
    fed = is_fed(status, known)
    why = "not-stated: status" if status is None else str(plugged)
    return Look(
        t_ns,
        ticks,
        hottest,
        level_ratio=_per(whole(found, "capacity", 0, 100), 100),
        battery_c=_per(whole(found, "temp", COLDEST_DECI_C, HOTTEST_DECI_C), 10),
        fed=why if fed is None else fed,
        battery=status or "of no known state",
        feeders=tuple(known or ()),
    )


def _ticks(device: Mapping[str, Any]) -> tuple[int, int] | str:
    found = device.get("cpu_ticks")
    if not isinstance(found, Mapping):
        return _absent(device, "cpu_ticks")
    total, idle = found.get("total"), found.get("idle")
    if type(total) is not int or type(idle) is not int:
        return "not-understood: cpu_ticks"
    return total, idle


def _hottest_c(device: Mapping[str, Any]) -> Known:
    found = device.get("temperatures_c")
    if not isinstance(found, Mapping):
        return _absent(device, "temperatures_c")
    values = [v for v in found.values() if isinstance(v, int | float) and math.isfinite(v)]
    return float(max(values)) if values else "not-stated: temperatures_c"


def _supplies(device: Mapping[str, Any]) -> Supplies | str:
    found = device.get("power_supplies")
    if not isinstance(found, Mapping):
        return _absent(device, "power_supplies")
    return {
        str(name): {str(key): str(text) for key, text in texts.items()}
        for name, texts in found.items()
        if isinstance(texts, Mapping)
    }


def _plugged(supplies: Supplies) -> list[str] | str:
    """Supplies that feed the device now, or why that is not known."""
    names = feeder_names(supplies)
    if not names:
        return "not-there: no supply that could feed the device"
    found = []
    for name in names:
        state = whole(supplies[name], "online", 0, MOST_ONLINE)
        if isinstance(state, str):
            return state
        if state:
            found.append(name)
    return found


def _absent(device: Mapping[str, Any], fact: str) -> str:
    """Why a device does not tell a fact, in its words."""
    listed = device.get("absent")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and one.get("fact") == fact:
            said = str(one.get("reason", ""))[:160]
            return said if said.isprintable() and said else "not-understood"
    return f"not-stated: {fact}"


def _per(value: int | str, divisor: int) -> Known:
    return value if isinstance(value, str) else value / divisor
