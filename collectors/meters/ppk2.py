"""Nordic PPK2: 100,000 currents a second over a USB serial line, up to 1 A: boards, not phones.

Source: NordicSemiconductor/pc-nrfconnect-ppk, src/device/serialDevice.ts and src/constants.ts.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass

import numpy as np

from collectors.meters import ppk2_words as words
from collectors.meters.codings import PPK2
from collectors.meters.frames import CHUNK_BYTES, hush
from collectors.meters.layout import WORD, Layout
from collectors.meters.line_drained import arrived_ns
from collectors.meters.polled import Field
from collectors.meters.ppk2_metadata import END, Metadata, read_metadata
from collectors.meters.protocol import Block, FloatArray, Identity, Line, MeterError, Setting
from collectors.meters.stream import Came, Numbering, channels
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Kind, Quantity, Unit

RATE_HZ = 100_000.0
AVERAGE_START, AVERAGE_STOP, METADATA = b"\x06", b"\x07", b"\x19"
DUT_POWER, REGULATOR, MODE = 0x0C, 0x0D, 0x11
MODES = {"ampere": 1, "source": 2}
LOW_MV, HIGH_MV = 800, 5000
MOST_A = 1.1  # the instrument measures up to 1 A
_FULL_SCALE = 0x3FFF * 4  # what the ADC gives when there is more than the range holds
_TOP_RANGE = 4
_SILENCE_S = 0.05  # USB hands on within a few ms
_METADATA_BYTES, _METADATA_S = 8192, 2.0
LOST = "lost: the counter jumped; multiples of 64 more cannot be told"
NOT_TOLD = "not told by the instrument"
SAID_CHARS = 500
MOST_BYTES = 65536  # 164 ms of samples: what is taken off the line in one go
GATHERED_BYTES, _GATHER_S = 8192, 0.02  # less at a time costs more than it tells: 20 ms
_CURRENT = 3  # its place among the fields


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is to measure. mode: `source` (it feeds the device) or `ampere` (it sits in series).

    vdd_mv: what it feeds, or is fed, in mV. power: switch the device on and, at the end, off.
    """

    mode: str
    vdd_mv: int
    power: bool = False


def _fields(source: str, prefix: str, wanted: Wanted) -> tuple[Field, ...]:
    def one(word: str, unit: Unit, quantity: Quantity, most: float) -> Field:
        state = quantity is Quantity.STATE
        kind = Kind.STATE if state else Kind.INSTANT
        tier = "A-" if quantity is Quantity.POWER else ""
        channel = Channel(f"{prefix}.{word}", unit, kind, quantity, source, tier=tier)
        return Field(channel, 0 if state else -most, most)

    fields = (
        one("range", Unit.ONE, Quantity.STATE, _TOP_RANGE),
        one("adc", Unit.ONE, Quantity.STATE, _FULL_SCALE),
        one("logic", Unit.ONE, Quantity.STATE, 0xFF),
        one("current", Unit.AMPERE, Quantity.CURRENT, MOST_A),
    )
    if wanted.mode != "source":
        return fields
    return (*fields, one("power", Unit.WATT, Quantity.POWER, MOST_A * HIGH_MV / 1000))


