"""Meters that answer questions: one question, one answer, one reading of every channel."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from collectors.device.part import Missing, Value
from collectors.meters.protocol import Identity, Setting
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Reading


@dataclass(frozen=True, slots=True)
class Field:
    """A channel, and the limits (in the reading's own steps) outside of which it is no reading.

    The limits are wide: what the instrument could show at all, not what it measures well.
    """

    channel: Channel
    low: float
    high: float

    def judged(self, value: Value) -> Value:
        """The value, or why it is none: not a number, or outside of the limits."""
        if isinstance(value, Missing):
            return value
        if isinstance(value, float) and not math.isfinite(value):
            return Missing("not-a-number")
        if not self.low <= value <= self.high:
            shown = str(value)[:24]
            return Missing(f"overrange: {shown} outside of {self.low:.6g} to {self.high:.6g}")
        return value


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question gives.

    ask: seconds it may take -> one value for each field; raises MeterError where the line is gone.
    period_s: how often the instrument has something new; asked sooner, it repeats itself.
    settings: what was found set in the instrument when it was opened.
    """

    identity: Identity
    fields: tuple[Field, ...]
    ask: Callable[[float], Sequence[Value]]
    period_s: float
    settings: tuple[Setting, ...] = ()


class Polled:
    """A Meter (collectors/meters/protocol.py) that is asked no more often than it has news.

    An answer that does not come or does not hold is a Gap for every channel, with its reason.
    """

    def __init__(self, asked: Asked, clock: Clock, close: Callable[[], None]) -> None:
        self._asked, self._clock, self._close = asked, clock, close
        self._due_s = -math.inf
        self._closed = False

    @property
    def identity(self) -> Identity:
        return self._asked.identity

    def describe(self) -> tuple[Channel, ...]:
        period_s = self._asked.period_s
        return tuple(replace(f.channel, refresh_s=period_s) for f in self._asked.fields)

    def begin(self) -> tuple[Setting, ...]:
        self._due_s = -math.inf
        return self._asked.settings

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        """Waits until something new is due; () where that is after `timeout_s`.

        The answer then has `timeout_s` for itself: of a meter that has news once a second nearly
        all of a second is waited for, and what was left would be no time to answer in.
        """
        wait_s = max(0.0, self._due_s - time.monotonic())
        if wait_s > timeout_s:
            return ()
        time.sleep(wait_s)
        self._due_s = time.monotonic() + self._asked.period_s
        fields = self._asked.fields
        t0_ns = self._clock.now_ns()
        values: Sequence[Value] = (Missing("closed"),) * len(fields)
        if not self._closed:
            values = self._asked.ask(timeout_s)
        t1_ns = self._clock.now_ns()
        return tuple(
            entry(field, value, t0_ns, t1_ns) for field, value in zip(fields, values, strict=True)
        )

    def end(self) -> tuple[Setting, ...]:
        return ()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._close()


def entry(field: Field, value: Value, t0_ns: int, t1_ns: int) -> Reading | Gap:
    """The reading of a value that holds, or the gap that says why it does not."""
    judged = field.judged(value)
    if isinstance(judged, Missing):
        return Gap(field.channel.name, t0_ns, judged.reason)
    return Reading(field.channel.name, t0_ns, t1_ns, judged)
