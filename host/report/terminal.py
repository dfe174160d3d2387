"""The record on a terminal: verdict, headline, table, conditions, warnings, files."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host.handover.record import Quantity, Record

HEADLINE = ("decode_rate", "prefill_rate", "time_to_first_token", "peak_memory")
# Below this many columns a table of four columns folds beyond reading: one quantity a block.
NARROW_COLUMNS = 70


def show(console: Console, record: Record, run: Path, page: Path) -> None:
    """Print a record for people. Everything from a device is printed as text, never as markup."""
    _verdict(console, record)
    _quantities(console, record)
    _conditions(console, record)
    _warnings(console, record)
    console.print()
    _line(console, "记录 record", run / "record.json")
    _line(console, "页面 page", page)
    _line(console, "复核 check", f"inferometer verify {run}")


def safe(value: object) -> str:
    """Text from outside: control and bidirectional characters shown, not obeyed."""
    return "".join(
        c if unicodedata.category(c)[0] != "C" else f"\\x{ord(c):02x}" for c in str(value)
    )


def _verdict(console: Console, record: Record) -> None:
    style = {"valid": "bold green", "void": "bold red"}.get(record.verdict.status, "bold yellow")
    verdict = record.verdict
    console.print(Text(f"{verdict.text.zh} {verdict.text.en}", style=style))
    for reason in verdict.reasons:
        console.print(Text(f"  {safe(reason)}"))
    console.print()


def _quantities(console: Console, record: Record) -> None:
    rows = [q for q in record.results if q.value is not None and not _is_item(q, record)]
    if console.width < NARROW_COLUMNS:
        for q in rows:
            console.print(Text(f"{q.name.zh} {q.name.en}{_which(q)}\n    {_value(q)} {_unit(q)}"))
        return
    table = Table("quantity", "value", "unit", "k", "n", box=None, pad_edge=False)
    table.columns[1].no_wrap = table.columns[2].no_wrap = True
    table.columns[1].justify = table.columns[3].justify = table.columns[4].justify = "right"
    for q in rows:
        style = "bold" if q.measurand_id.partition("@")[0] in HEADLINE else ""
        name = Text(f"{q.name.zh} {q.name.en}{_which(q)}", style=style)
        value = Text(_value(q), style=style, overflow="ignore")
        table.add_row(name, value, Text(_unit(q)), Text(_k(q)), Text(str(q.n)))
    console.print(table)
    if any(q.U is not None for q in rows):
        note = (
            "±: U = k·u, t 分布, p = 95 %, 仅含测量次间的重复性 (A 类) · "
            "repeatability over attempts only (Type A); [low, high]: distribution-free"
        )
        console.print(Text(note, style="dim"))
    missing = [q for q in record.results if q.value is None]
    for q in missing:
        said = f"{q.name.zh} {q.name.en}{_which(q)}: 未测 not measured ({safe(q.missing)})"
        console.print(Text(said, style="dim"))


def _is_item(q: Quantity, record: Record) -> bool:
    return q.scope in {str(item["id"]) for item in record.dataset.get("items", ())}


def _which(q: Quantity) -> str:
    """What tells apart results of one measurand: statistic, phase, source."""
    parts = [q.statistic if q.statistic not in ("mean", "") else "", q.scope, q.source]
    said = ", ".join(safe(p) for p in parts if p)
    return f" ({said})" if said else ""


def _value(q: Quantity) -> str:
    if q.reported is None:
        return q.value or ""
    if q.reported.U is not None:
        return f"{q.reported.value} ± {q.reported.U}"
    if q.interval is not None and (q.interval.low or q.interval.high):
        return f"{q.reported.value} [{q.interval.low or '?'}, {q.interval.high or '?'}]"
    return q.reported.value


def _unit(q: Quantity) -> str:
    return q.reported.unit if q.reported else q.unit


def _k(q: Quantity) -> str:
    return "" if q.k is None else f"{float(q.k):.2f}"


def _conditions(console: Console, record: Record) -> None:
    console.print()
    for name, value in _condition_rows(record):
        _line(console, name, value)


def _condition_rows(record: Record) -> Iterator[tuple[str, str]]:
    model, runtime, item = record.model_artifact, record.runtime, record.item
    yield (
        "模型 model",
        f"{model.get('name')} · {model.get('quantization')} · {model.get('sha256')}",
    )
    yield "引擎 engine", f"{runtime.get('engine')} {runtime.get('version', '')}"
    yield "设备 device", f"{item.get('model', item.get('name', ''))}"
    yield "数据 dataset", f"{record.dataset.get('id')}@{record.dataset.get('version')}"
    yield "设置 settings", record.settings_sha256
    done = record.attempts
    yield (
        "次数 attempts",
        f"{done.valid} valid, {done.void} void, {done.incomplete} incomplete"
        f" of {done.planned} planned",
    )


def _warnings(console: Console, record: Record) -> None:
    if record.warnings:
        console.print()
    for warning in record.warnings:
        number = f" ({warning.number}, limit {warning.limit})" if warning.number else ""
        console.print(Text(f"! {warning.code}: {safe(warning.text.en)}{safe(number)}"))
        if warning.next is not None:
            console.print(Text(f"    {safe(warning.next.en)}", style="dim"))


def _line(console: Console, name: str, value: object) -> None:
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in name)
    console.print(Text(f"{name}{' ' * max(1, 16 - width)}{safe(value)}"), soft_wrap=True)
