"""The state of a device around a run: before and after it, and around each attempt.

Meets what `run/` asks of surroundings. Everything that is seen goes to `store`: `state-before`,
`state-after`, `controls`, and per attempt `state`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.gates import charged
from collectors.protocol import Clock
from host.errors import TransportError
from host.handover.limits import limits_of
from host.handover.plan import GatePlan
from host.state.description import Description
from host.state.gates import Passed, look_of, parts_for, wait_until_open
from host.state.lease import Leases
from host.state.questions import Part
from host.state.restore import Pause, pause
from host.state.snapshot import DeviceState, snapshot, to_json
from host.state.throttle import throttled
from host.transport.base import Transport

# (number of the attempt or None for the run, name of the file without its ending, JSON value)
Store = Callable[[int | None, str, Any], None]
# Foreign load is looked at for this long before a run, when nothing of ours runs yet.
BUSY_OVER_S = 2
# What an attempt is compared by; screen and doze are leases, or nobody's business.
_PARTS: frozenset[Part] = frozenset({"battery", "thermal", "policies", "load"})


@dataclass(slots=True)
class Around:
    """Looks at one device around one run. leases: None where nothing is changed of it."""

    transport: Transport
    description: Description
    gates: GatePlan
    clock: Clock
    store: Store
    leases: Leases | None = None
    wait: Pause = pause
    start: DeviceState | None = None
    _before: DeviceState | None = None
    _passed: Passed | None = None

    def begin(self) -> DeviceState:
        """The whole state before a run. Raises TransportError."""
        found = snapshot(self.transport, self.description, busy_over_s=BUSY_OVER_S)
        self.store(None, "state-before", to_json(found))
        return found

    def end(self) -> DeviceState:
        """The whole state after a run, before its settings are restored."""
        found = snapshot(self.transport, self.description)
        self.store(None, "state-after", to_json(found))
        return found

    def tell_controls(self) -> None:
        """What was set, and how each lease ended. To be called when the leases have been left."""
        if self.leases is not None:
            self.store(None, "controls", to_json(tuple(self.leases.story)))

    def before(self, number: int, waiting: Callable[[str], None]) -> str:
        """Wait at the gates, then look: "" or why the attempt is void."""
        why = self._pass(waiting)
        self._before = self._look(_PARTS)
        if self.start is None:
            self.start = self._before
        why = why or _unusable(self.gates, self._before)
        if why:
            self._store_attempt(number, None, why)
        return why

    def after(self, number: int) -> str:
        """Look again: "" or why the attempt is void.

        A device that cannot be asked any more is not known to have stayed as it was.
        """
        try:
            now = self._look(_PARTS)
            changed = self.leases.check() if self.leases is not None else ""
        except TransportError as err:
            now, changed = None, f"state-unknown: {err}"
        why = changed or (_spoilt(self.gates, self._before, now) if now else "")
        self._store_attempt(number, now, why)
        return why

    def _pass(self, waiting: Callable[[str], None]) -> str:
        parts = parts_for(self.gates)
        if not parts:
            return ""
        self._passed = wait_until_open(
            self.gates,
            lambda: self._look(parts),
            self.clock,
            lambda why: self._waiting(why, waiting),
            start=self.start,
            wait=self.wait,
        )
        return self._passed.reason

    def _waiting(self, why: str, waiting: Callable[[str], None]) -> None:
        """Say why, and give the watchdog its sign: a wait may be longer than its patience."""
        waiting(why)
        if self.leases is not None:
            self.leases.beat()

    def _look(self, parts: frozenset[Part]) -> DeviceState:
        return snapshot(self.transport, self.description, parts=parts)

    def _store_attempt(self, number: int, after: DeviceState | None, reason: str) -> None:
        passed = self._passed
        gate = {"waited_ns": str(passed.waited_ns), "looks": passed.looks} if passed else None
        before = to_json(self._before)
        found = {"gate": gate, "before": before, "after": to_json(after), "reason": reason}
        self.store(number, "state", found)


def _unusable(gates: GatePlan, now: DeviceState) -> str:
    """A state that is faked where a gate or a rule stands on it."""
    if now.faked and (parts_for(gates) & {"battery", "thermal"} or gates.forbid_throttle):
        return f"state-faked: {', '.join(now.faked)}"
    return ""


def _spoilt(gates: GatePlan, before: DeviceState | None, now: DeviceState) -> str:
    """Why the attempt between two states does not count."""
    if why := _unusable(gates, now):
        return why
    if why := charged(limits_of(gates), look_of(now, 0)):
        return why
    if gates.forbid_throttle and before is not None:
        return "; ".join(throttled(before, now))
    return ""
