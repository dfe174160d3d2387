"""Conventions of peers, attempts, sources, definitions and files: what the result stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from host.handover.quantity import Definition, Quantity
from host.handover.record import Record, SourceField
from host.handover.text import Txt
from host.report.html_library import library
from host.report.html_results import coverage_factor, expanded, status, unit, value
from host.report.html_tables import column, none, outcome, reason, table, terms
from host.report.html_text import NOTHING, Html, both, code, heading, join, said, tag, text


def conventions(record: Record) -> Html:
    """The same trace by the definitions of other tools, and what a runner states of itself."""
    if not record.conventions:
        return none()
    meant = {d.id: d for d in record.definitions}
    columns = (
        column("约定", "convention"),
        column("值", "value", number=True),
        column("U", "U", number=True),
        column("单位", "unit"),
        column("k", "k", number=True),
        column("n", "n", number=True),
        column("定义", "definition"),
    )
    rows = (
        [
            _tool(q, meant.get(q.measurand_id)),
            reason(q.missing) if q.value is None else value(q),
            expanded(q),
            unit(q),
            coverage_factor(q),
            text(q.n),
            _meaning(q, meant.get(q.measurand_id)),
        ]
        for q in record.conventions
    )
    words = Txt(zh="同类工具的约定", en="Peer conventions")
    legend = said(
        "此表的 U 仅含测量次间的重复性（A 类），没有预算。",
        "U in this table is repeatability over attempts alone (Type A), without a budget.",
    )
    return join((tag("p", legend, class_="hint"), table(words, columns, rows, titled=True)))


def _tool(q: Quantity, definition: Definition | None) -> Html:
    """Name of the figure, and whose it is; of one that a runner states, of what and as what."""
    origin = both(definition.origin) if definition else text(q.measurand_id)
    where = " · ".join(part for part in (q.scope, q.source) if part)
    of = tag("small", code(where)) if where else NOTHING
    return join((both(q.name), of, tag("small", origin)))


def _meaning(q: Quantity, definition: Definition | None) -> Html:
    model = both(definition.model) if definition else none("未给出", "not given")
    return join((model, tag("small", both(q.rule)))) if q.rule else model


def attempts(record: Record) -> Html:
    """Every attempt that was made, none dropped."""
    found = record.attempts
    counts = terms(
        [
            (said("计划", "planned"), text(found.planned)),
            (said("有效", "valid"), text(found.valid)),
            (said("作废", "void"), text(found.void)),
            (said("不完整", "incomplete"), text(found.incomplete)),
        ]
    )
    columns = (
        column("尝试", "attempt"),
        column("状态", "status"),
        column("原因", "reason"),
        column("请求数", "requests", number=True),
        column("输出词元", "output tokens", number=True),
        column("输出词元 SHA-256", "SHA-256 of the output tokens"),
    )
    rows = (
        [
            text(f"#{a.number}"),
            status(a.status),
            outcome(a.reason) if a.reason else NOTHING,
            text(a.requests),
            text(a.output_tokens),
            code(a.output_sha256) if a.output_sha256 else NOTHING,
        ]
        for a in found.attempts
    )
    made = (
        table(Txt(zh="尝试", en="Attempts"), columns, rows, titled=True)
        if found.attempts
        else none()
    )
    return join((tag("div", counts, class_="counts"), made))


def sources(record: Record) -> Html:
    """What each source gave and cost; what was not there and what would fix it."""
    return join(
        (
            _given(record.sources),
            heading(3, Txt(zh="缺失的来源", en="Absent sources")),
            _absent(record),
            heading(3, Txt(zh="缺口", en="Gaps")),
            _gaps(record),
        )
    )


def _given(found: Sequence[SourceField]) -> Html:
    if not found:
        return none()
    columns = (
        column("来源", "source"),
        column("证据等级", "tier"),
        column("达到的速率 / Hz", "achieved rate / Hz", number=True),
        column("读数次数", "ticks", number=True),
        column("漏读", "missed", number=True),
        column("迟读", "late", number=True),
        column("读取耗时中位数 / ns", "median read / ns", number=True),
        column("最长读取 / ns", "longest read / ns", number=True),
        column("有效刷新率 / Hz", "effective refresh / Hz"),
    )
    rows = (
        [
            join((code(s.source), _channels(s))),
            text(s.tier),
            text(s.achieved_hz),
            text(s.ticks),
            text(s.missed),
            text(s.late),
            text(s.read_p50_ns),
            text(s.read_max_ns),
            _refresh(s.refresh_hz),
        ]
        for s in found
    )
    return table(Txt(zh="来源", en="Sources"), columns, rows, titled=True)


def _channels(source: SourceField) -> Html:
    names = ", ".join(source.channels)
    return tag("small", text(names), class_="channels") if names else NOTHING


def _refresh(rates: Mapping[str, str]) -> Html:
    pairs = (tag("li", code(channel), text(f" {hz}")) for channel, hz in rates.items())
    return tag("ul", *pairs, class_="plain") if rates else NOTHING


def _absent(record: Record) -> Html:
    if not record.absent:
        return none()
    columns = (
        column("来源", "source"),
        column("原因", "reason"),
        column("如何补救", "what would fix it"),
    )
    rows = ([code(a.source), reason(a.reason), both(a.fix)] for a in record.absent)
    return table(Txt(zh="缺失的来源", en="Absent sources"), columns, rows, titled=True)


def _gaps(record: Record) -> Html:
    if not record.gaps:
        return none("没有缺口。", "No gaps.")
    columns = (
        column("通道", "channel"),
        column("尝试", "attempt"),
        column("原因", "reason"),
        column("缺失读数", "missing readings", number=True),
    )
    rows = (
        [code(g.channel), text(f"#{g.attempt}"), reason(g.reason), text(g.count)]
        for g in record.gaps
    )
    return table(Txt(zh="缺口", en="Gaps"), columns, rows, titled=True)


def definitions(record: Record) -> Html:
    """What each result means."""
    if not record.definitions:
        return none()
    columns = (
        column("量", "quantity"),
        column("标识", "id"),
        column("模型方程", "model equation"),
        column("单位 (UCUM)", "unit (UCUM)"),
        column("开始", "start"),
        column("结束", "stop"),
        column("出处", "origin"),
    )
    rows = (
        [
            both(d.name),
            code(d.id),
            both(d.model),
            code(d.unit),
            both(d.start),
            both(d.stop),
            both(d.origin),
        ]
        for d in record.definitions
    )
    return table(Txt(zh="定义", en="Definitions"), columns, rows, titled=True)


def files(record: Record) -> Html:
    """Where the raw data lie, and the command that does everything again."""
    packed = library()
    sealed = code(record.payload_sha256) if record.payload_sha256 else said("未封存", "not sealed")
    software = (
        (code(s.get("name", "?")), text(" ".join(v for k, v in s.items() if k != "name")))
        for s in record.software
    )
    return join(
        (
            tag("p", said("从原始数据重新得出本页与记录：", "To redo this page and the record:")),
            tag("pre", tag("code", text("inferometer verify DIR"))),
            terms(
                [
                    (said("运行目录", "run folder"), code("DIR")),
                    (said("记录", "record"), code("DIR/record.json")),
                    (said("原始数据", "raw data"), code("DIR/data/")),
                    (said("记录标识", "record id"), code(record.record_id)),
                    (said("数据清单 SHA-256", "payload SHA-256"), sealed),
                ]
            ),
            heading(3, Txt(zh="软件", en="Software")),
            terms(software),
            heading(3, Txt(zh="绘图库", en="Plotting library")),
            tag("div", terms([(text(packed.name), code(packed.sha256))]), id="library-name"),
        )
    )