class Ppk2:
    """A FastMeter. Power exists in source mode only: current times the voltage that was set.

    Raw ADC, range and calibration are kept beside the current, so that it can be redone. The
    spikes that Nordic's program smooths after a change of range are left in; a block says how
    many changes it has. Opening stops what the instrument was sending. Untried on hardware.
    """

    def __init__(self, line: Line, clock: Clock, wanted: Wanted, name: str = "ppk2") -> None:
        if wanted.mode not in MODES or not LOW_MV <= wanted.vdd_mv <= HIGH_MV:
            raise MeterError(line.name, f"a PPK2 cannot do {wanted.mode} at {wanted.vdd_mv} mV")
        self._line, self._clock, self._wanted = line, clock, wanted
        self._fields = _fields(f"{line.name} samples", name, wanted)
        self._metadata = _ask_metadata(line)
        self._stream, self._numbers = words.WordStream(), Numbering(self._fields)
        self._last: int | None = None
        self._started = self._closed = False

    @property
    def identity(self) -> Identity:
        told = self._metadata.told
        said = " ".join(f"{name}={text}" for name, text in sorted(told.items()))
        return Identity("Nordic Semiconductor", "PPK2", "", told.get("HW", ""), said[:SAID_CHARS])

    @property
    def rate_hz(self) -> float:
        return RATE_HZ

    @property
    def layout(self) -> Layout:
        current, *power = (f.channel.name for f in self._fields[_CURRENT:])
        modifiers = {name: row.tolist() for name, row in self._metadata.modifiers.items()}
        return Layout(
            columns=((WORD, "<u4"),),
            rate_hz=RATE_HZ,
            gives=(current, *power),
            coding=PPK2,
            parameters={
                "modifiers": modifiers,
                "vdd_v": self._wanted.vdd_mv / 1000,
                "current": current,
                "power": power[0] if power else "",
            },
            hides=words.COUNTS,
        )

    def describe(self) -> tuple[Channel, ...]:
        return channels(self._fields)

    def begin(self) -> tuple[Setting, ...]:
        """Set, read back what the instrument tells, start. Raises MeterError where it differs."""
        wanted = self._wanted
        self._line.send(bytes((MODE, MODES[wanted.mode])))
        self._line.send(struct.pack(">BH", REGULATOR, wanted.vdd_mv))
        if wanted.power:
            self._line.send(bytes((DUT_POWER, 1)))
        self._metadata = _ask_metadata(self._line)
        settings = (
            self._read_back("mode", MODES[wanted.mode]),
            self._read_back("VDD", wanted.vdd_mv),
            Setting("power", "on" if wanted.power else "as it was", NOT_TOLD),
        )
        self._stream, self._numbers = words.WordStream(), Numbering(self._fields)
        self._last = None
        self._line.send(AVERAGE_START)
        self._started = True
        return settings + self._metadata.settings

    def read(self, *, timeout_s: float) -> Block | None:
        torn = self._stream.torn_bytes
        data = self._line.receive(MOST_BYTES, timeout_s=timeout_s)
        while data and len(data) < GATHERED_BYTES:
            more = self._line.receive(MOST_BYTES, timeout_s=_GATHER_S)
            if not more:
                break
            data += more
        received_ns = arrived_ns(self._line, self._clock)
        found = self._stream.feed(data)
        if not len(found):
            return None
        gaps = self._gaps(found, self._stream.torn_bytes - torn, received_ns)
        steps = words.steps(found, self._last)
        self._last = int(words.counters(found)[-1])
        values = self._values(found)
        return self._numbers.block(Came(received_ns, steps, values, LOST, gaps=gaps, words=found))

    def end(self) -> tuple[Setting, ...]:
        if not self._started:
            return ()
        self._started = False
        self._line.send(AVERAGE_STOP)
        if not self._wanted.power:
            return ()
        self._line.send(bytes((DUT_POWER, 0)))
        return (Setting("power", "off", NOT_TOLD),)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._line.close()

    def _read_back(self, name: str, wanted: int) -> Setting:
        found = self._metadata.told.get(name, "")
        if found and found != str(wanted):
            raise MeterError(self._line.name, f"{name} was set to {wanted}, and is {found}")
        return Setting(name, str(wanted), found or NOT_TOLD)

    def _values(self, found: words.Words) -> dict[str, FloatArray]:
        adc, ranges, vdd_v = words.adc(found), words.ranges(found), self._wanted.vdd_mv / 1000
        current = self._metadata.amperes(adc, ranges, vdd_v)
        current[(ranges == _TOP_RANGE) & (adc == _FULL_SCALE)] = np.inf  # more than it measures
        columns = (ranges, adc, words.logic(found), current, current * vdd_v)
        fields = zip(self._fields, columns, strict=False)  # the last one in source mode only
        return {field.channel.name: column.astype(np.float64) for field, column in fields}

    def _gaps(self, found: words.Words, torn: int, received_ns: int) -> tuple[Gap, ...]:
        """What is to be known of a block beside its values, by the name of the current."""
        name = self._fields[_CURRENT].channel.name
        changes = int(np.count_nonzero(np.diff(words.ranges(found))))
        gaps = []
        if changes:
            gaps.append(Gap(name, received_ns, f"range-switch: {changes} in {len(found)} samples"))
        if torn:
            gaps.append(Gap(name, received_ns, f"torn: {torn} bytes fit no sample"))
        return tuple(gaps)


def _ask_metadata(line: Line) -> Metadata:
    """Stop, wait for silence, ask. Raises MeterError where there is no whole answer."""
    line.send(AVERAGE_STOP)
    if not hush(line, silence_s=_SILENCE_S):
        raise MeterError(line.name, "babbling: it does not stop sending")
    line.send(METADATA)
    deadline, data = time.monotonic() + _METADATA_S, b""
    while END not in data:
        left_s = deadline - time.monotonic()
        if left_s <= 0 or len(data) > _METADATA_BYTES:
            raise MeterError(line.name, f"no PPK2: {len(data)} bytes of metadata without END")
        data += line.receive(CHUNK_BYTES, timeout_s=left_s)
    return read_metadata(line.name, data[: data.index(END)])
