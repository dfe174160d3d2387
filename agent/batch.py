"""Attempts that the agent runs one after the other by itself, with nobody listening."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.gates import Limits, closed
from agent.order import OrderError, parse_order

POLL_S = 1.0
MAX_ORDERS = 10_000
MAX_TIMEOUT_S = 86_400.0

Facts = Callable[[], Mapping[str, Any]]


@dataclass(slots=True)
class Batch:
    """Orders still to be run, and what must hold before each of them.

    facts: asks for the `device` message. now_s: a monotonic clock in s.
    """

    orders: deque[Mapping[str, Any]]
    limits: Limits
    timeout_s: float
    facts: Facts
    now_s: Callable[[], float] = time.monotonic
    _before: Mapping[str, Any] | None = field(default=None, init=False)
    _since_s: float = field(default=0.0, init=False)
    _looked_s: float = field(default=0.0, init=False)

    @property
    def number(self) -> int:
        """Of the attempt that is next."""
        return int(self.orders[0]["number"])

    def wait_s(self) -> float:
        """How long nothing needs to be looked at."""
        if self._before is None or not self.limits.any:
            return 0.0
        return max(0.0, self._looked_s + POLL_S - self.now_s())

    def look(self) -> tuple[str, str]:
        """`("go", "")`, `("wait", why)`, or `("void", reason)` for the next order."""
        if not self.limits.any:
            return "go", ""
        now_s = self.now_s()
        if self._before is None:
            self._before, self._since_s, self._looked_s = self.facts(), now_s, now_s
            return "wait", ""
        if now_s < self._looked_s + POLL_S:
            return "wait", ""
        now = self.facts()
        shut = closed(self.limits, self._before, now)
        self._before, self._looked_s = now, now_s
        if not shut:
            return "go", ""
        if now_s >= self._since_s + self.timeout_s:
            return "void", f"gate-timeout: {shut} after {self.timeout_s:g} s"
        return "wait", shut

    def take(self) -> Mapping[str, Any]:
        """The next order; its gates are done with."""
        self._before = None
        return self.orders.popleft()


def parse_batch(message: Mapping[str, Any], facts: Facts) -> Batch:
    """The batch of a `queue` message. Raises OrderError for whatever is not as it should be."""
    orders, gates = message.get("orders"), message.get("gates")
    if not isinstance(orders, list) or not 0 < len(orders) <= MAX_ORDERS:
        raise OrderError(f"orders: not a list of 1 to {MAX_ORDERS}")
    for order in orders:
        parse_order(order)
    if not isinstance(gates, dict):
        raise OrderError("gates: not an object")
    unknown = set(gates) - {"timeout_s", "max_busy_ratio", "max_temperature_c"}
    if unknown:
        raise OrderError(f"gates: {', '.join(sorted(unknown))} is not known to this agent")
    limits = Limits(_number(gates, "max_busy_ratio"), _number(gates, "max_temperature_c"))
    timeout_s = _number(gates, "timeout_s") or 0.0
    if not 0 <= timeout_s <= MAX_TIMEOUT_S:
        raise OrderError(f"gates.timeout_s: not from 0 to {MAX_TIMEOUT_S:g}")
    return Batch(deque(orders), limits, timeout_s, facts)


def _number(gates: Mapping[str, Any], key: str) -> float | None:
    found = gates.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise OrderError(f"gates.{key}: not a number")
    return float(found)
