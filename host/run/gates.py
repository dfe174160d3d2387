"""Gates: what must hold before an attempt starts. A gate that times out voids the attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from agent.gates import Look, needed, shut
from agent.looks import look_of
from collectors.protocol import Clock
from host.handover.limits import limits_of
from host.handover.plan import GatePlan
from host.run.link import Link

POLL_S = 1.0

Waiting = Callable[[str], None]


def for_agent(gates: GatePlan) -> Mapping[str, Any]:
    """What an agent can look at, as a `queue` message tells it."""
    return {"timeout_s": gates.timeout_s, **asdict(limits_of(gates))}


def pass_gates(gates: GatePlan, link: Link, clock: Clock, waiting: Waiting) -> str:
    """Wait until every gate holds. Gives "" or, after the time-out, the reason."""
    limits = limits_of(gates)
    if not limits.any:
        return ""
    deadline_ns = clock.now_ns() + round(gates.timeout_s * 1e9)
    seen: list[Look] = []
    while True:
        seen = needed(limits, [*seen, look_of(link.ask("device"), clock.now_ns())])
        closed = "; ".join(shut(limits, seen, None))
        if not closed:
            return ""
        if len(seen) > 1 and clock.now_ns() >= deadline_ns:
            return f"gate-timeout: {closed} after {gates.timeout_s:g} s"
        waiting(closed)
        threading.Event().wait(POLL_S)
