"""Reading numbers and names out of what instruments answer; none of it is trusted.

Parsers are total: any text gives a number or a Missing with its reason, never an error.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from collectors.meters.protocol import Identity

# NR1, NR2 and NR3 of IEEE 488.2; bounded, since float() of a very long text takes long.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?"
)
_ERROR = re.compile(r"\s*([+-]?[0-9]{1,6})\s*(?:,.*)?\Z", re.DOTALL)
# SCPI-99 volume 1, 7.2.1: 9.91E+37 stands for "not a number", 9.9E+37 for infinity. Yokogawa's
# IM WT310E-17EN p. 5-6 uses the same two.
_NOT_A_NUMBER = 9.91e37
_INFINITY = 9.9e37
_SHOWN = 40
_FIELD = 64


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no number: a reason as of a Gap."""

    reason: str


def shown(text: str) -> str:
    """The start of a text as ASCII without control characters, in quotes."""
    return ascii(text[:_SHOWN])


def number(text: str) -> float | Missing:
    """A number as SCPI instruments write it.

    Reasons: `no-data` (NAN, 9.91E+37), `overrange` (INF, 9.9E+37 and more, OL), `not-a-number`.
    """
    word = text.strip()
    name = word.upper().lstrip("+-")
    if name in {"NAN", "----", "---O--", ""}:
        return Missing(f"no-data: {shown(word)}")
    if name in {"INF", "OL", "OVLD", "---OL-"}:
        return Missing(f"overrange: {shown(word)}")
    return _finite(word)


def _finite(word: str) -> float | Missing:
    if not _NUMBER.fullmatch(word):
        return Missing(f"not-a-number: {shown(word)}")
    value = float(word)
    if math.isclose(value, _NOT_A_NUMBER, rel_tol=1e-6):
        return Missing(f"no-data: {word}")
    if abs(value) >= _INFINITY:
        return Missing(f"overrange: {word}")
    return value


def error_of(text: str) -> str | None:
    """An entry of an error queue, None for `0,"No error"`; the text itself where it is neither."""
    found = _ERROR.match(text)
    if found and int(found[1]) == 0:
        return None
    return shown(text.strip())


def same(wanted: str, found: str) -> bool:
    """Whether a setting reads back as it was set: as a number, as on and off, or as a word."""
    a, b = _plain(wanted), _plain(found)
    x, y = number(a), number(b)
    if isinstance(x, float) and isinstance(y, float):
        return math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-12)
    return a == b


def _plain(text: str) -> str:
    """Upper case without quotes and blanks; ON and OFF as 1 and 0, as IEEE 488.2 reads them."""
    word = text.strip().strip("\"'").upper().replace(" ", "")
    return {"ON": "1", "OFF": "0"}.get(word, word)


def identity(text: str) -> Identity:
    """The four fields of `*IDN?` (IEEE 488.2, 10.14), bounded; "" for what is left out."""
    fields = [_printable(field) for field in text.split(",")[:4]]
    maker, model, serial, firmware = (*fields, *[""] * (4 - len(fields)))
    return Identity(maker, model, serial, firmware, _printable(text, 4 * _FIELD))


def _printable(text: str, most: int = _FIELD) -> str:
    return "".join(c for c in text.strip()[:most] if c.isascii() and c.isprintable())
