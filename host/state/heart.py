"""Signs of life to the watchdog, from a thread and a connection of its own.

For a host that waits long on its other connection. Each sign costs the device one `sh`, so give
it seldom: a third of the watchdog's patience. A run that the device does by itself gives its
signs itself, at the cost of a write (`agent/lease.py`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from host.errors import ControlError, TransportError, UsageError
from host.state.keeper import Keeper
from host.transport.base import Transport


class Heart:
    """Beats until it is closed. A cut link is no end: the next beat may get through.

    Use as a context manager. connect: a new way to the device; the first is made with the first
    beat, so that a short run makes none. lost: "" or why there is nothing left to keep alive.
    """

    def __init__(
        self,
        connect: Callable[[], Transport],
        keeper: Callable[[Transport], Keeper],
        every_s: float,
    ) -> None:
        self._connect, self._keeper, self._every_s = connect, keeper, every_s
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
        transport: Transport | None = None
        keeper: Keeper | None = None
        while not self.lost and not self._stop.wait(self._every_s):
            try:
                if transport is None or keeper is None:
                    transport = self._connect()
                    keeper = self._keeper(transport)
                life = keeper.beat()
            except (TransportError, ControlError, UsageError):
                self.missed += 1
                _close(transport)
                transport = keeper = None
            else:
                if life == "lost":
                    self.lost = "lease-lost: the device heard nothing of us"
        _close(transport)


def _close(transport: Transport | None) -> None:
    if transport is not None:
        with contextlib.suppress(TransportError, OSError):  # it is lost already
            transport.close()
