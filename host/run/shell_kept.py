"""A `Link` to a shell agent whose attempts go on without it.

Each attempt, or queue of them, is a process of its own on the device (agent/shell/keep.sh), which
the host follows and finds again after a cut. Questions go to a short-lived session beside it.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from agent.wire import WIRE_VERSION, Message, WireError, decode
from collectors.protocol import Clock
from host.errors import AgentError, AgentGoneError, HostError, PlanError, UnreachableError
from host.handover.limits import gates_set
from host.run.link import ANSWER_TIMEOUT_S, AgentLink, OnMessage, error_of
from host.run.shell_follow import Follower, Patience, Site
from host.run.shell_link import shell_line
from host.run.shell_start import HOLD_S, RENEW_S, begin, claim, give_up, stop

# A run that was told to stop ends its runner and its sampler, and proves its streams.
STOP_S = 20.0
# Sessions in a row that end without a word over a link that stands: the agent itself is broken.
MAX_GONE = 5
WHY_GONE = {
    "rebooted": "restarted meanwhile (its boot id is another one)",
    "died": "the process of the run died",
    "unended": "an attempt ended without a word",
    "waiting": "the run was never begun",
    "never": "the run was never begun",
}


class ShellLink:
    """Attempts from number `first` on. hello: what the agent said of itself, {} before that."""

    def __init__(self, site: Site, clock: Clock, *, first: int = 1) -> None:
        self.device = site.device
        self.hello: Message = {}
        self._site, self._clock = site, clock
        self._follower = Follower(site, clock, self._say_stop)
        self._session: AgentLink | None = None
        self._next = first
        self._ready: deque[Message] = deque()
        self._pings: list[Any] = []
        self._claimed = self._running = self._stop = self._over = False
        self._beat, self._beat_ns = "", clock.now_ns()
        self._claimed_ns = clock.now_ns()

    def claim(self) -> None:
        """Greet the agent and keep the device for this run.

        Raises UsageError where another run is there.
        """
        self.hello = self.ask("hello", {"version": WIRE_VERSION})
        self._keep_device()

    def send(self, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        """`stop` ends the attempt that runs; `ping` is answered after what is there already.

        Nothing is sent here and now: this may be called from a signal handler.
        """
        if kind == "stop":
            self._stop = True
        elif kind == "ping":
            self._pings.append((fields or {}).get("id"))
        else:
            raise AgentError(self.device, f"a run without a link cannot be told {kind!r}")

    def receive(self, *, timeout_s: float) -> Message:
        """As a Link does. timeout_s: how long the run may give no sign of life while we listen."""
        while not self._ready:
            if self._over:
                raise AgentGoneError(self.device, "the run has ended")
            self._take(self._line(), timeout_s)
        return self._ready.popleft()

    def ask(
        self,
        kind: str,
        fields: Mapping[str, Any] | None = None,
        *,
        answer: str = "",
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Message:
        """As a Link does; a session that a cut took along is opened anew, and asked again."""
        if kind == "queue":
            return self._queue(fields or {})
        if self._claimed and not self._running:
            self._renew()
        patience, gone = Patience(self._site, self._clock), 0
        while True:
            try:
                session = self._asked()
                return session.ask(kind, fields, answer=answer, timeout_s=timeout_s)
            except (UnreachableError, AgentGoneError) as err:
                self._end_session()
                gone = gone + 1 if isinstance(err, AgentGoneError) else 0
                if gone > MAX_GONE:
                    raise
                patience.wait(err)

    def attempt(
        self, order: Mapping[str, Any], on_message: OnMessage, *, silence_s: float
    ) -> Message:
        """As a Link does. The run ends with its attempt; the device stays kept for the next."""
        self._begin([order], HOLD_S)
        end: Message | None = None
        while (message := self.receive(timeout_s=silence_s))["type"] != "queue_end":
            if message["type"] == "attempt_end":
                end = message
            else:
                on_message(message)
        if end is None:
            raise AgentError(self.device, "ran nothing where an attempt was ordered")
        return end

    def leave(self) -> None:
        self._follower.close()
        self._end_session()

    def close(self) -> None:
        """End what runs there, free the device, and give up the links."""
        with contextlib.suppress(HostError):  # gone already: closing goes on
            self._end_run()
            if self._claimed:
                give_up(self._site)
        self.leave()

    def _keep_device(self) -> None:
        claim(self._site)
        self._claimed, self._claimed_ns = True, self._clock.now_ns()

    def _renew(self) -> None:
        """Between two attempts: a gate may stay shut for longer than the device was kept."""
        if self._clock.now_ns() - self._claimed_ns > RENEW_S * 1e9:
            self._keep_device()

    def _queue(self, fields: Mapping[str, Any]) -> Message:
        """Hand over; the host has refused before what this agent cannot look at by itself."""
        orders = list(fields["orders"])
        asked = gates_set(fields.get("gates") or {})
        if asked or fields.get("lease") is not None:
            raise PlanError("gates", f"the shell agent looks at none: {', '.join(asked)}")
        self._begin(orders, 0)
        self._claimed = False  # the run itself has the device, and frees it at its end
        return {"type": "queued", "attempts": len(orders)}

    def _begin(self, orders: list[Mapping[str, Any]], hold_s: int) -> None:
        begin(self._site, self._clock, orders, hold_s)
        self._next = int(orders[0]["number"])
        self._running, self._over = True, False
        self._beat, self._beat_ns = "", self._clock.now_ns()

    def _end_run(self) -> None:
        until_ns = self._clock.now_ns() + round(STOP_S * 1e9)
        self._stop = self._running
        while self._running and self._clock.now_ns() < until_ns:
            self._take(self._line(), STOP_S)

    def _line(self) -> bytes:
        try:
            return self._follower.line(self._next)
        except UnreachableError:
            self._running = self._claimed = False  # out of reach: it is left to itself
            raise

    def _say_stop(self) -> None:
        """Pass on what `send` noted, while we listen to a run. Told again until it got there."""
        if self._stop:
            with contextlib.suppress(UnreachableError):
                stop(self._site)
                self._stop = False

    def _take(self, raw: bytes, timeout_s: float) -> None:
        """One message of `follow`. It is the device's word: only what is expected passes."""
        try:
            message = decode(raw)
        except WireError as err:
            raise AgentError(self.device, f"the agent sent no valid message: {err}") from err
        kind = message["type"]
        if kind == "attempt_end":
            self._expect_next(message)
        elif kind == "progress":
            self._running = True
            self._look_at_beat(str(message.pop("beat_ns", "")), timeout_s)
        else:
            self._over, self._running = True, False
            self._follower.close()
            if kind != "queue_end":
                raise _why_over(self.device, message)
        self._ready.append(message)
        if kind != "attempt_end":
            self._ready += [{"type": "pong", "id": one} for one in self._pings]
            self._pings.clear()

    def _expect_next(self, message: Message) -> None:
        number = message.get("number")
        if number != self._next:
            detail = f"told of attempt {number!r} where {self._next} is due"
            raise AgentError(self.device, detail)
        self._next += 1
        self._beat_ns = self._clock.now_ns()

    def _look_at_beat(self, beat: str, timeout_s: float) -> None:
        now_ns = self._clock.now_ns()
        if beat != self._beat:
            self._beat, self._beat_ns = beat, now_ns
        elif now_ns - self._beat_ns > timeout_s * 1e9:
            raise AgentGoneError(self.device, f"the run gave no sign of life for {timeout_s:g} s")

    def _asked(self) -> AgentLink:
        if self._session is None:
            stream = self._site.transport.open(self._site.argv)
            self._session = AgentLink(self.device, stream, encoder=shell_line)
        return self._session

    def _end_session(self) -> None:
        session, self._session = self._session, None
        with contextlib.suppress(HostError, OSError):  # it may be lost already
            if session is not None:
                session.leave()


def _why_over(device: str, message: Message) -> HostError:
    if message["type"] == "error":
        return error_of(device, message)
    if message["type"] == "gone":
        return AgentGoneError(device, WHY_GONE.get(str(message.get("why")), "the run is gone"))
    return AgentError(device, f"told of {message['type'][:40]!r}, which is nothing of a run")
