"""Numbers of budgets and of the time block for people: few digits, the record has them all.

Nothing is computed from what is made here.
"""

from __future__ import annotations

from decimal import Decimal

from host.report.html_text import Html, code, join, said, tag, text
from host.schema.rounding import plain, significant

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Powers of ten that are written out; others are easier to read as a factor times a power.
_LEAST, _MOST = -4, 6
_DIGITS = 3
_ESTIMATE_DIGITS = 6
_PARTS = 100
_TRACE = Decimal("0.0001")


def short(number: str | None, digits: int = _DIGITS) -> Html:
    """A decimal string to some significant digits, `3.19×10⁻⁹` where it is far from one."""
    if number is None:
        return dash()
    value = _decimal(number)
    if value is None:
        return text("∞" if number == "inf" else number)
    rounded = significant(value, digits)
    if rounded == 0:
        return text("0")
    power = rounded.adjusted()
    if _LEAST <= power < _MOST:
        return text(_trimmed(plain(rounded)))
    factor = _trimmed(plain(rounded.scaleb(-power)))
    return text(f"{factor}×10{str(power).translate(_RAISED)}")


def estimate(number: str) -> Html:
    """An estimate: more digits than an uncertainty."""
    return short(number, _ESTIMATE_DIGITS)


def share(number: str | None) -> Html:
    """Part of u squared in per cent, with a bar that says the same to the eye."""
    if number is None:
        return dash()
    value = _decimal(number) or Decimal(0)
    if value == 0:
        return text("0 %")
    if value < _TRACE:
        return text("< 0.01 %")
    percent = f"{float(value) * _PARTS:.3g} %"
    width = f"{min(float(value), 1.0) * _PARTS:.1f}"
    bar = tag(
        "svg",
        tag("rect", width=width, height="6"),
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        class_="share",
        aria_hidden="true",
    )
    return join((text(percent), bar), " ")


def not_evaluated() -> Html:
    """What stands where a number would: never nothing and never zero."""
    return tag("span", said("未评定", "not evaluated"), class_="open")


def dash() -> Html:
    """A cell to which a row has nothing to give."""
    return text("—")


def of_unit(unit: str, words: str) -> Html:
    """A UCUM code, or words where it is one."""
    return text(words) if unit in ("", "1") else code(unit)


def _decimal(number: str) -> Decimal | None:
    value = Decimal(number)
    return value if value.is_finite() else None


def _trimmed(digits: str) -> str:
    """Zeros after the point say nothing of a number that was rounded for the eye."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
