"""A server that is started for an attempt: on a free port, waited for, ended with the engine."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.engines.base import EngineError
from agent.engines.http_chunks import shown
from agent.evidence import LOG_TAIL_BYTES, log_tail

POLL_S = 0.02  # how well the end of a start is seen
END_S = 5.0  # after SIGTERM
_LOG = 2  # descriptor of the engine's log
DYING_S = 1.0  # between a connection that breaks and the end of its process
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def free_port(host: str) -> int:
    """A TCP port that nobody listens on now; another program may take it before the server."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


# The process is there, and so can be sampled, before it begins to load: it stops itself, and keeps
# its number when it becomes the server.
HELD = ("/bin/sh", "-c", 'kill -STOP $$; exec "$@"', "sh")


class ServerProcess:
    """The program of a server. What it prints goes to the engine's log (descriptor 2)."""

    def __init__(self, argv: Sequence[str]) -> None:
        """The process, held until `go`. Raises EngineError `server-not-started`."""
        if os.name != "posix":
            raise EngineError("server-not-started", "a server can be started on POSIX alone")
        try:
            self._process = subprocess.Popen(
                [*HELD, *argv],
                stdin=subprocess.DEVNULL,
                stdout=2,
                stderr=2,
                preexec_fn=_dying_with_us(),  # noqa: PLW1509 - calls libc alone, imports nothing
                start_new_session=True,
            )
        except OSError as err:
            raise EngineError("server-not-started", f"{HELD[0]}: {err.strerror}") from err
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ended(self) -> int | None:
        """How it ended, below zero for a signal; None for one that goes on.

        A process that dies closes its connections a moment before it is seen to have ended.
        """
        try:
            return self._process.wait(DYING_S)
        except subprocess.TimeoutExpired:
            return None

    def go(self) -> None:
        """Let it load."""
        self._signal(signal.SIGCONT)

    def wait_until(self, healthy: Callable[[], bool], timeout_s: float) -> float:
        """Wait for its health; how long before the end of this it may have been healthy, s.

        Raises EngineError `server-not-started`.
        """
        asked_s = failed_s = time.monotonic()
        until_s = asked_s + timeout_s
        pause = threading.Event()
        while not healthy():
            failed_s = asked_s
            status = self._process.poll()
            if status is not None:
                raise _not_started(f"it ended with status {status}")
            if time.monotonic() > until_s:
                raise _not_started(f"it does not answer within {timeout_s:g} s")
            pause.wait(POLL_S)
            asked_s = time.monotonic()
        return time.monotonic() - failed_s

    def close(self) -> None:
        """End it and all that it started, at once when it does not end by itself."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a process that is held hears nothing else
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)


def _not_started(why: str) -> EngineError:
    """With the last that it printed, where that is a file: engine.log of an attempt."""
    is_file = stat.S_ISREG(os.fstat(_LOG).st_mode)
    said = log_tail(Path(f"/proc/self/fd/{_LOG}")) if is_file else b""
    return EngineError("server-not-started", with_last_line(why, said))


def with_last_line(why: str, said: bytes) -> str:
    """A reason, and the last line of what a program printed that says something."""
    lines = [line for line in said[-LOG_TAIL_BYTES:].splitlines() if line.strip()]
    return f"{why}; it printed last: {shown(lines[-1])}" if lines else why


def _dying_with_us() -> Callable[[], None] | None:
    """Between fork and exec: die when the engine's process does, however that ends (prctl(2)).

    The library is loaded before, for nothing may be imported after a fork. Where there is no such
    call the server ends with `close` alone.
    """
    if not sys.platform.startswith("linux"):
        return None
    call = ctypes.CDLL(None).prctl

    def die_with_us() -> None:
        call(_PR_SET_PDEATHSIG, int(signal.SIGKILL))

    return die_with_us
