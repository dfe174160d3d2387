"""The one table from the units that sources give to coherent SI units (UCUM codes).

Factors are exact: SI prefixes (SI brochure, 9th edition, 3.1), the hour of 3600 s (its table 8),
0 Cel = 273.15 K (its 2.3.1), KiBy = 1024 By (IEC 80000-13). Temperatures stay in Cel, since
readers know them so; a rise of 1 Cel is 1 K.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.reading import Channel, Unit


@dataclass(frozen=True, slots=True)
class Conversion:
    """value in `unit` = reading * factor + offset."""

    unit: str
    factor: float
    offset: float = 0.0

    def of(self, reading: float) -> float:
        return reading * self.factor + self.offset


_TABLE: Final[dict[Unit, Conversion]] = {
    Unit.ONE: Conversion("1", 1),
    Unit.COUNT: Conversion("{count}", 1),
    Unit.TICK: Conversion("s", 1),  # Channel.scale holds the tick's length
    Unit.SECOND: Conversion("s", 1),
    Unit.MILLISECOND: Conversion("s", 1e-3),
    Unit.MICROSECOND: Conversion("s", 1e-6),
    Unit.NANOSECOND: Conversion("s", 1e-9),
    Unit.HERTZ: Conversion("Hz", 1),
    Unit.KILOHERTZ: Conversion("Hz", 1e3),
    Unit.MEGAHERTZ: Conversion("Hz", 1e6),
    Unit.BYTE: Conversion("By", 1),
    Unit.KIBIBYTE: Conversion("By", 1024),
    Unit.PAGE: Conversion("By", 1),  # Channel.scale holds the page's size
    Unit.CELSIUS: Conversion("Cel", 1),
    Unit.DECICELSIUS: Conversion("Cel", 1e-1),
    Unit.MILLICELSIUS: Conversion("Cel", 1e-3),
    Unit.VOLT: Conversion("V", 1),
    Unit.MILLIVOLT: Conversion("V", 1e-3),
    Unit.MICROVOLT: Conversion("V", 1e-6),
    Unit.AMPERE: Conversion("A", 1),
    Unit.MILLIAMPERE: Conversion("A", 1e-3),
    Unit.MICROAMPERE: Conversion("A", 1e-6),
    Unit.WATT: Conversion("W", 1),
    Unit.MILLIWATT: Conversion("W", 1e-3),
    Unit.MICROWATT: Conversion("W", 1e-6),
    Unit.JOULE: Conversion("J", 1),
    Unit.MILLIJOULE: Conversion("J", 1e-3),
    Unit.MICROJOULE: Conversion("J", 1e-6),
    Unit.MICROAMPEREHOUR: Conversion("C", 3600e-6),
    Unit.MICROWATTHOUR: Conversion("J", 3600e-6),
    Unit.WATTHOUR: Conversion("J", 3600),
    Unit.VOLTAMPERE: Conversion("V.A", 1),
    Unit.PERCENT: Conversion("1", 1e-2),
}


def conversion(unit: Unit, scale: float = 1.0) -> Conversion:
    """How readings in `unit` become coherent SI; scale: `Channel.scale` (tick, page size).

    For `{tick}` scale is seconds a tick, for `{page}` bytes a page.
    """
    plain = _TABLE[unit]
    return Conversion(plain.unit, plain.factor * scale, plain.offset)


def conversion_of(channel: Channel) -> Conversion:
    """The conversion of a channel, its scale included."""
    return conversion(channel.unit, channel.scale)
