"""Sources that answer through a program of the device: `dumpsys`, `vcgencmd`, `ipmitool`.

A call takes 1 ms to 1 s (`shared` reference, sources 5.3 and 5.4), far too long for the loop that
reads everything else. So a thread waits for the answer, and the loop takes the answer at its next
turn, with the stamps of the call itself. Starting a process costs the device something each time
and none of it is in the sampler's CPU time: the rates are low, and each source says its own.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from collectors.device.part import error_name
from collectors.protocol import Clock, Grabbed, Scope
from collectors.reading import Channel, Gap, Missing, Reading, Value

# Longer than any answer that is asked for here: `dumpsys thermalservice` of a phone is 10 KiB.
ANSWER_BYTES = 1 << 18
# `dumpsys` itself gives a service ten seconds (its option -t); what measures waits less.
TIMEOUT_S = 4.0
# Slots are put off by up to 0.2 of their period, so two turns may lie this much closer.
_EARLY_RATIO = 0.5

Parse = Callable[[bytes], Sequence[Value]]


def program(scope: Scope, name: str) -> str | None:
    """The path of a program, or None where there is none."""
    return shutil.which(name, path=scope.search)


def answer_of(argv: Sequence[str], timeout_s: float = TIMEOUT_S) -> bytes | Missing:
    """What a program prints, bounded in time and size; what it writes to stderr is not kept.

    No shell: the words go to the program as they are.
    """
    # Imported on use: most machines have no source of this sort, and it takes 6 ms.
    import subprocess

    deadline_s = time.monotonic() + timeout_s
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as err:
        return Missing(f"not-answered: {error_name(err)}")
    with child:
        data = _heard(child.stdout, deadline_s)
        if isinstance(data, bytes):
            try:
                child.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                data = Missing("not-answered: it did not end in time")
        if isinstance(data, Missing):
            _kill(child.pid)
    if isinstance(data, bytes) and child.returncode:
        return Missing(f"not-answered: status {child.returncode}")
    return data or Missing("empty")


def _heard(pipe: IO[bytes] | None, deadline_s: float) -> bytes | Missing:
    """All that comes until the far end closes; what comes too late or is too much is refused."""
    if pipe is None:
        return b""
    waits = select.poll()
    waits.register(pipe)
    data = bytearray()
    while len(data) <= ANSWER_BYTES:
        if not waits.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
            return Missing("not-answered: no end of it in time")
        chunk = os.read(pipe.fileno(), 1 << 16)
        if not chunk:
            return bytes(data)
        data += chunk
    return Missing(f"too-long: more than {ANSWER_BYTES} bytes")


def _kill(pid: int) -> None:
    """The child and what it started: it leads a group of its own. Gone already is as good."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask, and what each of its channels is in the answer.

    ask: gives the answer or why there is none, in bounded time; never raises.
    parse: gives one value per channel, in their order, and never raises.
    """

    ask: Callable[[], bytes | Missing]
    channels: tuple[Channel, ...]
    parse: Parse


class Asked:
    """A collector that asks and waits beside the loop, at most `max_hz` times a second."""

    __slots__ = (
        "_answer",
        "_clock",
        "_closed",
        "_question",
        "_started_ns",
        "_thread",
        "beside",
        "max_hz",
    )

    def __init__(self, question: Question, clock: Clock, max_hz: float) -> None:
        self._question = question
        self._clock = clock
        self._answer: Grabbed | None = None
        self._thread: threading.Thread | None = None
        self._started_ns: int | None = None
        self._closed = False
        self.beside = True
        self.max_hz = max_hz

    def describe(self) -> tuple[Channel, ...]:
        return self._question.channels

    def read(self) -> tuple[Reading | Gap, ...]:
        t0_ns, t1_ns, raws = self.grab()
        return tuple(
            Gap(channel.name, t0_ns, value.reason)
            if isinstance(value, Missing)
            else Reading(channel.name, t0_ns, t1_ns, value)
            for channel, value in zip(self.describe(), self.values(raws), strict=True)
        )

    def grab(self) -> Grabbed:
        """The first time the answer to a question of now, later the newest that has come."""
        if self._closed:
            return self._nothing("closed")
        if self._started_ns is None:
            found = self._asked()
            self._ask_beside()
        else:
            found = self._newest()
            if self._is_due():
                self._ask_beside()
        return found

    def last(self) -> Grabbed | None:
        if self._closed:
            return None
        self._wait()
        return self._asked()

    def values(self, raws: Sequence[object]) -> Sequence[Value]:
        (data,) = raws
        if isinstance(data, bytes):
            return self._question.parse(data)
        missing = data if isinstance(data, Missing) else Missing("empty")
        return (missing,) * len(self._question.channels)

    def close(self) -> None:
        self._closed = True
        self._wait()

    def _newest(self) -> Grabbed:
        found, self._answer = self._answer, None
        return found or self._nothing("pending: no new answer since the reading before")

    def _is_due(self) -> bool:
        """Whether no question is open and the last one is old enough."""
        if self._answer is not None or (self._thread is not None and self._thread.is_alive()):
            return False
        least_ns = _EARLY_RATIO * 1e9 / self.max_hz
        return self._clock.now_ns() - (self._started_ns or 0) >= least_ns

    def _ask_beside(self) -> None:
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        self._answer = self._asked()

    def _asked(self) -> Grabbed:
        t0_ns = self._started_ns = self._clock.now_ns()
        data = self._question.ask()
        return t0_ns, self._clock.now_ns(), (data,)

    def _nothing(self, reason: str) -> Grabbed:
        now_ns = self._clock.now_ns()
        return now_ns, now_ns, (Missing(reason),)

    def _wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
