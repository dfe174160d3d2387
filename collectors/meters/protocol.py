"""The roles of a meter on the bench, and of the line that it is spoken to over.

All stamps are of the host's clock. Nothing here is shipped to devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from collectors.meters.layout import Layout
from collectors.reading import Channel, Gap, Reading

FloatArray = npt.NDArray[np.float64]


class MeterError(Exception):
    """A meter cannot be used, or said something that it must not: (meter, what)."""

    def __init__(self, meter: str, what: str) -> None:
        super().__init__(meter, what)
        self.meter, self.what = meter, what

    def __str__(self) -> str:
        return f"{self.meter}: {self.what}"


class SettingError(MeterError):
    """A setting of a meter is not stated, or is none of it: what was asked for is wrong."""


class Line(Protocol):
    """Bytes to and from one instrument: a serial port, a socket, a VISA resource.

    name: as people know it, `serial:/dev/ttyUSB0`, `tcp:10.0.0.5:5025`. Methods raise MeterError
    when the line is gone.
    """

    @property
    def name(self) -> str: ...

    def send(self, data: bytes) -> None: ...

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        """What has come, at most so many bytes; waits for the first one. b"" when none came."""
        ...

    def close(self) -> None: ...


class Transcript(Protocol):
    """Keeps everything that was said and answered, in order, with a stamp."""

    def sent(self, t_ns: int, data: bytes) -> None: ...

    def received(self, t_ns: int, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """What a meter says it is; "" where it does not say. said: its answer as it came, cut."""

    maker: str
    model: str
    serial: str
    firmware: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that was set and read back, in the instrument's own words."""

    name: str
    wanted: str
    found: str


class Meter(Protocol):
    """An instrument that gives one set of readings at a time.

    Its channels have `tier` "A-" where they are evidence of power and the instrument is a meter
    of its own, "B" or "C" else. `begin` may range and set; it raises MeterError where a setting
    does not read back. After `begin`, `read` waits for the next update and never raises for what
    the instrument leaves out: that is a Gap. It raises MeterError when the instrument is gone.
    """

    @property
    def identity(self) -> Identity: ...

    def describe(self) -> tuple[Channel, ...]: ...

    def begin(self) -> tuple[Setting, ...]: ...

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        """One Reading or Gap for each channel; () where nothing came in time."""
        ...

    def end(self) -> tuple[Setting, ...]:
        """Stop, and put back what `begin` changed. May be called twice."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of a fast meter that came together.

    first: number of the first sample since the start, lost ones counted. received_ns: when the
    last byte of the block had come. values: by channel, in the channel's unit, one a sample. lost:
    (first, count, reason) of samples that the instrument skipped before or inside this block.
    own_ns: the instrument's own stamp of each sample, where it has a clock. words: what came,
    where values follow from it; that is kept then.
    """

    first: int
    received_ns: int
    values: Mapping[str, FloatArray]
    lost: tuple[tuple[int, int, str], ...] = ()
    own_ns: npt.NDArray[np.int64] | None = None
    gaps: tuple[Gap, ...] = field(default=())
    words: npt.NDArray[np.uint32] | None = None


@runtime_checkable
class FastMeter(Protocol):
    """An instrument that sends samples by itself at a rate of its own.

    rate_hz: nominal; what it really is, is found by the fit of sample numbers to stamps.
    """

    @property
    def identity(self) -> Identity: ...

    @property
    def rate_hz(self) -> float: ...

    @property
    def layout(self) -> Layout:
        """How its samples are kept; holds from `begin` on."""
        ...

    def describe(self) -> tuple[Channel, ...]: ...

    def begin(self) -> tuple[Setting, ...]: ...

    def read(self, *, timeout_s: float) -> Block | None:
        """The next block; None where nothing came in time."""
        ...

    def end(self) -> tuple[Setting, ...]: ...

    def close(self) -> None: ...
