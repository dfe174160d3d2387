"""Gates: what must hold before an attempt starts. A gate that times out voids the attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from collectors.protocol import Clock
from host.handover.plan import GatePlan
from host.run.link import AgentLink

POLL_S = 1.0

Waiting = Callable[[str], None]


def pass_gates(gates: GatePlan, link: AgentLink, clock: Clock, waiting: Waiting) -> str:
    """Wait until every gate holds. Gives "" or, after the time-out, the reason."""
    if gates.max_busy_ratio is None and gates.max_temperature_c is None:
        return ""
    deadline_ns = clock.now_ns() + round(gates.timeout_s * 1e9)
    before = link.ask("device")
    while True:
        threading.Event().wait(POLL_S)
        now = link.ask("device")
        shut = closed(gates, before, now)
        if not shut:
            return ""
        if clock.now_ns() >= deadline_ns:
            return f"gate-timeout: {shut} after {gates.timeout_s:g} s"
        waiting(shut)
        before = now


def closed(gates: GatePlan, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What does not hold yet, with limit and present value; "" when all gates are open."""
    if gates.max_busy_ratio is not None:
        busy = busy_ratio(before, now)
        if busy is None:
            return "CPU time of the device cannot be read"
        if busy > gates.max_busy_ratio:
            return f"CPU busy {busy:.2f}, at most {gates.max_busy_ratio:.2f} wanted"
    if gates.max_temperature_c is not None:
        hottest = hottest_c(now)
        if hottest is None:
            return "no temperature of the device can be read"
        if hottest > gates.max_temperature_c:
            return f"hottest sensor {hottest:.1f} °C, at most {gates.max_temperature_c:.1f} wanted"
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
