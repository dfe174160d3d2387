"""Results as people read them, in Chinese and English."""

from __future__ import annotations

from decimal import Decimal

from host.handover.quantity import Reported
from host.handover.result import Interval, Result, Spread
from host.handover.text import Txt
from host.schema.rounding import Display, alike, alone, display_of, with_uncertainty


def reported(result: Result) -> Reported | None:
    """The rounded statement of a result; None for one without a value.

    `±` is printed only with U, k, p and n beside it, and only for Student's t over attempts,
    which is said too. Bounds of an integration rule are named as such.
    """
    if result.value is None:
        return None
    display = display_of(result.unit, result.value)
    value = display.of(result.value)
    if result.spread is not None and result.spread.U:
        return _with_u(display, value, result, result.spread)
    if result.interval is not None:
        return _quantile(display, value, result, result.interval)
    return _alone(display, value, result)


def _with_u(display: Display, value: Decimal, result: Result, spread: Spread) -> Reported:
    shown, expanded = with_uncertainty(value, display.of(spread.U or 0.0))
    k, p = f"{spread.k:.3g}", f"{spread.p * 100:g}"
    bounds = _bounds(display, value, result)
    return Reported(
        value=shown,
        U=expanded,
        unit=display.unit,
        text=Txt(
            _joined(f"{shown} ± {expanded}", display.unit)
            + f"（k = {k}，p = {p} %，n = {spread.n}，仅 A 类评定{bounds.zh}）",
            _joined(f"{shown} ± {expanded}", display.unit)
            + f" (k = {k}, p = {p} %, n = {spread.n}, Type A only{bounds.en})",
        ),
    )


def _alone(display: Display, value: Decimal, result: Result) -> Reported:
    """A value without U: why there is none."""
    shown, n, bounds = alone(value), len(result.by_attempt), _bounds(display, value, result)
    equal = result.spread is not None and result.spread.U == 0
    zh = f"n = {n}，各次相同" if equal else f"n = {n}，无区间"
    en = f"n = {n}, all equal" if equal else f"n = {n}, no interval"
    body = _joined(shown, display.unit)
    return Reported(
        value=shown,
        U="0" if equal else None,
        unit=display.unit,
        text=Txt(f"{body}（{zh}{bounds.zh}）", f"{body} ({en}{bounds.en})"),
    )


def _quantile(display: Display, value: Decimal, result: Result, interval: Interval) -> Reported:
    """A quantile with the interval of its order statistics, or with the one side that n gives."""
    shown, n = alone(value), result.count
    sides = [None if x is None else display.of(x) for x in (interval.low, interval.high)]
    low, high = (None if x is None else alike([x], value)[0] for x in sides)
    body = _joined(shown, display.unit)
    if low is None and high is None:
        text = Txt(
            f"{body}（n = {n}，值太少，无区间）", f"{body} (n = {n}, too few for an interval)"
        )
        return Reported(shown, None, display.unit, text)
    share = f"{100 * (interval.coverage or 0.0):.3g} %"
    span = _joined(f"[{low or '…'}, {high or '…'}]", display.unit)
    return Reported(
        value=shown,
        U=None,
        unit=display.unit,
        interval=(low or "…", high or "…"),
        text=Txt(
            f"{body}（区间 {span}，覆盖率 {share}，n = {n}，假定各间隔独立）",
            f"{body} (interval {span}, coverage {share}, n = {n}, intervals taken as independent)",
        ),
    )


def _bounds(display: Display, value: Decimal, result: Result) -> Txt:
    if result.bounds is None:
        return Txt("", "")
    low, high = alike([display.of(x) for x in result.bounds], value)
    span = _joined(f"[{low}, {high}]", display.unit)
    return Txt(f"；积分界 {span}", f"; bounds of the rule {span}")


def _joined(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number
