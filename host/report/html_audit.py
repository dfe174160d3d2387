"""The section of audit probes: what was asked, what came of it, each figure with its limits."""

from __future__ import annotations

from host.handover.audit import FigureField, ProbeField
from host.handover.record import Record
from host.handover.text import Txt
from host.report.html_numbers import dash, short
from host.report.html_tables import column, none, outcome, table
from host.report.html_text import NOTHING, Html, both, code, join, tag, text

_COLUMNS = (
    column("探针", "probe"),
    column("结论", "outcome"),
    column("比较", "compared"),
    column("值", "value", number=True),
    column("U（p = 95 %）", "U (p = 95 %)", number=True),
    column("限值", "limits", number=True),
    column("n", "n", number=True),
)
_OUTCOMES = {
    "passed": Txt("通过", "passed"),
    "failed": Txt("未通过，记录作废", "failed, the record is void"),
    "undecided": Txt("无法判定", "undecided"),
    "not-judged": Txt("未判定", "not judged"),
}


def audit(record: Record) -> Html:
    """A row for each figure of each probe, and in words what each one does."""
    if not record.audit:
        return none("计划中没有审查探针。", "The plan asks for no audit probes.")
    words = Txt("审查探针及其限值", "audit probes and their limits")
    rows = [row for one in record.audit for row in _rows(one)]
    told = (
        tag("li", code(one.probe), text(" "), both(one.asked), text(f" ({one.requests})"))
        for one in record.audit
    )
    return join((table(words, _COLUMNS, rows, titled=True), tag("ul", *told)))


def _rows(one: ProbeField) -> list[list[Html]]:
    said = both(_OUTCOMES[one.outcome])
    if one.reason:
        said = join((said, outcome(one.reason)), " ")
    if not one.figures:
        return [[code(one.probe), said, NOTHING, dash(), dash(), dash(), dash()]]
    return [
        [
            code(one.probe),
            said,
            both(f.name),
            short(f.value, 4),
            short(f.U, 2),
            _limits(f),
            text(f.n),
        ]
        for f in one.figures
    ]


def _limits(f: FigureField) -> Html:
    parts = [join((text("≥ "), short(f.low)))] if f.low is not None else []
    parts += [join((text("≤ "), short(f.high)))] if f.high is not None else []
    return join(parts, ", ")
