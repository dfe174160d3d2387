"""What a PPK2 says of itself: lines `R0: 1031.64`, ended by END, and what they mean.

Source: NordicSemiconductor/pc-nrfconnect-ppk, src/device/serialDevice.ts (metadata, defaults).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from collectors.meters.protocol import FloatArray, MeterError, Setting
from collectors.meters.stream import IntArray

END = b"END"
RANGES = 5
# A count of the ADC in V: 1.8 V over 163840 counts, where counts are the field times four.
ADC_V = 1.8 / 163840
# Used by Nordic's own program where an instrument does not say, or says 0 for a resistance.
_DEFAULTS = {
    "R": (1031.64, 101.65, 10.15, 0.94, 0.043),
    "GS": (1.0,) * RANGES,
    "GI": (1.0,) * RANGES,
    "O": (0.0,) * RANGES,
    "S": (0.0,) * RANGES,
    "I": (0.0,) * RANGES,
    "UG": (1.0,) * RANGES,
}
_LINE = re.compile(r"\s*([A-Za-z]{1,10})([0-4]?)\s*:\s*(\S{1,20})\s*\Z")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The calibration of the five ranges, what else was told, and all of it as settings."""

    modifiers: dict[str, FloatArray]
    told: dict[str, str]
    settings: tuple[Setting, ...]

    def amperes(self, adc: IntArray, ranges: IntArray, vdd_v: float) -> FloatArray:
        """Current in A; NaN for a range that the instrument does not have.

        base = (adc - O) * ADC_V / R; I = UG * (base * (GS * base + GI) + S * Vdd + I), each of
        the range of the sample.
        """
        known = np.minimum(ranges, RANGES - 1)
        m = {name: values[known] for name, values in self.modifiers.items()}
        base = (adc - m["O"]) * (ADC_V / m["R"])
        found = m["UG"] * (base * (m["GS"] * base + m["GI"]) + m["S"] * vdd_v + m["I"])
        return np.where(ranges < RANGES, found, np.nan)


def read_metadata(meter: str, data: bytes) -> Metadata:
    """From the bytes up to END. Raises MeterError where it is no PPK2 or a number is none."""
    told: dict[str, str] = {}
    for line in data.decode("ascii", "replace").splitlines():
        if found := _LINE.match(line):
            told[found[1] + found[2]] = found[3]
    if not any(name.startswith("R") for name in told):
        raise MeterError(meter, "no PPK2: its metadata have no resistances")
    modifiers: dict[str, FloatArray] = {}
    settings: list[Setting] = []
    for name, defaults in _DEFAULTS.items():
        row = [
            _modifier(meter, told, f"{name}{at}", default) for at, default in enumerate(defaults)
        ]
        modifiers[name] = np.array([value for value, _ in row])
        settings.extend(setting for _, setting in row)
    return Metadata(modifiers, told, tuple(settings))


def _modifier(
    meter: str, told: dict[str, str], name: str, default: float
) -> tuple[float, Setting]:
    text = told.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise MeterError(meter, f"its metadata say {text!r} for {name}")
    if text and (value or not name.startswith("R")):
        return value, Setting(name, "as calibrated", text)
    return default, Setting(name, "as calibrated", f"{default!r}, by default: it says {text!r}")
