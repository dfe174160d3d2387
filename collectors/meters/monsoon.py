"""Monsoon HVPM by its own library (extra `monsoon`): 5000 samples a second, for phones on a bench.

The library does USB and settings; packets are decoded here, since its own engine stamps with the
wall clock, prints, and keeps only the newest count of dropped ones. Source: Monsoon 0.1.88 (MIT),
sampleEngine.py and HVPM.py. A packet of 64 bytes: dropped u16 (little endian), flags, number of
samples; a sample of 18 bytes: eight u16 big endian (main coarse, main fine, USB coarse, fine, aux
coarse, fine, main voltage, USB voltage), flags, and in the last byte the kind: 0x00 measured, 0x10
zero calibration, 0x30 reference calibration.
"""

from __future__ import annotations

import errno
import math
from array import array
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from collectors.meters.layout import Layout, plain
from collectors.meters.polled import Field
from collectors.meters.protocol import Block, FloatArray, Identity, MeterError, Setting
from collectors.meters.stream import Came, IntArray, Numbering, channels
from collectors.protocol import Clock
from collectors.reading import Channel, Kind, Quantity, Unit

EXTRA = "monsoon"
RATE_HZ = 5000.0
PACKET_BYTES, HEAD_BYTES, SAMPLE_BYTES = 64, 4, 18
MOST_SAMPLES = (PACKET_BYTES - HEAD_BYTES) // SAMPLE_BYTES
FINE_BELOW = 64000  # raw fine readings from here on are clipped: the coarse path counts
VOLT_STEP = 62.5e-6 * 4  # one count of the ADC, and the divider of the HVPM's main channel
MEASURED, ZERO, REFERENCE, KINDS = 0x00, 0x10, 0x30, 0x30
CALIBRATIONS = 5  # as many of the newest ones are averaged
MOST_V, MOST_A = 27.0, 12.0  # twice 13.5 V and 6 A (HVPM data sheet)
LOW_V, HIGH_V = 0.8, 13.5
_ERRORS = (OSError, ValueError, AttributeError, RuntimeError)
_WRAPS = 65536  # the count of dropped ones has 16 bits
_CALIBRATION_MS = 1250  # the library's own default between calibrations
_MOST_BYTES = 64 * 1024
_LOST = "lost: dropped by the instrument, or no packet of samples"
_CALIBRATING = "calibrating: the instrument measured its own zero or reference"
_SCALES = ("mainCoarseScale", "mainFineScale", "mainCoarseZeroOffset", "mainFineZeroOffset")
_SAMPLE = np.dtype(
    {
        "names": ["coarse", "fine", "volt", "kind"],
        "formats": [">u2", ">u2", ">u2", "u1"],
        "offsets": [0, 2, 12, 17],
        "itemsize": SAMPLE_BYTES,
    }
)


def own_library() -> object:
    """The library's `HVPM.Monsoon()`. Raises MeterError where the extra is not installed."""
    try:
        from Monsoon import HVPM
    except ImportError as err:
        raise MeterError(EXTRA, f"not installed: pip install inferometer[{EXTRA}]") from err
    library: object = HVPM.Monsoon()
    return library


@dataclass(slots=True)
class _Path:
    """One of the two current paths, and its newest calibrations in raw counts."""

    zeros: deque[float] = field(default_factory=lambda: deque(maxlen=CALIBRATIONS))
    references: deque[float] = field(default_factory=lambda: deque(maxlen=CALIBRATIONS))

    def milliamperes(self, raw: FloatArray, scale: float, offset: float) -> FloatArray:
        """(raw - zero) * scale / (reference - zero), zero = offset + mean of zeros; NaN before."""
        if not self.zeros or not self.references:
            return np.full(len(raw), np.nan)
        zero = offset + float(np.mean(self.zeros))
        span = float(np.mean(self.references)) - zero
        return (raw - zero) * scale / span if span else np.full(len(raw), np.nan)


