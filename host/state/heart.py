"""Signs of life to the watchdog, from a thread and a connection of its own.

For a host that waits long on its other connection. Each sign costs the device one `sh`, so give
it seldom: a third of the watchdog's patience. What lives on the device itself can write a new
word into `heartbeat` instead, at the cost of a write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from host.errors import ControlError, TransportError
from host.state.keeper import Keeper


class Heart:
    """Beats until it is closed. A cut link is no end: the next beat may get through.

    Use as a context manager. lost: "" or why there is nothing left to keep alive.
    """

    def __init__(self, connect: Callable[[], Keeper], every_s: float) -> None:
        self._connect, self._every_s = connect, every_s
        self._stop = threading.Event()
        self.lost = ""
        self.missed = 0
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        keeper: Keeper | None = None
        while not self._stop.is_set() and not self.lost:
            try:
                keeper = keeper or self._connect()
                life = keeper.beat()
            except (TransportError, ControlError):
                keeper, self.missed = None, self.missed + 1
            else:
                if life == "lost":
                    self.lost = "lease-lost: the device heard nothing of us"
            self._stop.wait(self._every_s)
