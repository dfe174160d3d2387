"""A meter on the bench that gives what it is told to give, one set of readings for each `give`."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from collectors.meters.protocol import Identity, MeterError, Setting, Transcript
from collectors.reading import Channel, Gap, Kind, Quantity, Reading, Unit

CHANNELS = (
    Channel("meter.m1.power", Unit.WATT, Kind.INSTANT, Quantity.POWER, ":NUM:VAL?", tier="A-"),
    Channel("meter.m1.voltage", Unit.VOLT, Kind.INSTANT, Quantity.VOLTAGE, ":NUM:VAL?"),
)


class BenchMeter:
    """Meets `Meter`. lose: the next read fails so, after all that was given before."""

    def __init__(
        self,
        transcript: Transcript,
        *,
        refuses: str = "",
        channels: tuple[Channel, ...] = CHANNELS,
    ) -> None:
        self._transcript, self._refuses = transcript, refuses
        self._channels = channels
        self._sets: queue.Queue[tuple[Reading | Gap, ...] | Exception] = queue.Queue()
        self.closed = False

    @property
    def identity(self) -> Identity:
        return Identity("Test", "M1", "0815", "1.0", "Test,M1,0815,1.0")

    def describe(self) -> tuple[Channel, ...]:
        return self._channels

    def begin(self) -> tuple[Setting, ...]:
        self._transcript.sent(1, b"*IDN?\n")
        self._transcript.received(2, b"Test,M1,0815,1.0\r\n\\\xff")
        if self._refuses:
            raise MeterError("m1", self._refuses)
        return (Setting("range", "5 A", "5 A"),)

    def give(self, *found: Reading | Gap) -> None:
        self._sets.put(tuple(found))

    def lose(self, why: Exception) -> None:
        self._sets.put(why)

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        try:
            found = self._sets.get(timeout=min(timeout_s, 0.05))
        except queue.Empty:
            return ()
        if isinstance(found, Exception):
            raise found
        return found

    def all_taken(self) -> bool:
        return self._sets.empty()

    def end(self) -> tuple[Setting, ...]:
        return (Setting("range", "auto", "auto"),)

    def close(self) -> None:
        self.closed = True


def power(t_ns: int, value: float, took_ns: int = 1_000) -> Sequence[Reading]:
    """A set of both channels at a moment."""
    return (
        Reading("meter.m1.power", t_ns, t_ns + took_ns, value),
        Reading("meter.m1.voltage", t_ns, t_ns + took_ns, 12.0),
    )