class Monsoon:
    """A FastMeter. Power is voltage times current of one sample.

    library: has the methods of `Monsoon.HVPM.Monsoon`. volts: what it is to feed; None: as it was
    set. Calibration samples take the place of measurements: those are lost, with that reason, and
    so are all before the first calibrations. What the instrument says it dropped is lost too;
    whether it counts samples or packets of three is not documented. Untried on hardware.
    """

    def __init__(
        self,
        library: object,
        clock: Clock,
        *,
        serial: int | None = None,
        volts: float | None = None,
        name: str = "monsoon",
    ) -> None:
        if volts is not None and not LOW_V <= volts <= HIGH_V:
            raise MeterError(EXTRA, f"an HVPM gives {LOW_V} to {HIGH_V} V, not {volts}")
        self._library, self._clock, self._volts = library, clock, volts
        self._fields = _fields(name)
        self._numbers, self._coarse, self._fine = Numbering(self._fields), _Path(), _Path()
        self._dropped: int | None = None
        self._missed = 0  # since the last sample
        self._started = self._closed = False
        self._do("setup_usb", serial)
        self._do("fillStatusPacket")

    @property
    def identity(self) -> Identity:
        serial, firmware = (self._status(word) for word in ("serialNumber", "firmwareVersion"))
        return Identity("Monsoon Solutions", "HVPM", f"{serial:.0f}", f"{firmware:.0f}")

    @property
    def rate_hz(self) -> float:
        return RATE_HZ

    @property
    def layout(self) -> Layout:
        return plain(self.describe(), self.rate_hz)

    def describe(self) -> tuple[Channel, ...]:
        return channels(self._fields)

    def begin(self) -> tuple[Setting, ...]:
        """The voltage is measured, not read back: the instrument does not tell what was set."""
        settings = [Setting(word, "as calibrated", f"{self._status(word):g}") for word in _SCALES]
        if self._volts is not None:
            self._do("setVout", self._volts)
            settings.append(Setting("voltage", f"{self._volts} V", "not told: see the readings"))
        self._numbers, self._coarse, self._fine = Numbering(self._fields), _Path(), _Path()
        self._dropped, self._missed = None, 0
        self._do("StartSampling", _CALIBRATION_MS)
        self._started = True
        return tuple(settings)

    def read(self, *, timeout_s: float) -> Block | None:
        """One bulk read; how long the library waits for it is its own choice (1 s)."""
        data = self._bulk()
        received_ns = self._clock.now_ns()
        samples, steps = self._unpacked(data[:_MOST_BYTES])
        return self._block(samples, steps, received_ns) if len(samples) else None

    def end(self) -> tuple[Setting, ...]:
        if self._started:
            self._started = False
            self._do("stopSampling")
        return ()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._do("closeDevice")

    def _bulk(self) -> bytes:
        """What the library has; b"" where nothing came in its time."""
        try:
            data = self._call("BulkRead")
        except _ERRORS as err:
            if isinstance(err, OSError) and err.errno == errno.ETIMEDOUT:
                return b""
            raise MeterError(EXTRA, f"BulkRead failed: {type(err).__name__}: {err}") from err
        return bytes(data) if isinstance(data, bytes | bytearray | array | list) else b""

    def _unpacked(self, raw: bytes) -> tuple[npt.NDArray[np.void], IntArray]:
        """All samples of these packets, and how far each is from the one before it."""
        found, steps = [np.empty(0, _SAMPLE)], [np.empty(0, np.int64)]
        for at in range(0, len(raw), PACKET_BYTES):
            packet = raw[at : at + PACKET_BYTES]
            count = packet[3] if len(packet) > HEAD_BYTES else 0
            if not 0 < count <= (len(packet) - HEAD_BYTES) // SAMPLE_BYTES:
                self._missed += MOST_SAMPLES
                continue
            dropped = int.from_bytes(packet[:2], "little")
            if self._dropped is not None:
                self._missed += (dropped - self._dropped) % _WRAPS
            self._dropped = dropped
            found.append(np.frombuffer(packet, _SAMPLE, count, HEAD_BYTES))
            steps.append(np.array([1 + self._missed, *[1] * (count - 1)], np.int64))
            self._missed = 0
        return np.concatenate(found), np.concatenate(steps)

    def _block(self, samples: npt.NDArray[np.void], steps: IntArray, received_ns: int) -> Block:
        kinds = samples["kind"] & KINDS
        for path, column in ((self._coarse, "coarse"), (self._fine, "fine")):
            path.zeros.extend(samples[column][kinds == ZERO].astype(float))
            path.references.extend(samples[column][kinds == REFERENCE].astype(float))
        measured = kinds == MEASURED
        ampere = self._amperes(samples)
        volt = samples["volt"].astype(float) * VOLT_STEP
        columns = (volt, ampere, volt * ampere)
        values = {f.channel.name: c for f, c in zip(self._fields, columns, strict=True)}
        spoilt = (~measured, _CALIBRATING)
        return self._numbers.block(Came(received_ns, steps, values, _LOST, spoilt=spoilt))

    def _amperes(self, samples: npt.NDArray[np.void]) -> FloatArray:
        coarse, fine = samples["coarse"].astype(float), samples["fine"].astype(float)
        coarse_ma = self._coarse.milliamperes(
            coarse, self._status("mainCoarseScale"), self._status("mainCoarseZeroOffset")
        )
        fine_ua = self._fine.milliamperes(
            fine, self._status("mainFineScale"), self._status("mainFineZeroOffset")
        )
        return np.where(fine < FINE_BELOW, fine_ua * 1e-6, coarse_ma * 1e-3)

    def _status(self, word: str) -> float:
        """A number of the library's status packet. Raises MeterError where it is none."""
        found = getattr(getattr(self._library, "statusPacket", None), word, None)
        if isinstance(found, int | float) and math.isfinite(found):
            return float(found)
        raise MeterError(EXTRA, f"the instrument does not tell its {word}")

    def _call(self, method: str, *arguments: object) -> object:
        found: object = getattr(self._library, method)(*arguments)
        return found

    def _do(self, method: str, *arguments: object) -> object:
        """Call the library. Raises MeterError for whatever it raises of its own or of USB."""
        try:
            return self._call(method, *arguments)
        except _ERRORS as err:
            raise MeterError(EXTRA, f"{method} failed: {type(err).__name__}: {err}") from err


def _fields(prefix: str) -> tuple[Field, ...]:
    def one(word: str, unit: Unit, quantity: Quantity, most: float) -> Field:
        tier = "A-" if quantity is Quantity.POWER else ""
        name, source = f"{prefix}.{word}", "Monsoon HVPM main channel"
        return Field(Channel(name, unit, Kind.INSTANT, quantity, source, tier=tier), -most, most)

    return (
        one("voltage", Unit.VOLT, Quantity.VOLTAGE, MOST_V),
        one("current", Unit.AMPERE, Quantity.CURRENT, MOST_A),
        one("power", Unit.WATT, Quantity.POWER, MOST_V * MOST_A),
    )
