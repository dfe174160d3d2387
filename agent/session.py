"""The session: answers the host over stdin and stdout until `bye` or the end of input."""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from agent.engine_calls import CallError, Say, scores, tokens
from agent.engines.table import ENGINES, defaults, version
from agent.order import OrderError, parse_order
from agent.pipes import Sender, claim_stdout, listen
from agent.supervise import Supervisor
from agent.wire import WIRE_VERSION, Message, WireError, decode
from collectors.clocks import device_clock

if TYPE_CHECKING:
    from agent.batch import Batch

HOST = object()
# Only these may be asked while an attempt runs: everything else would disturb it.
DURING_ATTEMPT = frozenset({"hello", "ping", "stop", "bye"})
MAX_PROBE_READS = 10_000
# `stop` and `bye`, found in a line without reading it: one that is long is another message.
ENDINGS, SHORT_BYTES = (b'"stop"', b'"bye"'), 64


class RefusedError(Exception):
    """A message that is not served: (code, detail)."""


class Speaker(Protocol):
    """Says messages to whoever listens."""

    broken: bool

    def send(self, kind: str, fields: Mapping[str, Any] | None = None) -> None: ...


class Session:
    """One host, one attempt at a time, or a queue of them."""

    def __init__(self, sender: Speaker, beat: Callable[[], None] = lambda: None) -> None:
        """beat: called from time to time as long as there is something to do."""
        self._sender = sender
        self._beat = beat
        self._clock = device_clock()
        self._queue: queue.SimpleQueue[tuple[object, bytes | None, int]] = queue.SimpleQueue()
        self._attempt: Supervisor | None = None
        self._batch: Batch | None = None
        self._over = False
        self._halt = threading.Event()  # from when an end is heard until it is served
        self._serve: dict[str, Callable[[Message, int], None]] = {
            "hello": self._hello,
            "ping": self._ping,
            "probe": self._probe,
            "device": self._device,
            "timekeeping": self._timekeeping,
            "tokenize": self._tokenize,
            "score": self._score,
            "pulses": self._pulses,
            "attempt": self._one,
            "queue": self._many,
            "stop": self._stop,
            "bye": self._bye,
        }

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing is to be run."""
        return self._attempt is None and self._batch is None

    def run(self, fd: int) -> int:
        """Serve what comes in on `fd`, until it ends."""
        listen(fd, self.hear, self.end)
        return self.serve()

    def hear(self, raw: bytes) -> None:
        """Take a line of the host; any thread may call it."""
        if len(raw) <= SHORT_BYTES and any(word in raw for word in ENDINGS):
            self._halt.set()
        self._post(HOST, raw)

    def end(self) -> None:
        """No more is to be served; any thread may call it."""
        self._halt.set()
        self._post(HOST, None)

    def serve(self) -> int:
        """Serve what is heard until `bye` or `end`."""
        while not self._over and not self._sender.broken:
            try:
                source, raw, t_ns = self._queue.get(timeout=self._wait_s())
            except queue.Empty:
                if self._attempt is not None:
                    self._attempt.on_time()
            else:
                self._on_line(source, raw, t_ns)
            self._finish()
            self._go_on()
        if self._attempt is not None:
            self._attempt.abandon()
        return 0

    def _wait_s(self) -> float | None:
        running = self._attempt is not None
        waits = [self._attempt.wait_s() if self._attempt is not None else None]
        if self._batch is not None:
            waits.append(self._batch.wait_s(running=running))
        return min((wait for wait in waits if wait is not None), default=None)

    def _post(self, source: object, raw: bytes | None) -> None:
        self._queue.put((source, raw, self._clock.now_ns()))

    def _on_line(self, source: object, raw: bytes | None, t_ns: int) -> None:
        if source is not HOST:
            if self._attempt is not None:
                self._attempt.on_line(source, raw)
        elif raw is None:
            self._over = True
        else:
            self._on_host(raw, t_ns)

    def _on_host(self, raw: bytes, t_ns: int) -> None:
        """Serve one message; whatever goes wrong is an answer, and the session goes on."""
        try:
            message = decode(raw)
            self._serving(message["type"])(message, t_ns)
        except WireError as err:
            self._refuse("bad-message", str(err))
        except RefusedError as err:
            self._refuse(*err.args)
        except OrderError as err:
            self._refuse("bad-order", str(err))
        except Exception as err:  # noqa: BLE001 - top of the session: it must go on
            traceback.print_exc()
            self._refuse("agent-error", f"{type(err).__name__}: {err}")

    def _serving(self, kind: str) -> Callable[[Message, int], None]:
        if kind not in self._serve:
            raise RefusedError("unknown-message", f"no message of type {kind[:100]!r}")
        if not self.idle and kind not in DURING_ATTEMPT:
            raise RefusedError("busy", f"an attempt runs, {kind} must wait")
        return self._serve[kind]

    def _refuse(self, code: str, detail: str) -> None:
        self._sender.send("error", {"code": code, "detail": detail[:4000]})

    def _finish(self) -> None:
        if self._attempt is not None and self._attempt.done:
            attempt, self._attempt = self._attempt, None
            end, batch = attempt.end(), self._batch
            self._sender.send("attempt_end", end if batch is None else batch.judged(end))

    def _hello(self, message: Message, _: int) -> None:
        if message.get("version") != WIRE_VERSION:
            said = f"version {message.get('version')!r} was said, {WIRE_VERSION} is spoken here"
            raise RefusedError("wire-version", said)
        clock = self._clock
        self._sender.send(
            "hello",
            {
                "version": WIRE_VERSION,
                "pid": os.getpid(),
                "python": platform.python_version(),
                "clock": {
                    "domain": clock.domain,
                    "name": clock.name,
                    "resolution_ns": clock.resolution_ns,
                },
                "platform": sys.platform,
                "boot_id": clock.boot,
                "engines": {kind: version(kind) for kind in ENGINES},
                "engine_settings": {kind: defaults(kind) for kind in ENGINES},
            },
        )

    def _ping(self, message: Message, t_ns: int) -> None:
        fields = {"id": message.get("id"), "t2_ns": t_ns, "t3_ns": self._clock.now_ns()}
        self._sender.send("pong", fields)

    def _probe(self, message: Message, _: int) -> None:
        from agent.sources import probe

        pid, reads = message.get("pid"), message.get("reads", 0)
        if pid is not None and (type(pid) is not int or pid < 1):
            raise RefusedError("bad-message", "probe: pid is neither null nor above zero")
        if type(reads) is not int or not 0 <= reads <= MAX_PROBE_READS:
            raise RefusedError("bad-message", f"probe: reads is not from 0 to {MAX_PROBE_READS}")
        self._sender.send("sources", probe(self._clock, pid, reads))

    def _device(self, _message: Message, _: int) -> None:
        from agent.device import device_facts

        self._sender.send("device", device_facts())

    def _timekeeping(self, _message: Message, _: int) -> None:
        from agent.timekeeping import timekeeping

        self._sender.send("timekeeping", timekeeping())

    def _tokenize(self, message: Message, _: int) -> None:
        self._engine_call(tokens, message)

    def _score(self, message: Message, _: int) -> None:
        self._engine_call(lambda told, say: scores(told, say, self._halt), message)

    def _engine_call(self, call: Callable[[Message, Say], None], message: Message) -> None:
        try:
            call(message, self._sender.send)
        except CallError as err:
            raise RefusedError(*err.args) from err
        except OSError as err:
            raise RefusedError("spool-unwritable", str(err)) from err

    def _pulses(self, message: Message, _: int) -> None:
        from agent.pulses import PulsesError, parse_pulses, played

        try:
            self._sender.send("pulses", played(parse_pulses(message), self._clock))
        except PulsesError as err:
            raise RefusedError("pulses-failed", str(err)) from err

    def _one(self, message: Message, _: int) -> None:
        self._start(message.get("order"))

    def _many(self, message: Message, _: int) -> None:
        from agent.batch import parse_batch
        from agent.device import device_facts

        self._batch = parse_batch(message, device_facts)
        self._sender.send("queued", {"attempts": len(self._batch.orders)})

    def _start(self, found: Any) -> None:  # noqa: ANN401 - whatever the host sent
        order = parse_order(found)
        try:
            self._attempt = Supervisor(order, found, self._post, self._sender.send)
        except OSError as err:
            raise RefusedError("spool-unwritable", str(err)) from err

    def _go_on(self) -> None:
        """Start the next attempt of the queue when its gates are open; say when all are done."""
        self._beat()
        batch = self._batch
        if batch is None:
            return
        batch.beat()
        if self._attempt is not None:
            return
        if not batch.orders:
            self._batch = None
            self._sender.send("queue_end")
            return
        verdict, why = batch.look()
        if verdict == "wait":
            if why:
                fields = {"number": batch.number, "phase": "gate", "waiting": why}
                self._sender.send("progress", fields)
            return
        order = batch.take()
        reason = ("void", why) if verdict == "void" else self._tried(order)
        if reason:
            end = {"number": order["number"], "status": reason[0], "reason": reason[1]}
            self._sender.send("attempt_end", {**end, "streams": [], "engine": {}, "sources": {}})

    def _tried(self, order: Mapping[str, Any]) -> tuple[str, str] | None:
        """Start an attempt; status and reason where that could not be."""
        try:
            self._start(order)
        except RefusedError as err:
            return "incomplete", ": ".join(err.args)
        return None

    def _stop(self, _message: Message, _: int) -> None:
        self._halt.clear()
        if self._batch is not None:
            self._batch.orders.clear()
        if self._attempt is not None:
            self._attempt.stop()

    def _bye(self, _message: Message, _: int) -> None:
        self._over = True
        self._batch = None
        if self._attempt is not None:
            self._attempt.abandon()
            self._attempt = None
        self._sender.send("bye")


def main() -> int:
    """Serve the host of this process."""
    return Session(Sender(claim_stdout())).run(0)
