"""AVHzY CT-3, C3, KT002 (Shizuku): USB-C meters that stamp every sample with a clock of their own.

Frames `A5`, length u32, payload, exclusive or of the payload, `5A`; little endian. A command is
01, command, request number, 0, arguments; its answer repeats the number and ends in 0x80; a sample
is 04 00, number of the start command, 00, V and A as floats, and last a u64 in us.
Source: fqueze/usb-power-profiling, usb-power-profiling.js (facts only), version of 2025.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from functools import reduce
from operator import xor

import numpy as np

from collectors.meters.frames import Buffered, hush
from collectors.meters.layout import Layout, plain
from collectors.meters.polled import Field
from collectors.meters.protocol import Block, Identity, Line, MeterError, Setting
from collectors.meters.stream import Came, Numbering, channels
from collectors.meters.usb_fields import HOBBY, amperes, volts, watts
from collectors.protocol import Clock
from collectors.reading import Channel, Gap

START, STOP = 9, 7
FIRST, LAST, ANSWER = 0xA5, 0x5A, 0x80
_HEAD = struct.Struct("<BI")
_AROUND = _HEAD.size + 2  # with the sum and the last byte
_SAMPLE_HEAD = struct.Struct("<BBBBff")
_SHORTEST_SAMPLE = _SAMPLE_HEAD.size + 8
_MOST_PAYLOAD = 256  # samples have some tens of bytes
_MOST_KEPT = 65536
_ANSWER_BYTES = 4
_ANSWER_S, _SILENCE_S = 1.0, 0.05
_MOST_PASSED_US = 60_000_000  # a jump of more than a minute is the instrument's clock, not a loss
_MOST_OWN_US = 2**53  # 285 years
_LOST = "lost: the instrument's own stamps jump"


@dataclass(frozen=True, slots=True)
class _Sample:
    volt: float
    ampere: float
    own_us: int


class Avhzy:
    """A FastMeter. Its own clock and the interval that was set number the samples.

    There is no read-back of the interval: that the command was answered is what is known.
    Untried on hardware.
    """

    def __init__(
        self, line: Line, clock: Clock, *, interval_ms: int = 1, name: str = "avhzy"
    ) -> None:
        self._line, self._clock, self._interval_ms = line, clock, interval_ms
        source = f"{line.name} samples"
        self._fields: tuple[Field, ...] = (
            volts(f"{name}.voltage", source, 1.0),
            amperes(f"{name}.current", source, 1.0),
            watts(f"{name}.power", source, f"voltage times current of one frame; {HOBBY}"),
        )
        self._bytes = Buffered(line, _MOST_KEPT)
        self._numbers = Numbering(self._fields)
        self._ahead: tuple[list[bytes], int] = ([], 0)  # what came with the answer to the start
        self._request = self._sampling = 0
        self._last_us: int | None = None
        self._started = self._closed = False

    @property
    def identity(self) -> Identity:
        return Identity("AVHzY", "CT-3 or kin", "", "")

    @property
    def rate_hz(self) -> float:
        return 1000 / self._interval_ms

    @property
    def layout(self) -> Layout:
        return plain(self.describe(), self.rate_hz, own_clock=True)

    def describe(self) -> tuple[Channel, ...]:
        return channels(self._fields)

    def begin(self) -> tuple[Setting, ...]:
        """Stop what was going on, and start. Raises MeterError where it does not answer."""
        self._send(STOP)
        if not hush(self._line, silence_s=_SILENCE_S):
            raise MeterError(self._line.name, "babbling: it does not stop sending")
        self._bytes.clear()
        self._numbers, self._last_us = Numbering(self._fields), None
        self._sampling = self._send(START, struct.pack("<I", self._interval_ms))
        self._wait_for_answer(self._sampling)
        self._started = True
        return (Setting("interval", f"{self._interval_ms} ms", "answered, not told"),)

    def read(self, *, timeout_s: float) -> Block | None:
        (payloads, spoilt), self._ahead = self._ahead, ([], 0)
        if not payloads:
            self._bytes.fill(timeout_s=timeout_s)
            more, more_spoilt = _payloads(self._bytes)
            payloads, spoilt = payloads + more, spoilt + more_spoilt
        received_ns = self._clock.now_ns()
        samples = [s for p in payloads if (s := _sample(p, self._sampling)) is not None]
        gaps = []
        if spoilt:
            gaps.append(
                Gap(self._fields[0].channel.name, received_ns, f"bad-frame: {spoilt} bytes")
            )
        if not samples:
            return self._numbers.nothing(received_ns, tuple(gaps)) if gaps else None
        return self._block(samples, tuple(gaps), received_ns)

    def end(self) -> tuple[Setting, ...]:
        if self._started:
            self._started = False
            self._send(STOP)
        return ()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._line.close()

    def _block(self, samples: list[_Sample], gaps: tuple[Gap, ...], received_ns: int) -> Block:
        interval_us = 1000 * self._interval_ms
        taken, steps = [], []
        for sample in samples:
            passed_us = interval_us if self._last_us is None else sample.own_us - self._last_us
            if passed_us <= 0:
                reason = f"own-clock-back: by {-passed_us} us"
                gaps = (*gaps, Gap(self._fields[0].channel.name, received_ns, reason))
                passed_us = interval_us
            self._last_us = sample.own_us
            taken.append(sample)
            steps.append(max(1, round(min(passed_us, _MOST_PASSED_US) / interval_us)))
        volt = np.array([s.volt for s in taken], np.float64)
        ampere = np.array([s.ampere for s in taken], np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            columns = (volt, ampere, volt * ampere)
        values = {f.channel.name: c for f, c in zip(self._fields, columns, strict=True)}
        own_ns = 1000 * np.array([s.own_us for s in taken], np.int64)
        counted = np.array(steps, np.int64)
        return self._numbers.block(Came(received_ns, counted, values, _LOST, own_ns, gaps))

    def _send(self, command: int, arguments: bytes = b"") -> int:
        """Send a command; the number of the request."""
        self._request = (self._request + 1) % 256
        payload = bytes((1, command, self._request, 0)) + arguments
        frame = _HEAD.pack(FIRST, len(payload)) + payload + bytes((reduce(xor, payload), LAST))
        self._line.send(frame)
        return self._request

    def _wait_for_answer(self, request: int) -> None:
        deadline = time.monotonic() + _ANSWER_S
        while (left_s := deadline - time.monotonic()) > 0:
            self._bytes.fill(timeout_s=left_s)
            payloads, spoilt = _payloads(self._bytes)
            for at, payload in enumerate(payloads):
                if _answers(payload, request):
                    self._ahead = payloads[at + 1 :], spoilt
                    return
        raise MeterError(self._line.name, f"did not answer the command to start in {_ANSWER_S} s")


def _answers(payload: bytes, request: int) -> bool:
    return len(payload) == _ANSWER_BYTES and payload[2] == request and payload[3] == ANSWER


def _payloads(kept: Buffered) -> tuple[list[bytes], int]:
    """Payloads of the whole frames that hold, cut off what is kept; bytes that were none."""
    found, spoilt, at, data = [], 0, 0, kept.kept
    while at + _AROUND <= len(data):
        first, length = _HEAD.unpack_from(data, at)
        end = at + _AROUND + length
        if first != FIRST or not 0 < length <= _MOST_PAYLOAD:
            spoilt, at = spoilt + 1, at + 1
            continue
        if end > len(data):
            break
        payload = data[at + _HEAD.size : end - 2]
        if data[end - 1] == LAST and data[end - 2] == reduce(xor, payload):
            found.append(payload)
            at = end
        else:
            spoilt, at = spoilt + 1, at + 1
    kept.drop(at)
    return found, spoilt


def _sample(payload: bytes, sampling: int) -> _Sample | None:
    """A sample of this start command; None for every other payload."""
    if len(payload) < _SHORTEST_SAMPLE or payload[:4] != bytes((4, 0, sampling, 0)):
        return None
    *_, volt, ampere = _SAMPLE_HEAD.unpack_from(payload)
    (own_us,) = struct.unpack("<Q", payload[-8:])
    return _Sample(volt, ampere, own_us) if own_us < _MOST_OWN_US else None
