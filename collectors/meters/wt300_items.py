"""What a Yokogawa WT300E measures, and how one is to be set for a run.

Source: IM WT310E-17EN (communication), IM WT310E-02EN (ranges), as in each table below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.meters.protocol import MeterError
from collectors.reading import Channel, Kind, Quantity, Unit

# Update intervals, s (IM WT310E-02EN, data update interval); "auto" is not used: its windows vary.
UPDATES_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
MODES: Final = ("RMS", "VMEAN", "DC")
CREST_FACTORS: Final = ("3", "6", "6A")
MOST_ITEMS: Final = 10
# Below this part of volts times amps of the ranges, the range term of the meter's accuracy weighs
# more than ten times its weight at full range.
LOW_RATIO: Final = 0.1


@dataclass(frozen=True, slots=True)
class Item:
    """One numeric item: its word in channel names, and what it is.

    peaks: condition bits under which the value is wrong although it is a number.
    """

    word: str
    unit: Unit
    kind: Kind
    quantity: Quantity
    note: str
    tier: str = ""
    peaks: int = 0


# Bits of the condition register (IM WT310-17EN, status reports): values or peaks beyond the range
# of element 1. Elements 2 and 3 have the same three, 3 and 6 bits further up.
_OVER, _PEAK_VOLTAGE, _PEAK_CURRENT = 1 << 6, 1 << 7, 1 << 8
_U, _I = _OVER | _PEAK_VOLTAGE, _OVER | _PEAK_CURRENT
_MEAN = "mean over the update interval before the reading (IM WT310E-02EN)"

# Apparent and reactive power, power factor and line frequency are STATE: charts and reductions
# take POWER for what a device draws and FREQUENCY for that of a processor.
ITEMS: Final[dict[str, Item]] = {
    "U": Item("voltage", Unit.VOLT, Kind.AVERAGE, Quantity.VOLTAGE, _MEAN, peaks=_U),
    "I": Item(
        "current",
        Unit.AMPERE,
        Kind.AVERAGE,
        Quantity.CURRENT,
        f"{_MEAN}; below 0.5 % of the range it reads 0",
        peaks=_I,
    ),
    "P": Item("power", Unit.WATT, Kind.AVERAGE, Quantity.POWER, _MEAN, "A-", _U | _I),
    "S": Item(
        "apparent_power", Unit.VOLTAMPERE, Kind.AVERAGE, Quantity.STATE, _MEAN, peaks=_U | _I
    ),
    "Q": Item(
        "reactive_power", Unit.VOLTAMPERE, Kind.AVERAGE, Quantity.STATE, _MEAN, peaks=_U | _I
    ),
    "LAMB": Item("power_factor", Unit.ONE, Kind.AVERAGE, Quantity.STATE, _MEAN, peaks=_U | _I),
    "FU": Item("frequency", Unit.HERTZ, Kind.AVERAGE, Quantity.STATE, f"{_MEAN}; none for DC"),
    "WH": Item(
        "energy",
        Unit.WATTHOUR,
        Kind.COUNTER,
        Quantity.ENERGY,
        "since the integration began; goes down while power is negative",
        "A-",
        _U | _I,
    ),
    "TIME": Item(
        "integration_time",
        Unit.SECOND,
        Kind.COUNTER,
        Quantity.STATE,
        "of the meter's own clock, since the integration began",
    ),
}


@dataclass(frozen=True, slots=True)
class Ranges:
    """Fixed ranges, V and A."""

    volts: float
    amps: float

    @property
    def watts(self) -> float:
        return self.volts * self.amps


@dataclass(frozen=True, slots=True)
class Ranging:
    """Find the ranges: auto range over so many updates, while the load runs; keep the largest."""

    updates: int


@dataclass(frozen=True, slots=True)
class Wt300Plan:
    """How to measure; each of these moves a number, so that none has a default.

    update_s: one of UPDATES_S. mode: one of MODES (DC for a car's supply). crest_factor: one of
    CREST_FACTORS. items: keys of ITEMS, at most ten. element: "1" to "3", "SIGMA".
    """

    update_s: float
    mode: str
    crest_factor: str
    ranges: Ranges | Ranging
    items: tuple[str, ...]
    integrate: bool
    element: str

    def check(self, meter: str) -> None:
        """Raises MeterError for what no WT300E takes."""
        faults = {
            f"update_s is one of {UPDATES_S}": self.update_s not in UPDATES_S,
            f"mode is one of {MODES}": self.mode not in MODES,
            f"crest_factor is one of {CREST_FACTORS}": self.crest_factor not in CREST_FACTORS,
            f"items are of {tuple(ITEMS)}, each once": (
                not set(self.items) <= set(ITEMS) or len(set(self.items)) != len(self.items)
            ),
            f"items: 1 to {MOST_ITEMS}": not 1 <= len(self.items) <= MOST_ITEMS,
            "energy and its time need integrate": (
                not self.integrate and bool({"WH", "TIME"} & set(self.items))
            ),
            "element is 1, 2, 3 or SIGMA": self.element not in {"1", "2", "3", "SIGMA"},
        }
        if found := [what for what, wrong in faults.items() if wrong]:
            raise MeterError(meter, "; ".join(found))

    def wishes(self) -> tuple[tuple[str, str, str], ...]:
        """Settings as (name, head, wanted), ranges and gate left out, in the order to set them."""
        items = tuple(
            (f"item {n}", f":NUM:NORM:ITEM{n}", f"{code},{self.element}")
            for n, code in enumerate(self.items, 1)
        )
        return (
            ("number format", ":NUM:FORM", "ASCII"),
            ("hold", ":HOLD", "OFF"),
            ("measuring mode", ":INP:MODE", self.mode),
            ("crest factor", ":INP:CFAC", self.crest_factor),
            ("update interval, s", ":RATE", f"{self.update_s:g}"),
            ("averaging", ":MEAS:AVER:STAT", "OFF"),
            ("number of items", ":NUM:NORM:NUM", str(len(self.items))),
            *items,
        )

    def peaks_of(self, code: str) -> int:
        """Condition bits of this element under which the value of an item is wrong."""
        shifts = {"2": (3,), "3": (6,), "SIGMA": (0, 3, 6)}.get(self.element, (0,))
        bits = 0
        for shift in shifts:
            bits |= ITEMS[code].peaks << shift
        return bits

    def channels(self, name: str) -> tuple[Channel, ...]:
        """One for each item, then the flag `under_range`; their names begin with `name`."""
        measured = tuple(
            Channel(
                f"{name}.{item.word}",
                item.unit,
                item.kind,
                item.quantity,
                f":NUM:NORM:VAL? {code},{self.element}",
                tier=item.tier,
                note=item.note,
                averaging_s=self.update_s if item.kind is Kind.AVERAGE else None,
                each_new=True,  # the gate opens once an update
            )
            for code, item in ((code, ITEMS[code]) for code in self.items)
        )
        flag = Channel(
            f"{name}.under_range",
            Unit.ONE,
            Kind.STATE,
            Quantity.STATE,
            "P over volts times amps of the ranges",
            note=f"1 where it is under {LOW_RATIO:g}: the range term then rules the uncertainty",
        )
        return (*measured, flag) if "P" in self.items else measured
