"""The stream to a kept session: found again after a cut, nothing lost and nothing said twice."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.wire import Message, WireError, decode
from collectors.protocol import Clock
from host.errors import AgentError, HostError, UnreachableError
from host.transport.base import MAX_LINE_BYTES, Stream, Transport

# The session says something at least every 10 s while it works (agent/supervise.py, KEEPALIVE_S);
# three of them missing is a link that may be dead without having said so.
SILENT_LINK_S = 30.0
JOIN_TIMEOUT_S = 30.0
REST_S = 1.0
CLOSE_S = 5.0
# Lines that may still have to be said again; a session acknowledges them at every join.
MAX_UNHEARD = 4096

Waiting = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Way:
    """How a kept session is reached.

    connect: a new transport to its device. attach: the argument list that joins it from a
    message number on. patience_s: how long a lost device is looked for. waiting: told why
    nothing happens. silent_s: after how long a link that says nothing is taken for dead.
    """

    connect: Callable[[], Transport]
    attach: Callable[[int], Sequence[str]]
    patience_s: float
    waiting: Waiting
    silent_s: float = SILENT_LINK_S


class KeptStream:
    """A `Stream` over as many links as it takes. first: number of the first message wanted."""

    def __init__(self, way: Way, clock: Clock, *, device: str, first: int = 0) -> None:
        self._way, self._clock, self._device = way, clock, device
        self._taken = first
        self._unheard: deque[bytes] = deque(maxlen=MAX_UNHEARD)
        self._said = -1  # lines of hosts since the session began; known after the first join
        self._boot = ""
        self._over = False
        self._transport: Transport | None = None
        self._stream: Stream | None = None
        self._join(self._deadline_ns(way.patience_s))

    @property
    def taken(self) -> int:
        """How many messages of the session have been received, from its beginning on."""
        return self._taken

    def send(self, data: bytes) -> None:
        """Say one or more lines; they are said again where a cut swallowed them."""
        lines = data.splitlines(keepends=True)
        self._unheard.extend(lines)
        if self._said >= 0:
            self._said += len(lines)
        if self._stream is None:
            return  # they go out with the next join
        try:
            self._stream.send(data)
        except HostError:
            self._drop()

    def receive_line(self, *, timeout_s: float) -> bytes:
        """The next message of the session; b"" when it has ended, here or on the device."""
        until_ns = self._deadline_ns(timeout_s)
        lost_ns = self._clock.now_ns()
        while not self._over:
            if self._stream is None:
                self._join(lost_ns + round(self._way.patience_s * 1e9))
            raw = self._next(min(self._way.silent_s, self._left_s(until_ns)))
            if raw:
                return self._checked(raw)
            if self._left_s(until_ns) <= 0:
                raise TimeoutError(f"no line within {timeout_s:g} s")
            self._drop()
            lost_ns = self._clock.now_ns()
        return b""

    def close(self, *, timeout_s: float) -> int | None:
        """Leave the session to itself; it ends only when it was told `bye`."""
        del timeout_s
        self._over = True
        self._drop()
        return 0

    def _next(self, timeout_s: float) -> bytes:
        """A line, or b"" where the link is lost or silent.

        A line that a cut tore is no message: the session says it again after the next join.
        """
        if self._stream is None:
            return b""
        try:
            raw = self._stream.receive_line(timeout_s=max(timeout_s, 0.001))
        except (TimeoutError, UnreachableError):
            return b""
        torn = not raw.endswith(b"\n") and len(raw) < MAX_LINE_BYTES
        return b"" if torn else raw

    def _checked(self, raw: bytes) -> bytes:
        if _kind(raw) == "gone":
            self._over = True
            self._drop()
            return b""
        self._taken += 1
        return raw

    def _join(self, until_ns: int) -> None:
        """Join the session, trying until the deadline. Raises UnreachableError after it."""
        while True:
            try:
                self._attach()
            except UnreachableError as err:
                self._drop()
                if self._left_s(until_ns) <= 0:
                    raise UnreachableError(
                        self._device,
                        f"did not answer for {self._way.patience_s:g} s; what it sampled is kept"
                        f" there ({err})",
                    ) from err
                self._way.waiting(f"link to {self._device} lost, {self._left_s(until_ns):.0f} s")
                threading.Event().wait(REST_S)
            else:
                return

    def _attach(self) -> None:
        self._transport = self._way.connect()
        self._stream = self._transport.open(self._way.attach(self._taken))
        try:
            within_s = min(JOIN_TIMEOUT_S, self._way.silent_s)
            message = decode(self._stream.receive_line(timeout_s=within_s) or b"\n")
        except (TimeoutError, WireError) as err:
            raise UnreachableError(self._device, f"the session was not joined: {err}") from err
        self._joined(message)

    def _joined(self, message: Message) -> None:
        if message["type"] != "attached":
            self._drop()
            detail = f"{message.get('code', message['type'])}: {message.get('detail', '')}"
            raise AgentError(self._device, f"the session cannot be joined: {detail[:500]}")
        boot = str(message.get("boot_id"))
        if self._boot and boot != self._boot:
            self._over = True
            self._drop()
            raise AgentError(self._device, "restarted meanwhile (its boot id is another one)")
        self._boot = boot
        heard = message.get("heard")
        if isinstance(heard, bool) or not isinstance(heard, int) or message.get("pid") is None:
            return  # nobody listens there any more; what it said comes next, then `gone`
        self._say_again(heard)

    def _say_again(self, heard: int) -> None:
        """Say the lines that did not arrive; heard: how many did since the session began."""
        if self._said < 0:
            self._said = heard + len(self._unheard)
        lacking = self._said - heard
        while len(self._unheard) > max(0, lacking):
            self._unheard.popleft()
        if self._unheard and self._stream is not None:
            self._stream.send(b"".join(self._unheard))

    def _drop(self) -> None:
        stream, transport = self._stream, self._transport
        self._stream = self._transport = None
        with contextlib.suppress(HostError, OSError):  # it is lost already
            if stream is not None:
                stream.close(timeout_s=CLOSE_S)
        with contextlib.suppress(HostError, OSError):
            if transport is not None:
                transport.close()

    def _deadline_ns(self, seconds: float) -> int:
        return self._clock.now_ns() + round(seconds * 1e9)

    def _left_s(self, until_ns: int) -> float:
        return (until_ns - self._clock.now_ns()) * 1e-9


def _kind(raw: bytes) -> str:
    try:
        return str(decode(raw)["type"])
    except WireError:
        return ""  # the reader of the line says what is wrong with it
