"""FNIRSI FNB58, FNB48S, FNB48, C1: USB meters over HID; 100 samples a second, smoothed.

Reports of 64 bytes `AA`, kind, ..., CRC-8 of bytes 1 to 62 (polynomial 0x39, start 0x42). Kind 4
has four samples of 15 bytes from byte 2 on: V and I as u32 in 10 uV and 10 uA, D+ and D- in mV,
a filler, temperature in 0.1 degC; one report each 40 ms. Sampling goes on for a second after each
keep-alive. Source: baryluk/fnirsi-usb-power-data-logger, fnirsi_logger.py (MIT).
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass, replace

import numpy as np

from collectors.meters.frames import collect
from collectors.meters.layout import Layout, plain
from collectors.meters.line_drained import arrived_ns
from collectors.meters.polled import Field
from collectors.meters.protocol import Block, Identity, Line, Setting
from collectors.meters.stream import Came, Numbering, channels
from collectors.meters.usb_fields import amperes, celsius, volts, watts
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Kind

REPORT_BYTES = 64
RATE_HZ = 100.0
PREFIX, DATA = 0xAA, 0x04
_ALIVE = 0x83
_SAMPLES, _FIRST_SAMPLE = 4, 2
_SAMPLE = struct.Struct("<IIHHBH")  # 15 bytes: V, I, D+, D-, filler, temperature
_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class Model:
    """smoothed_s: over how long (fqueze/usb-power-profiling, README.md, 2025-05).

    starts: commands that start it, in order. alive_s: how often it wants 0x83.
    """

    name: str
    smoothed_s: float
    starts: tuple[int, ...]
    alive_s: float


MODELS = {
    "fnb58": Model("FNB58", 0.12, (0x81, 0x82, 0x82), 1.0),
    "fnb48s": Model("FNB48S", 0.12, (0x81, 0x82, 0x82), 1.0),
    "fnb48": Model("FNB48", 0.12, (0x81, 0x82, 0x83), 0.003),
    "c1": Model("C1", 0.5, (0x81, 0x82, 0x83), 0.003),
}


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x39, start value 0x42, most significant bit first."""
    crc = 0x42
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x39) & 0xFF if crc & 0x80 else crc << 1
    return crc


def command(code: int) -> bytes:
    """A report that asks for something."""
    body = bytes((PREFIX, code)).ljust(REPORT_BYTES - 1, b"\0")
    return body + bytes((crc8(body[1:]),))


class Fnirsi:
    """A FastMeter. line: gives and takes reports of 64 bytes.

    Reports have no number: one that never came shows only in the fit of samples to stamps. One
    that came torn is four samples lost. Untried on hardware.
    """

    def __init__(self, line: Line, clock: Clock, model: str = "fnb58", name: str = "") -> None:
        self._line, self._clock, self._model = line, clock, MODELS[model]
        source, prefix = f"{line.name} report 04", name or model
        over_s = self._model.smoothed_s
        note = f"smoothed over {1000 * over_s:g} ms; no certificate, check two points first"
        self._fields: tuple[Field, ...] = (
            _smoothed(volts(f"{prefix}.voltage", source, _STEP, note), over_s),
            _smoothed(amperes(f"{prefix}.current", source, _STEP, note), over_s),
            _smoothed(watts(f"{prefix}.power", source, note), over_s),
            celsius(f"{prefix}.inside.temperature", source, 0.1),
        )
        self._numbers = Numbering(self._fields)
        self._alive_due_s = 0.0
        self._closed = False

    @property
    def identity(self) -> Identity:
        return Identity("FNIRSI", self._model.name, "", "")

    @property
    def rate_hz(self) -> float:
        return RATE_HZ

    @property
    def layout(self) -> Layout:
        return plain(self.describe(), self.rate_hz, hides=_SAMPLES)

    def describe(self) -> tuple[Channel, ...]:
        return channels(self._fields, counted=False)

    def begin(self) -> tuple[Setting, ...]:
        self._numbers = Numbering(self._fields)
        for code in self._model.starts:
            self._line.send(command(code))
        self._alive_due_s = time.monotonic() + self._model.alive_s
        return ()

    def read(self, *, timeout_s: float) -> Block | None:
        """The samples of one report."""
        if time.monotonic() >= self._alive_due_s:
            self._line.send(command(_ALIVE))
            self._alive_due_s = time.monotonic() + self._model.alive_s
        report = collect(self._line, REPORT_BYTES, timeout_s=timeout_s)
        received_ns = arrived_ns(self._line, self._clock)
        if not report or (_holds(report) and report[1] != DATA):
            return None
        if not _holds(report):
            return self._torn(report, received_ns)
        offsets = (_FIRST_SAMPLE + _SAMPLE.size * at for at in range(_SAMPLES))
        rows = np.array([_SAMPLE.unpack_from(report, at) for at in offsets], np.float64)
        volt, ampere, degree = rows[:, 0], rows[:, 1], rows[:, 5]
        columns = (volt, ampere, volt * _STEP * ampere * _STEP, degree)
        values = {f.channel.name: c for f, c in zip(self._fields, columns, strict=True)}
        steps = np.ones(_SAMPLES, np.int64)
        return self._numbers.block(Came(received_ns, steps, values, ""))

    def end(self) -> tuple[Setting, ...]:
        """Nothing to send: it stops by itself a second after the last keep-alive."""
        return ()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._line.close()

    def _torn(self, report: bytes, received_ns: int) -> Block:
        reason = f"bad-checksum: {len(report)} bytes, {report[:4].hex(' ')}"
        lost = self._numbers.skip(_SAMPLES, reason)
        gap = Gap(self._fields[0].channel.name, received_ns, reason)
        return self._numbers.nothing(received_ns, (gap,), (lost,))


def _smoothed(field: Field, over_s: float) -> Field:
    """What is smoothed is taken as the mean over so long: its filter is not documented."""
    return replace(field, channel=replace(field.channel, kind=Kind.AVERAGE, averaging_s=over_s))


def _holds(report: bytes) -> bool:
    return len(report) == REPORT_BYTES and report[0] == PREFIX and report[-1] == crc8(report[1:-1])
