"""A made-up supply that measures well for a while and then fails in a way of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.fakes.meters.scpi_bench import DP832, ScpiBench

POWER = "MEAS:POWE? CH1"
# How long it takes to answer for a power; a meter that answers at once is asked without end.
ANSWER_S = 0.02

Fault = Callable[[], bytes]


def unplugged() -> bytes:
    """The connection breaks, as it does where a cable is pulled from a gateway."""
    raise OSError("unplugged")


def silent() -> bytes:
    return b""


def babbling() -> bytes:
    """Noise without an end of line, more than any answer can be."""
    return b"\x00\xf8\x80" * 30_000


def over_range() -> bytes:
    return b"9.90000000E+37\n"


def turned_round() -> bytes:
    """The leads of the current are swapped."""
    return b"-15.004\n"


class Failing(ScpiBench):
    """A DP832 that answers `good` questions for power, and then only as its fault does."""

    def __init__(self, serial: str, good: int, fault: Fault) -> None:
        super().__init__(DP832.replace("DP8C000000001", serial))
        self._good, self._fault = good, fault
        self._asked = 0
        self._pace = threading.Event()
        self.struck = threading.Event()

    def hang_up(self) -> None:
        self._pace.set()

    def hear(self, message: str) -> bytes:
        if self.struck.is_set() and self._fault in (unplugged, silent):
            return self._fault()
        if message == POWER:
            self._pace.wait(ANSWER_S)
            self._asked += 1
            if self._asked > self._good:
                self.struck.set()
                return self._fault()
        return super().hear(message)
