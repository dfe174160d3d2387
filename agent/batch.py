"""Attempts that the agent runs one after the other by itself, with nobody listening."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from agent.gates import Limits, Look, charged, needed, shut
from agent.lease import Lease, parse_lease
from agent.looks import look_of
from agent.order import OrderError, parse_order
from agent.throttle import Brakes, brakes, throttled

POLL_S = 1.0
MAX_ORDERS = 10_000
MAX_TIMEOUT_S = 86_400.0
_FLAGS = frozenset({"forbid_charging", "forbid_throttle"})

Facts = Callable[[], Mapping[str, Any]]
Feel = Callable[[], Brakes]


@dataclass(slots=True)
class Batch:
    """Orders still to be run, and what must hold before, during and after each of them.

    facts: asks for the `device` message. feel: looks at what slows the device. lease: what the
    host has set of it, which goes on only while we give signs. now_s: a monotonic clock in s.
    """

    orders: deque[Mapping[str, Any]]
    limits: Limits
    timeout_s: float
    facts: Facts
    feel: Feel = brakes
    lease: Lease | None = None
    now_s: Callable[[], float] = time.monotonic
    _seen: list[Look] = field(default_factory=list, init=False)
    _start: Look | None = field(default=None, init=False)
    _brakes: Brakes | None = field(default=None, init=False)
    _since_s: float = field(default=0.0, init=False)
    _looked_s: float = field(default=0.0, init=False)

    @property
    def number(self) -> int:
        """Of the attempt that is next."""
        return int(self.orders[0]["number"])

    def wait_s(self, *, running: bool) -> float | None:
        """How long nothing needs to be done; None: nothing at all. running: an attempt is."""
        waits = [] if self.lease is None or self.lease.lost else [self.lease.wait_s()]
        if not running:
            waits.append(max(0.0, self._looked_s + POLL_S - self.now_s()) if self._seen else 0.0)
        return min(waits, default=None)

    def beat(self) -> None:
        """Give the watchdog of the device's settings its sign."""
        if self.lease is not None:
            self.lease.beat()

    def look(self) -> tuple[str, str]:
        """`("go", "")`, `("wait", why)`, or `("void", reason)` for the next order."""
        if self.lease is not None and self.lease.lost:
            return "void", self.lease.lost
        if not self.limits.any:
            return "go", ""
        now_s = self.now_s()
        if self._seen and now_s < self._looked_s + POLL_S:
            return "wait", ""
        if not self._seen:
            self._since_s = now_s
        self._looked_s = now_s
        self._seen = needed(self.limits, [*self._seen, self._look(now_s)])
        closed = "; ".join(shut(self.limits, self._seen, self._start))
        if not closed:
            self._start = self._start or self._seen[-1]
            return "go", ""
        if len(self._seen) > 1 and now_s >= self._since_s + self.timeout_s:
            return "void", f"gate-timeout: {closed} after {self.timeout_s:g} s"
        return "wait", closed

    def take(self) -> Mapping[str, Any]:
        """The next order, whose attempt begins now; its gates are done with."""
        self._seen = []
        self._brakes = self.feel() if self.limits.forbid_throttle else None
        return self.orders.popleft()

    def judged(self, end: dict[str, Any]) -> dict[str, Any]:
        """How an attempt ended, void where the device did not stay as it had to."""
        if end["status"] != "valid":
            return end
        why = self.lease.check() if self.lease is not None else ""
        if not why and self.limits.forbid_charging:
            why = charged(self.limits, self._look(self.now_s()))
        if not why and self._brakes is not None:
            why = "; ".join(throttled(self._brakes, self.feel()))
        return {**end, "status": "void", "reason": why} if why else end

    def _look(self, now_s: float) -> Look:
        return look_of(self.facts(), round(now_s * 1e9))


def parse_batch(message: Mapping[str, Any], facts: Facts) -> Batch:
    """The batch of a `queue` message. Raises OrderError for whatever is not as it should be."""
    orders, gates, lease = message.get("orders"), message.get("gates"), message.get("lease")
    if not isinstance(orders, list) or not 0 < len(orders) <= MAX_ORDERS:
        raise OrderError(f"orders: not a list of 1 to {MAX_ORDERS}")
    for order in orders:
        parse_order(order)
    if not isinstance(gates, dict):
        raise OrderError("gates: not an object")
    known = {f.name for f in fields(Limits)}
    unknown = set(gates) - known - {"timeout_s"}
    if unknown:
        raise OrderError(f"gates: {', '.join(sorted(unknown))} is not known to this agent")
    limits = Limits(**{name: _limit(gates, name) for name in known})
    timeout_s = _number(gates, "timeout_s") or 0.0
    if not 0 <= timeout_s <= MAX_TIMEOUT_S:
        raise OrderError(f"gates.timeout_s: not from 0 to {MAX_TIMEOUT_S:g}")
    held = None if lease is None else parse_lease(lease)
    return Batch(deque(orders), limits, timeout_s, facts, lease=held)


def _limit(gates: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - of the field's type
    if key not in _FLAGS:
        return _number(gates, key)
    found = gates.get(key)
    if found is not None and not isinstance(found, bool):
        raise OrderError(f"gates.{key}: neither true nor false")
    return found


def _number(gates: Mapping[str, Any], key: str) -> float | None:
    found = gates.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise OrderError(f"gates.{key}: not a number")
    return float(found)
