"""D-SI units as UCUM codes: one optional prefix and one unit, from a fixed table.

Source of the names: D-SI (SmartCom), BIPM siunitx names with a backslash. Compound units are
refused: the schema takes any text for a unit, `tokens/s` too, so that guessing would pass it.
"""

from __future__ import annotations

import re
from typing import Final

from host.equipment.units import PREFIXES

DSI_PREFIXES: Final = {
    r"\pico": "p",
    r"\nano": "n",
    r"\micro": "u",
    r"\milli": "m",
    "": "",
    r"\kilo": "k",
    r"\mega": "M",
    r"\giga": "G",
}
DSI_UNITS: Final = {
    r"\watt": "W",
    r"\volt": "V",
    r"\ampere": "A",
    r"\joule": "J",
    r"\kelvin": "K",
    r"\degreecelsius": "Cel",
    r"\second": "s",
    r"\hertz": "Hz",
    r"\pascal": "Pa",
    r"\ohm": "Ohm",
    r"\coulomb": "C",
}
_FORM: Final = re.compile(r"(\\[a-z]+)(\\[a-z]+)?")


def ucum_of(dsi: str) -> str | None:
    """The UCUM code; None for what the table does not hold."""
    if dsi in (r"\one", r"\percent"):
        return "1" if dsi == r"\one" else "%"
    form = _FORM.fullmatch(dsi)
    if form is None:
        return None
    prefix, unit = (form[1], form[2]) if form[2] else ("", form[1])
    if prefix not in DSI_PREFIXES or unit not in DSI_UNITS:
        return None
    return DSI_PREFIXES[prefix] + DSI_UNITS[unit]


def split(ucum: str) -> tuple[str, str]:
    """Prefix and unit of a code that `ucum_of` made."""
    for unit in sorted(DSI_UNITS.values(), key=len, reverse=True):
        prefix = ucum.removesuffix(unit)
        if prefix != ucum and prefix in PREFIXES:
            return prefix, unit
    return "", ucum
