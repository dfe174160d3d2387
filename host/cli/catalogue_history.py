"""One device over time, on a terminal and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from host.cli.catalogue_text import shown
from host.compare.control import FIRM
from host.pipeline.history import History, Series
from host.report.terminal import safe
from host.schema.canonical import decimal
from host.schema.rounding import (
    alone,
    display_of,
    plain,
    significant,
    to_place_of,
    with_uncertainty,
)

WIDTH = 40
MOST_LINES = 60
DAY_S = 86_400.0


def show(console: Console, found: History) -> None:
    """Every series with its chart; the last points where there are many."""
    for series in found.series:
        _series(console, series)
    if found.left_out:
        console.print(Text(f"未计入 left out: {found.left_out} (无效、无值或无时间 not valid,"
                           " no value or no time)", "dim"))  # fmt: skip


def _series(console: Console, series: Series) -> None:
    about = series.about
    model = f"{about['model']} {about['quantization']} {about['model_sha256'][:8]}"
    head = f"{about['result']} · {about['device']} · {model} · {about['engine']}"
    console.print(Text(safe(head), style="bold"))
    console.print(
        Text(safe(f"{about['dataset']} · settings {about['settings_sha256'][:8]}"), "dim")
    )
    lines = list(zip(series.points, _bars(series), _marks(series), strict=True))
    if len(lines) > MOST_LINES:
        console.print(Text(f"  … {len(lines) - MOST_LINES} 更早 earlier", "dim"))
    for point, bar, mark in lines[-MOST_LINES:]:
        value, unit = shown(point.value, point.U, about["unit"])
        line = f"  {point.started[:19]}  {bar}  {value} {unit} {mark}".rstrip()
        console.print(Text(safe(line)), soft_wrap=True)
    for line in (_precision(series), *_drift(series), _control(series)):
        console.print(Text(line), soft_wrap=True)
    console.print()


def _marks(series: Series) -> list[str]:
    """`!` beside a point beyond the limits, `~` where the moving average is."""
    c = series.control
    return [
        ("!" if place in c.outside else "") + ("~" if place in c.shifted else "")
        for place in range(len(series.points))
    ]


def _bars(series: Series) -> list[str]:
    """A mark a point on one common scale, with its U as a line to both sides."""
    points = [(float(p.value), float(p.U or 0)) for p in series.points]
    low, high = min(v - u for v, u in points), max(v + u for v, u in points)
    step = (high - low) / (WIDTH - 1) or 1.0
    bars = []
    for value, u in points:
        cells = [" "] * WIDTH
        first, last = (round((x - low) / step) for x in (value - u, value + u))
        cells[first : last + 1] = "─" * (last + 1 - first)
        cells[round((value - low) / step)] = "●"
        bars.append("".join(cells))
    return bars


def _precision(series: Series) -> str:
    p = series.precision
    if p is None:
        return f"  p = {len(series.points)}: 无重复 no record has two attempts, so no s_r"
    display = display_of(series.about["unit"], p.m)

    def said(x: float | None) -> str:
        return "-" if x is None else plain(significant(display.of(x), 3))

    return (
        f"  ISO 5725-2: p = {p.p}, n = {p.n}, m = {alone(display.of(p.m))},"
        f" 重复性 s_r = {said(p.s_r)}, 期间精密度 intermediate precision s_R = {said(p.s_R)},"
        f" r = {said(p.r)} {display.unit}"
    )


def _drift(series: Series) -> list[str]:
    d = series.drift
    if d.reason:
        return [f"  漂移 drift: 未判断 not judged ({d.reason})"]
    display = display_of(series.about["unit"], float(series.points[0].value))
    slope, U = display.of(d.slope * DAY_S), display.of(d.U * DAY_S)  # noqa: N806 - U of the GUM
    said = " ± ".join(with_uncertainty(slope, U)) if d.U else alone(slope)
    words = "有漂移 drifts" if d.shown else "看不出漂移 no drift shown"
    return [f"  漂移 drift: {said} {display.unit}/d (k = t, p = 95 %, n = {d.n}): {words}"]


def _control(series: Series) -> str:
    c = series.control
    if c.reason:
        return f"  控制图 control chart: 未判断 not judged ({c.reason})"
    display = display_of(series.about["unit"], c.centre)
    low, high = (to_place_of(display.of(x), display.of(c.sigma)) for x in (c.low, c.high))
    firm = "" if c.firm else f" 暂定 provisional, n < {FIRM};"
    return (
        f"  控制图 control chart (ISO 7870): {low} … {high} {display.unit};{firm}"
        f" 超限 beyond limits (!): {len(c.outside)}, 移动平均偏移 average shifted (~):"
        f" {len(c.shifted)}"
    )


def _control_value(series: Series) -> dict[str, Any]:
    c = series.control
    numbers = {"centre": c.centre, "sigma": c.sigma, "low": c.low, "high": c.high}
    return {
        **{key: None if c.reason else decimal(x) for key, x in numbers.items()},
        "n": c.n,
        "provisional": not c.firm,
        "beyond_limits": [series.points[i].record_id for i in c.outside],
        "average_shifted": [series.points[i].record_id for i in c.shifted],
        "reason": c.reason,
    }


def as_value(found: History) -> dict[str, Any]:
    """The whole of it; numbers as decimal strings, slopes a day."""
    return {
        "left_out": found.left_out,
        "series": [
            {
                "about": dict(series.about),
                "points": [
                    {
                        "record_id": p.record_id,
                        "started": p.started,
                        "path": p.path,
                        "value": p.value,
                        "U": p.U,
                        "by_attempt": [decimal(x) for x in p.attempts],
                    }
                    for p in series.points
                ],
                "precision": _precision_value(series),
                "control": _control_value(series),
                "drift": {
                    "slope_per_day": None
                    if series.drift.reason
                    else decimal(series.drift.slope * DAY_S),
                    "U": None if series.drift.reason else decimal(series.drift.U * DAY_S),
                    "n": series.drift.n,
                    "shown": series.drift.shown,
                    "reason": series.drift.reason,
                },
            }
            for series in found.series
        ],
    }


def _precision_value(series: Series) -> dict[str, Any] | None:
    p = series.precision
    if p is None:
        return None
    numbers = {"m": p.m, "s_r": p.s_r, "s_L": p.s_L, "s_R": p.s_R, "r": p.r, "R": p.R}
    said = {key: None if x is None else decimal(x) for key, x in numbers.items()}
    return {"p": p.p, "n": p.n, "condition": "intermediate precision", **said}
