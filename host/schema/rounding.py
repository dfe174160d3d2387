"""How a value is shown to people: the one place where anything is rounded.

U is rounded to two significant digits and the value to the same decimal place, both to the
nearest and half to even on the decimal digits of the double. JCGM 100:2008, 7.2.6 asks for no more
than two digits of U and leaves rounding up to common sense; ILAC-P14:09/2020 asks for the usual
rules of rounding, which in China are GB/T 8170-2008, half to even. Always rounding up is not asked
for: two digits to the nearest take off at most 0.05 of 1.05, 4.8 %, and below 5 % the rule of
EA-4/02 that U be rounded up does not come in. Without U a value keeps four significant digits and
the text says that there is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

U_DIGITS = 2
VALUE_DIGITS = 4
# Of the bounds of a rule: two more than a value has alone, so that narrow ones can be told apart.
BOUND_DIGITS = 6
# Room for the largest double rounded to the place of the smallest one.
_WIDE = Context(prec=800)


@dataclass(frozen=True, slots=True)
class Display:
    """A unit for people: its text and what a value in the coherent unit is multiplied by."""

    unit: str
    factor: Decimal

    def of(self, value: float) -> Decimal:
        return Decimal(repr(value)) * self.factor


_ONE, _MILLI = Decimal(1), Decimal(1000)
# UCUM code -> (smallest magnitude, display), largest magnitude first.
_DISPLAYS: Final[dict[str, tuple[tuple[float, Display], ...]]] = {
    "s": ((1.0, Display("s", _ONE)), (0.0, Display("ms", _MILLI))),
    "J": ((1.0, Display("J", _ONE)), (0.0, Display("mJ", _MILLI))),
    "J/{token}": ((1.0, Display("J/token", _ONE)), (0.0, Display("mJ/token", _MILLI))),
    "J/{inference}": (
        (1.0, Display("J/inference", _ONE)),
        (0.0, Display("mJ/inference", _MILLI)),
    ),
    "J/{image}": ((1.0, Display("J/image", _ONE)), (0.0, Display("mJ/image", _MILLI))),
    "{inference}/s": ((0.0, Display("inference/s", _ONE)),),
    "J/By": ((1.0, Display("J/B", _ONE)), (0.0, Display("mJ/B", _MILLI))),
    "W": ((0.0, Display("W", _ONE)),),
    "K": ((0.0, Display("K", _ONE)),),
    "1": ((0.0, Display("", _ONE)),),
    "{count}": ((0.0, Display("", _ONE)),),
    "{token}/s": ((0.0, Display("token/s", _ONE)),),
    "By/s": ((0.0, Display("B/s", _ONE)),),
    "By": ((0.0, Display("MiB", _ONE / Decimal(1 << 20))),),
    "Hz": ((1e6, Display("MHz", Decimal("1e-6"))), (0.0, Display("Hz", _ONE))),
}


def display_of(unit: str, *values: float) -> Display:
    """The unit in which values of this UCUM unit are shown: that of the largest of them.

    A value goes with its U: what is 0.1 mJ with a U of 7 J is shown in J. Zero is shown in the
    largest unit, unknown units are shown as they are.
    """
    rows = _DISPLAYS.get(unit, ((0.0, Display(unit, _ONE)),))
    largest = max(abs(value) for value in values)
    if largest == 0:
        return rows[0][1]
    return next(display for least, display in rows if largest >= least)


def significant(value: Decimal, digits: int) -> Decimal:
    """Rounded to so many significant digits, half to even; 9.96 to two digits is 10."""
    if value == 0:
        return Decimal(0)
    rounded = _to_place(value, value.adjusted() - digits + 1)
    if rounded.adjusted() > value.adjusted():
        rounded = _to_place(rounded, rounded.adjusted() - digits + 1)
    return rounded


def with_uncertainty(value: Decimal, expanded: Decimal) -> tuple[str, str]:
    """(value, U) as texts: U to two significant digits, value to the same place.

    U of zero (all values equal) leaves the value its four digits.
    """
    if expanded == 0:
        return alone(value), "0"
    shown = significant(expanded, U_DIGITS)
    place = shown.adjusted() - U_DIGITS + 1
    return plain(_to_place(value, place)), plain(_to_place(shown, place))


def to_place_of(value: Decimal, expanded: Decimal) -> str:
    """A value, such as an end of an interval, to the decimal place that this U is shown to."""
    return with_uncertainty(value, expanded)[0]


def alone(value: Decimal) -> str:
    """A value without U, to four significant digits."""
    return plain(significant(value, VALUE_DIGITS))


def alike(values: Sequence[Decimal], value: Decimal) -> list[str]:
    """Limits to the decimal place that the value has on its own."""
    place = 0 if value == 0 else significant(value, VALUE_DIGITS).adjusted() - VALUE_DIGITS + 1
    return [plain(_to_place(each, place)) for each in values]


def outward(low: Decimal, high: Decimal) -> list[str]:
    """Bounds that surely hold, rounded away from each other, so that the text holds as well.

    To two digits of half their distance, and to no more than six of their own.
    """
    half, largest = (high - low) / 2, max(abs(low), abs(high))
    if half <= 0:
        return alike((low, high), largest)
    place = max(half.adjusted() - U_DIGITS + 1, largest.adjusted() - BOUND_DIGITS + 1)
    return [
        plain(_to_place(low, place, ROUND_FLOOR)),
        plain(_to_place(high, place, ROUND_CEILING)),
    ]


def plain(value: Decimal) -> str:
    """Digits without an exponent; no negative zero."""
    text = format(value, "f")
    return text.removeprefix("-") if value == 0 else text


def _to_place(value: Decimal, place: int, way: str = ROUND_HALF_EVEN) -> Decimal:
    """Rounded to a multiple of 10**place, half to even, with that many decimals."""
    return value.quantize(Decimal((0, (1,), place)), way, _WIDE)
