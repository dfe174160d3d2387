"""Results as people read them, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from host.handover.budget import Budget
from host.handover.quantity import Reported
from host.handover.result import Interval, Result
from host.handover.text import Txt
from host.schema.rounding import (
    Display,
    alike,
    alone,
    display_of,
    outward,
    to_place_of,
    with_uncertainty,
)


@dataclass(frozen=True, slots=True)
class Expanded:
    """U with k and p, the number of attempts, and the budget it comes from, if any."""

    U: float
    k: float
    p: float
    n: int
    budget: Budget | None


def reported(result: Result) -> Reported | None:
    """The rounded statement of a result; None for one without a value.

    `±` is printed only with U, k, p and n beside it. Rows of the budget that are not evaluated
    are counted; without a budget it is said that U is Type A alone. A Monte Carlo interval that
    was drawn stands beside U. Bounds of an integration rule are named as such.
    """
    if result.value is None:
        return None
    expanded = _expanded(result)
    display = display_of(result.unit, result.value, 0.0 if expanded is None else expanded.U)
    value = display.of(result.value)
    if result.interval is not None:
        return _quantile(display, value, result, result.interval)
    if expanded is not None:
        return _with_u(display, value, result, expanded)
    return _alone(display, value, result)


def _expanded(result: Result) -> Expanded | None:
    """U of the budget, else of the spread; None for none, or for one of zero."""
    n, budget, spread = len(result.by_attempt), result.budget, result.spread
    if budget is not None:
        if not budget.U or budget.k is None:
            return None
        return Expanded(budget.U, budget.k, budget.p, n, budget)
    if spread is None or not spread.U or spread.k is None:
        return None
    return Expanded(spread.U, spread.k, spread.p, spread.n, None)


def _with_u(display: Display, value: Decimal, result: Result, stated: Expanded) -> Reported:
    shown, expanded = with_uncertainty(value, display.of(stated.U))
    k, p = f"{stated.k:.3g}", f"{stated.p * 100:g}"
    beside = _beside(display, stated)
    bounds = _bounds(display, result)
    return Reported(
        value=shown,
        U=expanded,
        unit=display.unit,
        text=Txt(
            _joined(f"{shown} ± {expanded}", display.unit)
            + f"（k = {k}，p = {p} %，n = {stated.n}{beside.zh}{bounds.zh}）",
            _joined(f"{shown} ± {expanded}", display.unit)
            + f" (k = {k}, p = {p} %, n = {stated.n}{beside.en}{bounds.en})",
        ),
    )


def _beside(display: Display, stated: Expanded) -> Txt:
    """What U rests on: rows left open, the Monte Carlo interval, or Type A alone."""
    budget = stated.budget
    if budget is None:
        return Txt("，仅 A 类评定", ", Type A only")
    zh = en = ""
    if budget.open_rows:
        count = len(budget.open_rows)
        rows = "row" if count == 1 else "rows"
        zh, en = f"；{count} 项未评定", f"; {count} {rows} not evaluated"
    if budget.monte_carlo is not None:
        ends = [display.of(end) for end in budget.monte_carlo.symmetric]
        low, high = (to_place_of(end, display.of(stated.U)) for end in ends)
        span, share = _joined(f"[{low}, {high}]", display.unit), f"{stated.p * 100:g} %"
        zh += f"；蒙特卡洛法 {share} 概率对称区间 {span}"
        en += f"; Monte Carlo, symmetric {share} interval {span}"
    return Txt(zh, en)


def _alone(display: Display, value: Decimal, result: Result) -> Reported:
    """A value without U: why there is none."""
    shown, n, bounds = alone(value), len(result.by_attempt), _bounds(display, result)
    expanded = result.budget.U if result.budget else result.spread and result.spread.U
    equal = expanded == 0
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


def _bounds(display: Display, result: Result) -> Txt:
    if result.bounds is None:
        return Txt("", "")
    low, high = outward(*(display.of(x) for x in result.bounds))
    span = _joined(f"[{low}, {high}]", display.unit)
    return Txt(f"；积分界 {span}", f"; bounds of the rule {span}")


def _joined(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number
