"""One attempt as the session sees it: an engine and a sampler, from their start to one end.

States: `starting` (both open what they need), `running`, `ending` (the engine is done, the
sampler closes its streams), `done`. The engine says `ready`, `progress` and `end`; the sampler
`ready` and `end`. The engine waits for `go` before it loads and for the end of its input
before it exits, so that the sampler sees its whole life.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from agent.children import Child, Post
from agent.evidence import crash_reason, how_ended, oom_kills
from agent.order import Order
from agent.spool import StreamEnd
from agent.streams import disk_reason, end_fields, end_from, found_ends
from agent.syncing import Syncer
from agent.wire import Message, WireError, decode

# A sampler has this long to open its sources and to close its streams; a stopped engine to end.
SAMPLER_S = 20.0
STOP_S = 5.0
EXIT_S = 5.0
# The host hears from an attempt at least this often, also while an idle phase is silent.
KEEPALIVE_S = 10.0
# Engines whose model is in another process than their own.
SERVED = frozenset({"openai_http"})

Send = Callable[[str, Mapping[str, Any]], None]


class Supervisor:
    """Starts both children, watches them, and says in the end what came of it."""

    def __init__(self, order: Order, fields: Mapping[str, Any], post: Post, send: Send) -> None:
        """`fields`: the order as it came, handed on to the engine. Raises OSError."""
        self._order = order
        self._send = send
        order.directory.mkdir(parents=True, exist_ok=True)
        if any(order.directory.iterdir()):
            raise FileExistsError(17, f"{order.directory} is not empty")
        self._oom_before = oom_kills()
        self._outcome: tuple[str, str] | None = None
        self._ends: list[StreamEnd] = []
        self._facts: Mapping[str, Any] = {}
        self._sources: Mapping[str, Any] = {"channels": [], "absent": [], "rates_hz": {}}
        self._ready: set[str] = set()
        self._running = False
        self._sampler_died = ""
        self._progress: dict[str, Any] = {"phase": "load", "request": 0, "tokens": 0, "rate": None}
        self._engine: Child | None = Child("engine", order.directory / "engine.log", post)
        self._engine.sender.send("attempt", {"order": fields})
        self._sampler: Child | None = None
        if order.sampling.enabled:
            self._sampler = Child("sampler", order.directory / "sampler.log", post)
            if order.engine.kind not in SERVED:
                self._sampler.sender.send("sample", self._sampling(self._engine.pid))
        self._syncer = Syncer(order.directory)
        self._spoken_s = time.monotonic()
        self._deadline_s = self._spoken_s + order.watchdog_s
        self._sampler_by_s = time.monotonic() + SAMPLER_S

    @property
    def done(self) -> bool:
        return self._engine is None and self._sampler is None

    def wait_s(self) -> float:
        """How long nothing needs to be done if nothing is said."""
        limits = [self._spoken_s + KEEPALIVE_S]
        if self._engine is not None:
            limits.append(self._deadline_s)
        if self._sampler is not None and not self._sampling_goes_on():
            limits.append(self._sampler_by_s)
        return max(0.0, min(limits) - time.monotonic())

    def on_line(self, source: object, raw: bytes | None) -> None:
        """A child said something, or fell silent for good (None)."""
        if source is self._engine and self._engine is not None:
            self._on_engine(self._engine, raw)
        elif source is self._sampler and self._sampler is not None:
            self._on_sampler(self._sampler, raw)
        self._go_on()

    def on_time(self) -> None:
        """Nothing was said for `wait_s`: look which deadline has passed."""
        now_s = time.monotonic()
        if self._engine is not None and now_s >= self._deadline_s:
            limit = f"no sign of life for {self._order.watchdog_s:g} s"
            self._outcome = self._outcome or ("void", f"engine-hang: {limit}")
            self._engine.kill()
            self._deadline_s = now_s + EXIT_S
        sampler = None if self._sampling_goes_on() else self._sampler
        if sampler is not None and now_s >= self._sampler_by_s:
            sampler.kill()
            self._sampler_by_s = now_s + EXIT_S
        if now_s >= self._spoken_s + KEEPALIVE_S:
            self._tell()
        self._go_on()

    def stop(self, reason: str = "stopped") -> None:
        """End the attempt early: `incomplete`, the streams closed by their writers."""
        if self._engine is not None and self._outcome is None:
            self._outcome = ("incomplete", reason)
            self._engine.sender.send("stop")
            self._deadline_s = time.monotonic() + STOP_S

    def abandon(self) -> None:
        """End both children at once; nobody listens any more."""
        self._syncer.stop()
        for child in (self._engine, self._sampler):
            if child is not None:
                child.kill()
                child.wait(EXIT_S)
        self._engine = self._sampler = None

    def end(self) -> dict[str, Any]:
        """The fields of `attempt_end`."""
        self._syncer.stop()
        status, reason = self._outcome or ("void", "engine-error: it never ended")
        if self._sampler_died and status == "valid":
            status, reason = "void", f"sampler-died: {self._sampler_died}"
        try:
            ends = found_ends(self._order.directory, self._ends)
        except OSError as err:
            ends, status, reason = self._ends, "incomplete", disk_reason(err)
        return {
            "number": self._order.number,
            "status": status,
            "reason": reason,
            "streams": [end_fields(end) for end in ends],
            "engine": dict(self._facts),
            "sources": dict(self._sources),
        }

    def _sampling(self, pid: int | None) -> dict[str, Any]:
        sampling = self._order.sampling
        return {
            "directory": str(self._order.directory),
            "rate_hz": sampling.rate_hz,
            "kinds": None if sampling.kinds is None else list(sampling.kinds),
            "seed": sampling.seed,
            "jitter_ratio": sampling.jitter_ratio,
            "pid": pid,
        }

    def _sample_server(self, ready: Message) -> None:
        """Sources of the process look at the server's, as the engine has told it, or at none."""
        if self._sampler is None or self._order.engine.kind not in SERVED:
            return
        pid = ready.get("pid")
        known = isinstance(pid, int) and not isinstance(pid, bool) and pid > 0
        self._sampler.sender.send("sample", self._sampling(pid if known else None))

    def _alive(self, silent_s: float = 0.0) -> None:
        """The engine showed a sign of life; it may be silent for so long more than else."""
        self._deadline_s = time.monotonic() + self._order.watchdog_s + silent_s

    def _sampling_goes_on(self) -> bool:
        """The sampler is open and the engine not done: nothing is due from the sampler."""
        return "sampler" in self._ready and self._engine_at_work()

    def _engine_at_work(self) -> bool:
        return self._engine is not None and "ended" not in self._ready

    def _on_engine(self, engine: Child, raw: bytes | None) -> None:
        message = _message(raw)
        if message is None:
            self._engine_gone(engine)
            return
        if self._outcome is None:
            self._alive(_seconds(message.get("silent_s")))
        if message["type"] == "ready":
            self._ready.add("engine")
            self._sample_server(message)
        elif message["type"] == "progress":
            message.pop("silent_s", None)
            self._progress = {k: v for k, v in message.items() if k != "type"}
            self._tell()
        elif message["type"] == "end":
            self._ready.add("ended")
            self._on_end(message)

    def _on_end(self, message: Message) -> None:
        self._facts = message.get("engine") or {}
        self._keep_ends(message)
        said = (str(message.get("status")), str(message.get("reason")))
        if self._outcome is None:
            self._outcome = said
        self._deadline_s = time.monotonic() + SAMPLER_S + EXIT_S

    def _engine_gone(self, engine: Child) -> None:
        status = engine.wait(EXIT_S)
        self._engine = None
        if self._outcome is None:
            log = self._order.directory / "engine.log"
            self._outcome = ("void", crash_reason(status, log, self._oom_before, oom_kills()))

    def _on_sampler(self, sampler: Child, raw: bytes | None) -> None:
        message = _message(raw)
        if message is None:
            ended = sampler.wait(EXIT_S)
            self._sampler = None
            if "sampled" not in self._ready:
                self._sampler_died = how_ended(ended)
        elif message["type"] == "ready":
            self._ready.add("sampler")
            self._sources = {k: message[k] for k in ("channels", "absent", "rates_hz")}
        elif message["type"] == "end":
            self._ready.add("sampled")
            self._keep_ends(message)
            self._sampler_reason(str(message.get("reason", "")))

    def _sampler_reason(self, reason: str) -> None:
        if reason.startswith(("disk-full", "spool-unwritable")):
            self.stop(reason)
            if self._outcome == ("valid", ""):
                self._outcome = ("incomplete", reason)
        elif reason:
            self._sampler_died = reason

    def _go_on(self) -> None:
        """Do what the state now asks for."""
        waits = self._sampler is not None and "sampler" not in self._ready
        if (
            self._engine is not None
            and not self._running
            and "engine" in self._ready
            and not waits
        ):
            self._running = True
            self._alive()
            self._engine.sender.send("go")
        if self._engine_at_work():
            return
        if self._sampler is not None and not self._sampler.sender.broken:
            self._sampler.sender.close()
            self._sampler_by_s = time.monotonic() + SAMPLER_S
        if self._sampler is None and self._engine is not None:
            self._engine.sender.close()

    def _keep_ends(self, message: Message) -> None:
        try:
            self._ends += [end_from(found) for found in message["streams"]]
        except (KeyError, TypeError, ValueError):
            return  # the files themselves say it, see found_ends

    def _tell(self) -> None:
        self._spoken_s = time.monotonic()
        self._send("progress", {"number": self._order.number, **self._progress})


def _message(raw: bytes | None) -> Message | None:
    """What a child said, None at its end; a line that is no message says nothing."""
    if raw is None:
        return None
    try:
        return decode(raw)
    except WireError:
        return {"type": "garbled"}


def _seconds(found: object) -> float:
    return float(found) if isinstance(found, int | float) and found > 0 else 0.0
