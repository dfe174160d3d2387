"""A Sensirion SHT3x or SHT4x behind a small bridge that prints lines of text.

A line has the temperature in degC and the relative humidity in %, as decimal numbers, in this
order: `23.41,45.2` or `T=23.41 RH=45.2`. The words are those of common bridge sketches; what the
sensor can give is from the SHT4x data sheet, table 1 and 2: +-0.2 degC, -40 to 125 degC.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from collectors.device.part import Missing, Value
from collectors.meters.frames import Buffered
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity, Line
from collectors.protocol import Clock
from collectors.reading import Channel, Kind, Quantity, Unit

LOW_C, HIGH_C = -40.0, 125.0
PERIOD_S = 1.0  # read faster, the sensor warms itself
_MOST_BYTES = 1024
_NUMBER = rb"(-?[0-9]{1,3}(?:\.[0-9]{1,4})?)"
_LINE = re.compile(
    rb"\s*(?:T\s*[:=]\s*)?"
    + _NUMBER
    + rb"\s*C?[\s,;]+(?:RH\s*[:=]\s*)?"
    + _NUMBER
    + rb"\s*%?\s*\Z"
)


def open_sht_text(line: Line, clock: Clock, *, name: str = "ambient") -> Polled:
    """The bridge on this line; the newest whole line counts. Untried on hardware."""
    kept = Buffered(line, _MOST_BYTES)
    air = Channel(
        f"{name}.air.temperature",
        Unit.CELSIUS,
        Kind.INSTANT,
        Quantity.TEMPERATURE,
        f"{line.name} text",
    )
    damp = Channel(
        f"{name}.air.humidity",
        Unit.PERCENT,
        Kind.INSTANT,
        Quantity.STATE,
        f"{line.name} text",
        note="relative humidity",
    )

    def ask(timeout_s: float) -> Sequence[Value]:
        text = _newest(kept, timeout_s)
        found = _LINE.match(text) if text else None
        if found:
            return (float(found[1]), float(found[2]))
        missing = Missing("not-a-number" if text else "not-answered: no whole line")
        return (missing, missing)

    fields = (Field(air, LOW_C, HIGH_C), Field(damp, 0, 100))
    identity = Identity("Sensirion", "SHT", "", "")
    return Polled(Asked(identity, fields, ask, PERIOD_S), clock, line.close)


def _newest(kept: Buffered, timeout_s: float) -> bytes:
    """The last whole line that has come; b"" where none came in time."""
    deadline = time.monotonic() + timeout_s
    while b"\n" not in kept.kept:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return b""
        kept.fill(timeout_s=left_s)
    end = kept.kept.rindex(b"\n")
    text = kept.kept[:end].rsplit(b"\n", 1)[-1]
    kept.drop(end + 1)
    return text
