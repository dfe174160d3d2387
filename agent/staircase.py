"""A load in steps for transfer calibration: busy processes that are told how much to compute.

A level is a share of the CPUs that this process may use: whole CPUs are kept busy by one process
each, the rest of one by a process that computes for that share of every SLICE_S. They are
children of the engine's process, with its CPUs and priority, and end with it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from agent.children import command

# Shorter than any source here averages or is read over; long beside a switch of threads (5 ms in
# CPython) would be longer still, so that the share is only nearly what was asked: the level is a
# name for a step, power is what the meter says.
SLICE_S = 0.05
_ROUNDS = 2000  # some 0.1 ms of computing between two looks at the clock
EXIT_S = 5.0

Note = Callable[[str, Mapping[str, Any]], object]


def cpus() -> int:
    """How many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(level: float, count: int) -> tuple[float, ...]:
    """The share of its CPU that each of `count` processes computes, 0 to 1, for a level 0 to 1."""
    busy = level * count
    return tuple(min(1.0, max(0.0, busy - number)) for number in range(count))


def play(
    levels: Sequence[float],
    dwell_s: float,
    stop: threading.Event,
    note: Note,
    begin: Callable[[], None],
) -> None:
    """Hold each level for `dwell_s`; returns early when told to stop.

    begin: called before each step. note: told `step_start` and `step_end` with the step's number
    from 0, its level and the CPUs; the load is as said at both. Raises OSError where no process
    can be started.
    """
    count = cpus()
    with _processes(count) as pipes:
        for number, level in enumerate(levels):
            begin()
            for pipe, share in zip(pipes, shares(level, count), strict=True):
                pipe.write(f"{share:.6f}\n".encode())
            about = {"step": number, "level": level, "cpus": count}
            note("step_start", about)
            stopped = stop.wait(dwell_s)
            note("step_end", about)
            if stopped:
                return


@contextlib.contextmanager
def _processes(count: int) -> Iterator[list[IO[bytes]]]:
    """The pipes to `count` idle processes; closing a pipe ends its process."""
    argv, environment = command("duty")
    found: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, bufsize=0
            )
            found.append(process)
        yield [p.stdin for p in found if p.stdin is not None]
    finally:
        for process in found:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        for process in found:
            _ended(process)


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(EXIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Duty:
    """The share that this process computes, set by a thread that hears of it. None: the end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.share: float | None = 0.0

    def set(self, share: float | None) -> None:
        with self._changed:
            self.share = share
            self._changed.notify()

    def rest(self, seconds: float | None) -> None:
        """Wait so long, or until the share changes; None: until it does."""
        with self._changed:
            if seconds is not None or self.share == 0.0:
                self._changed.wait(seconds)


def main() -> int:
    """The role `duty`: lines with a share on stdin, until it ends."""
    duty = Duty()
    threading.Thread(target=_hear, args=(duty,), daemon=True).start()
    while (share := duty.share) is not None:
        if share <= 0.0:
            duty.rest(None)
            continue
        until_s = time.monotonic() + share * SLICE_S
        while time.monotonic() < until_s:
            _compute()
        if share < 1.0:
            duty.rest((1.0 - share) * SLICE_S)
    return 0


def _hear(duty: Duty) -> None:
    with contextlib.suppress(ValueError):  # a line that is no number is the end too
        for line in sys.stdin.buffer:
            duty.set(min(1.0, max(0.0, float(line))))
    duty.set(None)


def _compute() -> None:
    x = 1
    for _ in range(_ROUNDS):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF  # ISO C's example of rand()
