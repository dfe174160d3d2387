"""Results that two records share, side by side: difference, ratio and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from host.compare.common import common_terms
from host.compare.comparability import may_compare
from host.compare.difference import Stated, difference, ratio
from host.compare.measured import Measured, results_of
from host.compare.unlike import Unlike
from host.compare.words import NO_DIFFERENCE, never_below_zero, sentence, words_of
from host.handover.record import Record
from host.handover.text import Txt
from host.schema.rounding import display_of, with_uncertainty

# What B is beside A. `none`: no verdict, `reason` says why. `refused`: not comparable.
Verdict = Literal["higher", "lower", "no_difference_shown", "none", "refused"]
_EXACT = Txt(
    "计数为确切值，没有区间，直接比较数值", "exact counts have no interval: read the values"
)


@dataclass(frozen=True, slots=True)
class Side:
    """A record with the letter it goes by, and its results as numbers."""

    label: str
    record: Record
    results: dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Pair:
    """One result in two records. difference: B - A; ratio: B / A; None with `reason`.

    better: label of the better side where one is shown. correlated: names of the errors that both
    share, taken with r = +1. open_rows: inputs that neither U nor verdict hold.
    """

    a: str
    b: str
    measured_a: Measured
    measured_b: Measured
    verdict: Verdict
    text: Txt
    difference: Stated | None = None
    ratio: Stated | None = None
    better: str = ""
    reason: str = ""
    correlated: tuple[str, ...] = ()
    open_rows: tuple[str, ...] = ()


def side(label: str, record: Record) -> Side:
    """A record made ready; raises UsageError for numbers that are none."""
    return Side(label, record, results_of(record, label))


def pairs(a: Side, b: Side, found: Sequence[Unlike]) -> tuple[Pair, ...]:
    """All results that stand in both, in the order of A."""
    return tuple(_pair(a, b, key, found) for key in a.results if key in b.results)


def unpaired(a: Side, b: Side) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(label, ids) of the results with a value that the other record does not have."""
    return tuple(
        (mine.label, ids)
        for mine, other in ((a, b), (b, a))
        if (
            ids := tuple(
                k
                for k, m in mine.results.items()
                if m.value is not None and k not in other.results
            )
        )
    )


def _pair(a: Side, b: Side, key: str, found: Sequence[Unlike]) -> Pair:
    x, y = a.results[key], b.results[key]
    refused = may_compare(key, found)
    if refused is not None:
        return Pair(a.label, b.label, x, y, "refused", refused.text, reason=refused.rule)
    reason = _why_not((a.label, x), (b.label, y))
    if reason is not None:
        return Pair(a.label, b.label, x, y, "none", reason[1], reason=reason[0])
    terms = common_terms((a.record, x), (b.record, y))
    stated, quotient = difference(x, y, terms), ratio(x, y, terms)
    verdict, text, better, code = _judged(a.label, b.label, x, stated)
    return Pair(
        a.label,
        b.label,
        x,
        y,
        verdict,
        text,
        stated,
        quotient,
        better,
        code,
        correlated=tuple(sorted({mine.name for mine, _ in terms})),
        open_rows=tuple(sorted({*x.quantity.open_rows, *y.quantity.open_rows})),
    )


def _judged(a: str, b: str, x: Measured, stated: Stated) -> tuple[Verdict, Txt, str, str]:
    """(verdict, words, label of the better one, reason of none)."""
    if stated.u == 0:
        text = Txt(
            "差的不确定度为零：没有评定出可分辨的分散，不作判断",
            "the uncertainty of the difference is zero: nothing that could vary was evaluated, so"
            " there is no verdict",
        )
        return "none", text, "", "zero-uncertainty"
    if not stated.apart_from_zero:
        return "no_difference_shown", NO_DIFFERENCE, "", ""
    higher, lower = (b, a) if stated.value > 0 else (a, b)
    words = words_of(x.quantity.measurand_id, x.quantity.scope)
    winner = lower if words.better == "lower" else higher
    text = sentence(words, winner, amount(x, stated))
    better = "" if words.better == "neither" else winner
    return ("higher" if stated.value > 0 else "lower"), text, better, ""


def amount(x: Measured, stated: Stated) -> str:
    """The size of a difference with U, unit and k, as people read it, in the unit of A's value."""
    display = display_of(x.quantity.unit, x.value or 0.0)
    value, expanded = with_uncertainty(display.of(abs(stated.value)), display.of(stated.U))
    unit = f" {display.unit}" if display.unit else ""
    return f"{value} ± {expanded}{unit} (k = {stated.k:.3g})"


def _why_not(a: tuple[str, Measured], b: tuple[str, Measured]) -> tuple[str, Txt] | None:
    """Why there is no difference to state: (code, sentence)."""
    for label, measured in (a, b):
        missing = measured.quantity.missing
        if measured.value is None:
            return "missing", Txt(f"{label} 未测：{missing}", f"{label} not measured: {missing}")
        if measured.value < 0 and never_below_zero(measured.quantity.measurand_id):
            return "impossible", Txt(
                f"{label} 小于零，不可能：不作判断",
                f"{label} is below zero, which cannot be: no verdict",
            )
    if all(m.quantity.uncertainty_status == "exact_count" for _, m in (a, b)):
        return "exact-count", _EXACT
    for label, measured in (a, b):
        q = measured.quantity
        if measured.u is None and q.interval is not None:
            return "no-U", Txt(
                f"{label} 为分位数，只有非参数区间，没有 U",
                f"{label} is a quantile with a distribution-free interval and no U",
            )
        if measured.u is None:
            zh, en = f"{label} 没有 U（n = {q.n}）", f"{label} has no U (n = {q.n})"
            return "no-U", Txt(f"{zh}：不作判断", f"{en}: no verdict")
    return None
