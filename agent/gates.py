"""What must hold before an attempt: pure, on two answers to `device`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """max_busy_ratio: CPU time of all cores, 0..1. max_temperature_c: hottest sensor, degC."""

    max_busy_ratio: float | None = None
    max_temperature_c: float | None = None

    @property
    def any(self) -> bool:
        return self.max_busy_ratio is not None or self.max_temperature_c is not None


def closed(limits: Limits, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What does not hold yet, with limit and present value; "" when all gates are open."""
    if limits.max_busy_ratio is not None:
        busy = busy_ratio(before, now)
        if busy is None:
            return "CPU time of the device cannot be read"
        if busy > limits.max_busy_ratio:
            return f"CPU busy {busy:.2f}, at most {limits.max_busy_ratio:.2f} wanted"
    if limits.max_temperature_c is not None:
        hottest = hottest_c(now)
        if hottest is None:
            return "no temperature of the device can be read"
        if hottest > limits.max_temperature_c:
            return (
                f"hottest sensor {hottest:.1f} °C, at most {limits.max_temperature_c:.1f} wanted"
            )
    return ""


def busy_ratio(before: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """CPU time spent between two device messages, of all cores, 0..1 (proc(5), /proc/stat)."""
    first, last = before.get("cpu_ticks"), now.get("cpu_ticks")
    if not isinstance(first, Mapping) or not isinstance(last, Mapping):
        return None
    total = int(last["total"]) - int(first["total"])
    idle = int(last["idle"]) - int(first["idle"])
    return None if total <= 0 else min(1.0, max(0.0, 1 - idle / total))


def hottest_c(now: Mapping[str, Any]) -> float | None:
    """The hottest sensor of a device message in degrees Celsius, None when there is none."""
    found = now.get("temperatures_c")
    values = [float(v) for v in found.values()] if isinstance(found, Mapping) else []
    return max(values, default=None)
