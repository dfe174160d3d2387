"""Replays a recording: no model, no computing, the same output each time.

The model path is a JSON recording or the folder of an attempt (see `recording.py`). Setting
`stamps`: `now` puts the recorded spans after the device's clock as it is at load (the clock of
this engine then runs ahead of the device's, for nothing is waited for; with `paced` it waits
and both agree); `recorded` starts at one second and goes on by the recorded spans and by a
microsecond for each look at the clock, so that the spool has the same bytes each time.
Tokens of a text are its bytes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.engines.base import EngineError, Generated, Mark, TokenSink
from agent.engines.recording import Fault, Recorded, Recording, load_recording
from agent.engines.settings import BAD_SETTING, resolve
from collectors.protocol import Clock

DEFAULTS: dict[str, Any] = {"stamps": "now", "paced": False, "n_ctx": 1 << 20}
START_NS, LOOK_NS = 1_000_000_000, 1000


class ReplayClock:
    """The device's clock, set forward by what was replayed, or a clock of the recording alone."""

    def __init__(self, base: Clock, *, paced: bool, recorded: bool) -> None:
        self._base = base
        self._paced = paced
        self._ahead_ns = 0
        self._fixed_ns = START_NS if recorded else None

    @property
    def domain(self) -> str:
        return self._base.domain

    def now_ns(self) -> int:
        if self._fixed_ns is not None:
            self._fixed_ns += LOOK_NS
            return self._fixed_ns
        return self._base.now_ns() + self._ahead_ns

    def advance_to(self, t_ns: int) -> None:
        """Make it `t_ns`, by waiting or by setting it forward; never back."""
        ahead_ns = t_ns - self.now_ns()
        if ahead_ns <= 0:
            return
        if self._fixed_ns is not None:
            self._fixed_ns = t_ns
        elif self._paced:
            threading.Event().wait(ahead_ns * 1e-9)
        else:
            self._ahead_ns += ahead_ns


def open_engine(model: Path, given: Mapping[str, Any], clock: Clock) -> Replay:
    """Check the settings. Raises EngineError."""
    settings = resolve("replay", DEFAULTS, given)
    if settings["stamps"] not in {"now", "recorded"}:
        raise EngineError(BAD_SETTING, "replay setting stamps is neither now nor recorded")
    recorded = settings["stamps"] == "recorded"
    return Replay(model, settings, ReplayClock(clock, paced=settings["paced"], recorded=recorded))


class Replay:
    """Gives the recorded requests in turn, from the first again after the last."""

    def __init__(self, model: Path, settings: Mapping[str, Any], clock: ReplayClock) -> None:
        self._path = model
        self._settings = dict(settings)
        self._clock = clock
        self._recording: Recording | None = None
        self._served = 0

    @property
    def clock(self) -> ReplayClock:
        return self._clock

    def load(self, *, vocabulary_only: bool = False) -> None:
        recording = self._recording = load_recording(self._path)
        if vocabulary_only:
            return
        self._do([f for f in recording.faults if f.request is None])
        self._clock.advance_to(self._clock.now_ns() + recording.load_ns)

    def describe(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"kind": "replay", "settings": dict(self._settings)}
        if self._recording is not None:
            facts["model"] = {"desc": "recording", "requests": len(self._recording.requests)}
        return facts

    def tokenize(self, text: str) -> list[int]:
        return list(text.encode())

    def piece(self, token: int) -> bytes:
        found = self._recording.pieces.get(token) if self._recording is not None else None
        return bytes([token & 255]) if found is None else found

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        if len(prompt) + output_tokens > self._settings["n_ctx"]:
            raise EngineError("context-full", f"n_ctx is {self._settings['n_ctx']}")
        recorded = self._next()
        start_ns = mark("prefill_start")
        self._clock.advance_to(start_ns + recorded.prefill_ns)
        mark("prefill_end")
        faults = self._faults()
        for index, token in enumerate(recorded.tokens[:output_tokens]):
            self._do([f for f in faults if f.token == index])
            self._clock.advance_to(start_ns + token.t_ns)
            on_token(start_ns + token.ready_ns, start_ns + token.t_ns, token.token)
        self._clock.advance_to(start_ns + recorded.end_ns)
        return Generated(recorded.stop_reason if stop_at_end else "length")

    def close(self) -> None:
        self._recording = None

    def _next(self) -> Recorded:
        if self._recording is None:
            raise EngineError("not-loaded", "the recording is not loaded")
        requests = self._recording.requests
        found = requests[self._served % len(requests)]
        self._served += 1
        return found

    def _faults(self) -> list[Fault]:
        """What the recording says shall go wrong in the request that runs."""
        faults = self._recording.faults if self._recording is not None else ()
        return [f for f in faults if f.request == self._served - 1]

    def _do(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            if fault.do == "hang":
                threading.Event().wait()
            if fault.do == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            if fault.do == "exit":
                os._exit(3)
            if fault.do == "out-of-memory":
                raise MemoryError("as the recording says")
            raise EngineError("replayed", f"{fault.do}, as the recording says")
