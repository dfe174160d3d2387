"""Scenario scores on the page and on a terminal: by scenario, then by item."""

from __future__ import annotations

from collections.abc import Iterator

from host.handover.record import Record
from host.handover.scores import UNSCORED, ScoreField
from host.handover.text import Txt, one_line
from host.report.html_numbers import short
from host.report.html_tables import column, none, table
from host.report.html_text import Html, both, code, join, tag, text, visible

_COLUMNS = (
    column("场景", "scenario"),
    column("评分", "score"),
    column("数据项", "item"),
    column("值，0 至 1", "value, 0 to 1", number=True),
    column("输出数", "outputs", number=True),
    column("算法", "rule"),
)
_BESIDE = Txt(
    "得分与保真度并列，不能代替保真度；数据项固定，非抽样，故不给不确定度。",
    "Scores stand beside fidelity and never in its place. The items are these and no sample of"
    " more, so no uncertainty is stated.",
)
_DIGITS = 4


def scores(record: Record) -> Html:
    """All scores; the mean of a scenario first, then its items."""
    if not record.scores:
        return none()
    rows = [row for field in record.scores for row in _rows(field)]
    return join(
        (
            tag("p", both(_BESIDE), class_="hint"),
            table(Txt("场景得分", "Scenario scores"), _COLUMNS, rows),
        )
    )


def _rows(field: ScoreField) -> Iterator[tuple[Html, ...]]:
    version = f" ({field.version})" if field.version else ""
    name = Txt(f"{field.name.zh}{version}", f"{field.name.en}{version}")
    value = _missing(field.missing) if field.value is None else short(field.value, _DIGITS)
    outputs = sum(item.outputs for item in field.items)
    yield code(field.scenario), both(name), text("·"), value, text(outputs), both(field.rule)
    for item in field.items:
        value = _missing(item.missing) if item.value is None else short(item.value, _DIGITS)
        yield text(""), text(""), code(item.item), value, text(item.outputs), text("")


def _missing(why: str) -> Html:
    words = UNSCORED.get(why.partition(":")[0])
    return code(why) if words is None else both(words)


def score_lines(fields: tuple[ScoreField, ...]) -> Iterator[str]:
    """One line a scenario and scorer for a terminal."""
    for field in fields:
        name = f"得分 score: {visible(field.scenario)}, {one_line(field.name)}"
        if field.value is None:
            yield f"{name}: {visible(field.missing)}"
        else:
            yield f"{name}: {float(field.value):.{_DIGITS}g} (0..1, n = {len(field.items)})"
