"""One pair of results as the words and numbers of a row, for terminal and page alike."""

from __future__ import annotations

from host.compare.difference import Stated
from host.compare.measured import Measured
from host.compare.pairs import Pair
from host.compare.words import words_of
from host.handover.stated import STATED
from host.handover.text import Txt
from host.report.terminal import safe
from host.schema.rounding import Display, alone, display_of, with_uncertainty

_SHORT = {
    "no_difference_shown": Txt("看不出差别", "no difference shown"),
    "none": Txt("无判断", "no verdict"),
    "refused": Txt("不比较", "refused"),
}


def is_shown(pair: Pair, items: set[str]) -> bool:
    """Single items and what neither has are in the JSON only.

    A runner states all that it states of single items.
    """
    a, b = pair.measured_a, pair.measured_b
    return not of_item(a, items) and not (a.value is None and b.value is None)


def of_item(measured: Measured, items: set[str]) -> bool:
    """Whether it is one of many alike, whose whole stands beside them."""
    q = measured.quantity
    return q.scope in items and q.measurand_id not in STATED


def name_of(measured: Measured) -> str:
    """Name with what tells results of one measurand apart."""
    return f"{measured.quantity.name.zh} {full_name(measured).en}"


def full_name(measured: Measured) -> Txt:
    """The name in each language, with what tells results of one measurand apart."""
    q, said = measured.quantity, _apart(measured)
    more = f" ({said})" if said else ""
    return Txt(f"{q.name.zh}{more}", f"{q.name.en}{more}")


def _apart(measured: Measured) -> str:
    q = measured.quantity
    parts = [q.statistic if q.statistic != "mean" else "", q.scope, q.source]
    return ", ".join(safe(part) for part in parts if part)


def values_of(pair: Pair) -> tuple[str, str, str, str]:
    """A, B, difference, ratio as texts, all but the ratio in the unit of A's value."""
    display = display_of(pair.measured_a.quantity.unit, pair.measured_a.value or 0.0)
    return (
        _own(pair.measured_a, display),
        _own(pair.measured_b, display),
        _stated(pair.difference, display),
        _stated(pair.ratio, display_of("1", 1.0)),
    )


def _own(measured: Measured, display: Display) -> str:
    if measured.value is None:
        return "-"
    expanded, value = measured.quantity.U, display.of(measured.value)
    if not expanded or not float(expanded):
        return alone(value)
    return " ± ".join(with_uncertainty(value, display.of(float(expanded))))


def _stated(stated: Stated | None, display: Display) -> str:
    """Value with U; a value whose uncertainty is zero has no interval to show."""
    if stated is None:
        return ""
    if stated.u == 0:
        return alone(display.of(stated.value))
    return " ± ".join(with_uncertainty(display.of(stated.value), display.of(stated.U)))


def unit_of(pair: Pair) -> str:
    """The unit in which all but the ratio are shown."""
    q = pair.measured_a.quantity
    return display_of(q.unit, pair.measured_a.value or 0.0).unit


def short_of(pair: Pair) -> Txt:
    """The verdict in a few words, with the reason where there is none."""
    if pair.verdict in ("higher", "lower"):
        q = pair.measured_a.quantity
        higher = pair.b if pair.verdict == "higher" else pair.a
        words, which = words_of(q.measurand_id, q.scope).short, pair.better or higher
        return Txt(f"{which} {words.zh}", f"{which} {words.en}")
    words = _SHORT[pair.verdict]
    reason = f" ({pair.reason})" if pair.reason else ""
    return Txt(words.zh, f"{words.en}{reason}")
