"""Figures as the JSON that the page's script draws."""

from __future__ import annotations

from typing import Any

from host.handover.text import one_line
from host.report.charts import Charts
from host.report.charts_figure import Figure
from host.report.charts_phases import PHASES
from host.report.html_text import visible

# UCUM codes as people write them; codes that are not here read well as they are.
_SYMBOLS = {"By": "B", "Cel": "°C", "{token}": "", "{count}": "", "1": ""}


def symbol(unit: str) -> str:
    """A UCUM code for an axis or a table."""
    return _SYMBOLS.get(unit, unit)


def drawing_data(charts: Charts) -> dict[str, Any]:
    """Everything that the script needs; text of a device is made visible here."""
    return {
        "attempts": [
            {
                "n": s.attempt,
                "status": visible(s.status),
                "phases": {name: [list(pair) for pair in pairs] for name, pairs in s.phases},
            }
            for s in charts.shadings
        ],
        "phaseNames": {name: one_line(words) for name, words in PHASES},
        "figures": [_figure(f) for f in charts.figures if not f.why_empty],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    names = list(dict.fromkeys(line.name for line in figure.lines))
    return {
        "id": figure.id,
        "kind": figure.kind,
        "log": figure.x.log,
        "step": figure.x.step,
        "xUnit": symbol(figure.x.unit),
        "yUnit": symbol(figure.y.unit),
        "yName": one_line(figure.y.name),
        "channels": [visible(name) for name in names],
        "lines": [
            {"a": line.attempt, "c": names.index(line.name), "x": line.x, "y": line.y}
            for line in figure.lines
        ],
        "rows": [
            {
                "a": number,
                "r": [[visible(r.label), r.prefill, r.end, r.ticks, r.warmup] for r in rows],
            }
            for number, rows in figure.rows
        ],
        "gaps": [{"a": number, "x": marks} for number, marks in figure.gaps],
        "marks": [{"x": m.x, "name": m.name.en, "value": visible(m.value)} for m in figure.marks],
    }
