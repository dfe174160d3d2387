"""The session: answers the host over stdin and stdout until `bye` or the end of input."""

from __future__ import annotations

import os
import platform
import queue
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

from agent.children import command
from agent.engines.table import ENGINES, defaults, version
from agent.evidence import how_ended
from agent.order import OrderError, parse_order
from agent.pipes import Sender, claim_stdout, listen
from agent.supervise import Supervisor
from agent.wire import WIRE_VERSION, Message, WireError, decode, encode
from collectors.clocks import device_clock

HOST = object()
# Tokenizing loads a vocabulary in a child; one that takes longer than this has hung.
TOKENIZE_S = 300.0
# Only these may be asked while an attempt runs: everything else would disturb it.
DURING_ATTEMPT = frozenset({"hello", "ping", "stop", "bye"})
MAX_PROBE_READS = 10_000


class RefusedError(Exception):
    """A message that is not served: (code, detail)."""


class Session:
    """One host, one attempt at a time."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._clock = device_clock()
        self._queue: queue.SimpleQueue[tuple[object, bytes | None, int]] = queue.SimpleQueue()
        self._attempt: Supervisor | None = None
        self._over = False
        self._serve: dict[str, Callable[[Message, int], None]] = {
            "hello": self._hello,
            "ping": self._ping,
            "probe": self._probe,
            "device": self._device,
            "timekeeping": self._timekeeping,
            "tokenize": self._tokenize,
            "attempt": self._start,
            "stop": self._stop,
            "bye": self._bye,
        }

    def run(self, fd: int) -> int:
        """Serve what comes in on `fd`."""
        listen(fd, lambda raw: self._post(HOST, raw), lambda: self._post(HOST, None))
        while not self._over and not self._sender.broken:
            attempt = self._attempt
            try:
                source, raw, t_ns = self._queue.get(timeout=attempt.wait_s() if attempt else None)
            except queue.Empty:
                if attempt is not None:
                    attempt.on_time()
            else:
                self._on_line(source, raw, t_ns)
            self._finish()
        if self._attempt is not None:
            self._attempt.abandon()
        return 0

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
        if self._attempt is not None and kind not in DURING_ATTEMPT:
            raise RefusedError("busy", f"an attempt runs, {kind} must wait")
        return self._serve[kind]

    def _refuse(self, code: str, detail: str) -> None:
        self._sender.send("error", {"code": code, "detail": detail[:4000]})

    def _finish(self) -> None:
        if self._attempt is not None and self._attempt.done:
            attempt, self._attempt = self._attempt, None
            self._sender.send("attempt_end", attempt.end())

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
        argv, environment = command("engine")
        fields: dict[str, Any] = {k: message.get(k) for k in ("engine", "model", "texts")}
        try:
            done = subprocess.run(
                argv,
                input=encode("tokenize", fields),
                capture_output=True,
                env=environment,
                timeout=TOKENIZE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as err:
            raise RefusedError("engine-hang", f"no tokens within {TOKENIZE_S:g} s") from err
        answer = done.stdout.partition(b"\n")[0]
        if not answer:
            raise RefusedError("engine-crash", how_ended(done.returncode))
        said = decode(answer)
        self._sender.send(said.pop("type"), said)

    def _start(self, message: Message, _: int) -> None:
        order = parse_order(message.get("order"))
        try:
            self._attempt = Supervisor(order, message["order"], self._post, self._sender.send)
        except OSError as err:
            raise RefusedError("spool-unwritable", str(err)) from err

    def _stop(self, _message: Message, _: int) -> None:
        if self._attempt is not None:
            self._attempt.stop()

    def _bye(self, _message: Message, _: int) -> None:
        self._over = True
        if self._attempt is not None:
            self._attempt.abandon()
            self._attempt = None
        self._sender.send("bye")


def main() -> int:
    """Serve the host of this process."""
    return Session(Sender(claim_stdout())).run(0)
