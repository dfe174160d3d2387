"""ChargerLAB POWER-Z KM003C: a USB-C meter over USB bulk transfers, little endian.

A question is its kind, a number, and what is asked for times two (u16); an answer of kind 0x41
repeats the number, and has a second head: what it is (15 bits), how many samples (6 bits), bytes
of each (10 bits). Source: okhsunrog/km003c-protocol-research, docs/protocol_reference.md and
docs/features/adcqueue.md (facts only).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from collectors.device.part import Missing, Value
from collectors.meters.layout import Layout, plain
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Block, Identity, Line, MeterError, Setting
from collectors.meters.stream import Came, Numbering, channels
from collectors.meters.usb_fields import HOBBY, amperes, celsius, volts, watts
from collectors.protocol import Clock
from collectors.reading import Channel, Gap

CONNECT, ACCEPT, GET, START, STOP, PUT = 0x02, 0x05, 0x0C, 0x0E, 0x0F, 0x41
ADC, QUEUE = 0x0001, 0x0002
RATES = {2: 0, 10: 1, 50: 2, 1000: 3}  # samples a second -> code of the start command
_HIDDEN_TICKS = 65536  # the sequence number has 16 bits
TICK_HZ = 1000  # the sequence number counts ms, whatever the rate
PERIOD_S = 0.001
MOST_BYTES = 4096
_HEADS = 8
_SAMPLE_BYTES = 20
_ADC_BYTES = 44
_HEAD_BYTES = 4
_MOST_STALE = 4  # answers to earlier questions that may still come
_QUEUE = np.dtype(
    [("tick", "<u2"), ("mark", "<u2"), ("volt", "<i4"), ("ampere", "<i4"), ("rest", "V8")]
)
QUEUE_PERIOD_S = 0.04  # the maker's program asks each 42 ms
LOST = "lost: the sequence number jumps; multiples of 65.536 s more cannot be told"
_STEP = 1e-6
_TEMPERATURE_STEP = 1 / 128
_ANSWER_S = 2.0


@dataclass(slots=True)
class _Wire:
    """Questions and answers, each with a number that the answer repeats."""

    line: Line
    number: int = 0

    def ask(self, kind: int, what: int, *, timeout_s: float) -> bytes | Missing:
        """The answer to this question; one to an earlier question is thrown away."""
        self.number = (self.number + 1) % 256
        self.line.send(struct.pack("<BBH", kind, self.number, what << 1))
        for _ in range(_MOST_STALE):
            answer = self.line.receive(MOST_BYTES, timeout_s=timeout_s)
            if not answer:
                return Missing(f"not-answered: nothing in {timeout_s:.3g} s")
            if len(answer) >= _HEAD_BYTES and answer[1] == self.number:
                return answer
        return Missing("wrong-answer: only to other questions")


def _fields(line: Line, what: str, name: str) -> tuple[Field, ...]:
    source = f"{line.name} {what}"
    return (
        volts(f"{name}.voltage", source, _STEP),
        amperes(f"{name}.current", source, _STEP),
        watts(f"{name}.power", source, f"voltage times current of one sample; {HOBBY}"),
    )


def _payload(answer: bytes | Missing, what: int) -> tuple[bytes, int] | Missing:
    """What stands behind the heads, and how many samples it says it has."""
    if isinstance(answer, Missing):
        return answer
    if answer[0] & 0x7F != PUT or len(answer) < _HEADS:
        return Missing(f"wrong-answer: kind 0x{answer[0]:02X}, {len(answer)} bytes")
    (head,) = struct.unpack_from("<I", answer, 4)
    if head & 0x7FFF != what:
        return Missing(f"wrong-answer: attribute {head & 0x7FFF}")
    return answer[_HEADS:], head >> 16 & 0x3F


def open_km003c(line: Line, clock: Clock, *, name: str = "km003c") -> Polled:
    """One value a question, up to 1000 a second: a Meter for firmware of every kind.

    line: gives one USB transfer a call. Raises MeterError where none answers. Untried on hardware.
    """
    wire = _Wire(line)
    _accepted(wire, CONNECT, 0)
    inside = celsius(f"{name}.inside.temperature", f"{line.name} ADC", _TEMPERATURE_STEP)
    fields = (*_fields(line, "ADC", name), inside)

    def ask(timeout_s: float) -> Sequence[Value]:
        found = _payload(wire.ask(GET, ADC, timeout_s=timeout_s), ADC)
        if not isinstance(found, Missing) and len(found[0]) < _ADC_BYTES:
            found = Missing(f"wrong-answer: {len(found[0])} bytes of ADC data")
        return (found,) * len(fields) if isinstance(found, Missing) else _adc_values(found[0])

    identity = Identity("ChargerLAB", "POWER-Z KM003C", "", "")
    return Polled(Asked(identity, fields, ask, PERIOD_S), clock, line.close)


def _adc_values(payload: bytes) -> tuple[Value, ...]:
    """V and I of now at 0 and 4, temperature at 24."""
    volt, ampere = struct.unpack_from("<ii", payload)
    (temperature,) = struct.unpack_from("<h", payload, 24)
    return (volt, ampere, volt * _STEP * ampere * _STEP, temperature)


def _accepted(wire: _Wire, kind: int, what: int) -> None:
    """Raises MeterError where the command is not accepted."""
    answer = wire.ask(kind, what, timeout_s=_ANSWER_S)
    if isinstance(answer, Missing) or answer[0] & 0x7F != ACCEPT:
        said = answer.reason if isinstance(answer, Missing) else answer[:4].hex(" ")
        raise MeterError(wire.line.name, f"no KM003C, or it refuses 0x{kind:02X}: {said}")


class Km003cQueue:
    """A FastMeter: the samples that the instrument queues, each with a sequence number.

    Late firmware (1.9.9) queues nothing for a host that has not proven itself to be the maker's
    program; then nothing ever comes, and `open_km003c` is the way. Untried on hardware.
    """

    def __init__(
        self, line: Line, clock: Clock, *, rate_hz: int = 1000, name: str = "km003c"
    ) -> None:
        if rate_hz not in RATES:
            raise MeterError(line.name, f"a KM003C samples at {sorted(RATES)} Hz, not {rate_hz}")
        self._wire, self._clock, self._rate_hz = _Wire(line), clock, rate_hz
        self._fields = _fields(line, "AdcQueue", name)
        self._numbers = Numbering(self._fields)
        self._last_tick: int | None = None
        self._due_s = 0.0
        self._started = self._closed = False
        _accepted(self._wire, CONNECT, 0)

    @property
    def identity(self) -> Identity:
        return Identity("ChargerLAB", "POWER-Z KM003C", "", "")

    @property
    def rate_hz(self) -> float:
        return float(self._rate_hz)

    @property
    def layout(self) -> Layout:
        return plain(self.describe(), self.rate_hz, hides=_HIDDEN_TICKS * self._rate_hz // TICK_HZ)

    def describe(self) -> tuple[Channel, ...]:
        return channels(self._fields)

    def begin(self) -> tuple[Setting, ...]:
        self._numbers, self._last_tick = Numbering(self._fields), None
        _accepted(self._wire, START, RATES[self._rate_hz])
        self._started = True
        return (Setting("rate", f"{self._rate_hz} Hz", "accepted, not told"),)

    def read(self, *, timeout_s: float) -> Block | None:
        """What was queued since the last question; asks no sooner than 40 ms after that."""
        wait_s = max(0.0, self._due_s - time.monotonic())
        if wait_s > timeout_s:
            return None
        time.sleep(wait_s)
        self._due_s = time.monotonic() + QUEUE_PERIOD_S
        answer = self._wire.ask(GET, QUEUE, timeout_s=timeout_s - wait_s)
        received_ns = self._clock.now_ns()
        if isinstance(answer, Missing) or (len(answer) < _HEADS and answer[0] & 0x7F == PUT):
            return None  # silence, or an empty queue
        found = _payload(answer, QUEUE)
        if not isinstance(found, Missing) and len(found[0]) != found[1] * _SAMPLE_BYTES:
            found = Missing(f"wrong-answer: {len(found[0])} bytes for {found[1]} samples")
        if isinstance(found, Missing):
            return self._nothing(found.reason, received_ns)
        return self._block(np.frombuffer(found[0], _QUEUE), received_ns)

    def end(self) -> tuple[Setting, ...]:
        if self._started:
            self._started = False
            self._wire.ask(STOP, 0, timeout_s=_ANSWER_S)
        return ()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._wire.line.close()

    def _block(self, samples: npt.NDArray[np.void], received_ns: int) -> Block:
        per_sample = TICK_HZ // self._rate_hz
        ticks = samples["tick"].astype(np.int64)
        first = ticks[0] - per_sample if self._last_tick is None else self._last_tick
        passed = np.diff(ticks, prepend=np.int64(first)) % _HIDDEN_TICKS
        fresh = passed > 0  # the same tick again is the same sample again
        steps = np.maximum(1, np.rint(passed[fresh] / per_sample)).astype(np.int64)
        gaps: tuple[Gap, ...] = ()
        if not fresh.all():
            reason = f"repeated: {np.count_nonzero(~fresh)} samples"
            gaps = (Gap(self._fields[0].channel.name, received_ns, reason),)
        self._last_tick = int(ticks[-1])
        volt, ampere = (samples[fresh][word].astype(float) for word in ("volt", "ampere"))
        columns = (volt, ampere, volt * _STEP * ampere * _STEP)
        values = {f.channel.name: c for f, c in zip(self._fields, columns, strict=True)}
        return self._numbers.block(Came(received_ns, steps, values, LOST, None, gaps))

    def _nothing(self, reason: str, received_ns: int) -> Block:
        gap = Gap(self._fields[0].channel.name, received_ns, reason)
        return self._numbers.nothing(received_ns, (gap,))
