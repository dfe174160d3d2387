"""What a figure is: lines for the eye, and a table of what was recorded.

x is kept as whole steps from one point to the next, which is short and exact; a y of None means
that a gap lies there and no line may be drawn across.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host.handover.text import Txt
from host.handover.trace import FloatArray, IntArray

# A drawn value needs no more digits than a pixel of a screen resolves (1 in about 4000).
_DRAWN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One drawn line. x: differences in steps of the figure's `x_step`; name: channel."""

    attempt: int
    name: str
    x: tuple[int, ...]
    y: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One request of one attempt, times in ns from the start of the request."""

    label: str
    prefill: tuple[int, int]
    end: int
    ticks: tuple[int, ...]  # differences, from the start of the request on
    warmup: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """A row of the table below a figure, from all that was recorded.

    low, mean, high are printed with `unit` in its own column; "" where there is no reading.
    """

    attempt: int
    name: Txt
    unit: str
    recorded: int
    drawn: int
    gaps: int
    low: str = ""
    mean: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows. step: what one step of `Line.x` is in `unit`, 1 for y."""

    name: Txt
    unit: str
    step: float = 1.0
    log: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the figure at x (in the axis' unit): `name` names it, `value` is printed."""

    name: Txt
    x: float
    value: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart.

    kind: `time` (lines over the time of an attempt, with phases), `steps` (the same, drawn as
    steps), `share` (ECDF), `bars` (histogram; x are left edges, the last bar is open) or `rows`.
    why_empty: set when there is nothing to draw.
    """

    id: str
    kind: str
    title: Txt
    x: Axis
    y: Axis
    lines: tuple[Line, ...] = ()
    rows: tuple[tuple[int, tuple[Row, ...]], ...] = ()
    gaps: tuple[tuple[int, tuple[int, ...]], ...] = ()
    marks: tuple[Mark, ...] = ()
    summaries: tuple[Summary, ...] = ()
    notes: tuple[Txt, ...] = ()
    why_empty: tuple[Txt, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def recorded(self) -> int:
        return sum(s.recorded for s in self.summaries)

    @property
    def drawn(self) -> int:
        return sum(s.drawn for s in self.summaries)


TIME_S = Axis(Txt(zh="自尝试开始的时间", en="time since the attempt began"), "s", step=1e-6)


def steps(values: IntArray) -> tuple[int, ...]:
    """First value, then each difference to the one before."""
    return tuple(np.diff(values, prepend=0).tolist())


def drawn_value(value: float) -> float:
    """A value with as many digits as can be seen; whole numbers as int, they are shorter."""
    short = float(f"{value:.{_DRAWN_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short  # noqa: PLR2004


def low_mean_high(values: FloatArray | Sequence[float]) -> tuple[str, str, str]:
    """Smallest, mean and largest of all recorded values, six digits; "" for none.

    The mean is of the readings as they came, not weighted by time.
    """
    if len(values) == 0:
        return "", "", ""
    listed = np.asarray(values, dtype=np.float64).tolist()
    # fsum is exact: the same digits on every machine, whatever its vector units.
    found = (min(listed), math.fsum(listed) / len(listed), max(listed))
    low, mean, high = (f"{value:.6g}" for value in found)
    return low, mean, high
