"""Units of certificates: UCUM codes with SI prefixes, and their coherent units. A fixed table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# SI brochure, 9th edition, table 7; those that occur on certificates of such instruments.
PREFIXES: Final[dict[str, float]] = {
    "": 1.0,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
}
_PREFIXED = ("W", "V", "A", "J", "s", "Hz", "K", "Cel", "Pa", "Ohm", "C")
KELVIN_AT_0_CEL = 273.15  # SI brochure, 9th edition, 2.3.1


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit as a coherent one: value in `unit` = number * factor + offset.

    Differences, corrections and uncertainties take the factor alone.
    """

    unit: str
    factor: float
    offset: float = 0.0


_OTHERS: Final[dict[str, Scale]] = {
    "1": Scale("1", 1.0),
    "%": Scale("1", 1e-2),
    "W.h": Scale("J", 3600.0),  # the hour: SI brochure, table 8
    "kW.h": Scale("J", 3.6e6),
    "lx": Scale("lx", 1.0),
    "m/s": Scale("m/s", 1.0),
}


def scale_of(unit: str) -> Scale | None:
    """The coherent unit of a UCUM code; None for one that the table does not hold.

    Temperatures come in Cel, as readings do.
    """
    if unit in _OTHERS:
        return _OTHERS[unit]
    for base in _PREFIXED:
        prefix = unit.removesuffix(base)
        if prefix == unit or prefix not in PREFIXES:
            continue
        factor = PREFIXES[prefix]
        return Scale("Cel", factor, -KELVIN_AT_0_CEL) if base == "K" else Scale(base, factor)
    return None
