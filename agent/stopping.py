"""Waiting for the next slot, or for the end, whichever comes first."""

from __future__ import annotations

import os
import select
import threading


class Stop:
    """As `threading.Event`, waited for by select(2) on a pipe where the platform can.

    An Event's timed wait costs 35 us of CPU more each time (2026-11, two cores), which at 100 Hz
    is a third of a per cent of a core. Set from any thread or signal handler; stays set.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        # On Windows select takes sockets alone (Python library reference, select).
        self._pipe = os.pipe() if os.name == "posix" else None

    def set(self) -> None:
        """Let every wait end now."""
        if self._pipe is not None and not self._event.is_set():
            os.write(self._pipe[1], b"\n")
        self._event.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Whether the end has come, at once or within so many seconds."""
        if self._pipe is None:
            return self._event.wait(timeout)
        bound = None if timeout is None else max(0.0, timeout)
        return bool(select.select((self._pipe[0],), (), (), bound)[0])

    def close(self) -> None:
        """Give the descriptors back; what waits afterwards is told the end."""
        self._event.set()
        if self._pipe is not None:
            pipe, self._pipe = self._pipe, None
            for fd in pipe:
                os.close(fd)
