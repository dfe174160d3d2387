"""Gates: what must hold before an attempt starts. A gate that times out voids the attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable

from agent.gates import Limits, closed
from collectors.protocol import Clock
from host.handover.plan import GatePlan
from host.run.link import Link

POLL_S = 1.0

Waiting = Callable[[str], None]


def limits_of(gates: GatePlan) -> Limits:
    """The part of the plan's gates that an agent can look at."""
    return Limits(gates.max_busy_ratio, gates.max_temperature_c)


def pass_gates(gates: GatePlan, link: Link, clock: Clock, waiting: Waiting) -> str:
    """Wait until every gate holds. Gives "" or, after the time-out, the reason."""
    limits = limits_of(gates)
    if not limits.any:
        return ""
    deadline_ns = clock.now_ns() + round(gates.timeout_s * 1e9)
    before = link.ask("device")
    while True:
        threading.Event().wait(POLL_S)
        now = link.ask("device")
        shut = closed(limits, before, now)
        if not shut:
            return ""
        if clock.now_ns() >= deadline_ns:
            return f"gate-timeout: {shut} after {gates.timeout_s:g} s"
        waiting(shut)
        before = now
