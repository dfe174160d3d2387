"""How the samples of a fast meter are kept: rows of fixed length, and what follows from a row.

A row is what came, little endian: the word of a PPK2, or a float for each channel (and the
instrument's own stamp, where it has a clock). Channels follow from rows by a coding
(`codings.py`), at any later time. What a folder says of its rows is data: it is checked here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from collectors.reading import Channel, Kind

Rows = npt.NDArray[np.void]

OWN, WORD = "own_ns", "word"
PLAIN = "plain"
# Faster samples are given on as means over equal steps, which keeps every joule. 1 kHz resolves
# phases from 50 ms on (host/reduce/energy.py, MIN_UPDATES), and an hour of it fits the memory.
MOST_HZ: Final = 1000.0
# How late the quickest sample comes: USB 2.0, 5.3.3, serves a full-speed bus in frames of 1 ms.
USB_FRAME_S: Final = 1e-3
_TYPES: Final = frozenset({"<f8", "<i8", "<u4"})
_MOST_COLUMNS, _MOST_NAME = 64, 200
_MOST_HZ, _MOST_S, _MOST_COUNT = 1e7, 10.0, 2**31


class LayoutError(ValueError):
    """What a folder says of kept samples cannot be."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of one meter.

    columns: (name, numpy type), in order. rate_hz: nominal. gives: channels that follow from a
    row. coding, parameters: how they do. hides: a loss of a multiple of so many samples does not
    show in the numbers; 0: every loss shows. link_s: how late the quickest sample may come.
    """

    columns: tuple[tuple[str, str], ...]
    rate_hz: float
    gives: tuple[str, ...]
    coding: str = PLAIN
    parameters: Mapping[str, Any] = field(default_factory=dict)
    hides: int = 0
    link_s: float = USB_FRAME_S

    @property
    def dtype(self) -> np.dtype[np.void]:
        return np.dtype(list(self.columns))

    @property
    def group(self) -> int:
        """How many samples make one reading."""
        return max(1, math.ceil(self.rate_hz / MOST_HZ))

    @property
    def own_clock(self) -> bool:
        """Whether the instrument stamps its samples itself."""
        return any(name == OWN for name, _ in self.columns)


def plain(
    channels: Sequence[Channel], rate_hz: float, *, own_clock: bool = False, hides: int = 0
) -> Layout:
    """A row of one float for each channel, after the instrument's own stamp where it has one."""
    names = tuple(c.name for c in channels)
    own = ((OWN, "<i8"),) if own_clock else ()
    return Layout((*own, *((name, "<f8") for name in names)), rate_hz, names, hides=hides)


def readings_of(layout: Layout, channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """The channels as they are given on: means of so many samples where they come faster."""
    found = tuple(c for c in channels if c.name in layout.gives)
    if layout.group == 1:
        return found
    note = f"mean of {layout.group} samples"
    return tuple(
        replace(
            c,
            kind=Kind.AVERAGE,
            averaging_s=layout.group / layout.rate_hz,
            note=f"{c.note}; {note}" if c.note else note,
        )
        for c in found
    )


def told(layout: Layout) -> dict[str, Any]:
    """As JSON keeps it."""
    return {**asdict(layout), "parameters": dict(layout.parameters)}


def layout_of(said: object) -> Layout:
    """What `told` gave, from a folder that is not trusted. Raises LayoutError."""
    if not isinstance(said, Mapping):
        raise LayoutError("the samples are not described")
    try:
        columns = tuple((str(name), str(kind)) for name, kind in said["columns"])
        found = Layout(
            columns=columns,
            rate_hz=_number(said["rate_hz"], _MOST_HZ),
            gives=tuple(str(name) for name in said["gives"]),
            coding=str(said["coding"]),
            parameters=dict(said["parameters"]),
            hides=int(_number(said["hides"], _MOST_COUNT)),
            link_s=_number(said["link_s"], _MOST_S),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise LayoutError(f"the samples are described in an odd way: {err!r}") from err
    names = [name for name, _ in columns]
    odd = [n for n in (*names, *found.gives) if not n or len(n) > _MOST_NAME]
    if odd or len(set(names)) != len(names) or not 0 < len(names) <= _MOST_COLUMNS:
        raise LayoutError("the columns of the samples have odd names")
    if not {kind for _, kind in columns} <= _TYPES or not found.rate_hz:
        raise LayoutError("the columns of the samples have odd types, or no rate")
    return found


def _number(value: object, most: float) -> float:
    """From 0 to most. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(value)
    return float(value)
