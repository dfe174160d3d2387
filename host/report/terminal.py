"""The record on a terminal: verdict, headline, table, conditions, warnings, files."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host.handover.quantity import Quantity
from host.handover.reasons import explained
from host.handover.record import Record
from host.handover.stated import STATED
from host.handover.text import one_line
from host.report.html_scores import score_lines
from host.report.html_text import visible
from host.report.state import PLUS_MINUS, open_rows, state_words
from host.report.terminal_audit import audit_block
from host.report.terminal_fidelity import fidelity_lines

HEADLINE = (
    *("decode_rate", "prefill_rate", "time_to_first_token"),
    *("inference_latency", "inference_rate", "image_latency", "peak_memory", "system_rate"),
)
# Below this many columns a table of four columns folds beyond reading: one quantity a block.
NARROW_COLUMNS = 70


def show(console: Console, record: Record, run: Path, page: Path) -> None:
    """Print a record for people. Everything from a device is printed as text, never as markup."""
    if record.status.state == "withdrawn":
        _state(console, record)
    _verdict(console, record)
    if record.status.state != "withdrawn":
        _state(console, record)
    console.print()
    _quantities(console, record)
    audit_block(console, record)
    _stated(console, record)
    for words, style in fidelity_lines(record.fidelity):
        console.print(Text(words, style=style))
    for line in score_lines(record.scores):
        console.print(Text(line))
    _conditions(console, record)
    _warnings(console, record)
    console.print()
    _line(console, "记录 record", run / "record.json")
    _line(console, "页面 page", page)
    _line(console, "复核 check", f"inferometer verify {run}")


def safe(value: object) -> str:
    """Text from outside on one line: what hides or moves the cursor is shown, not obeyed."""
    return visible(str(value))


def _verdict(console: Console, record: Record) -> None:
    style = {"valid": "bold green", "void": "bold red"}.get(record.verdict.status, "bold yellow")
    verdict = record.verdict
    console.print(Text(f"{verdict.text.zh} {verdict.text.en}", style=style))
    for reason in verdict.reasons:
        console.print(Text(f"  {safe(reason)}"))
        words = explained(reason)
        if words is not None:
            console.print(Text(f"    {one_line(words)}", style="dim"))


def _state(console: Console, record: Record) -> None:
    """Draft, issued and so on, in one line; a withdrawn record says so before its verdict."""
    status, words = record.status, state_words(record.status.state)
    style = {"draft": "dim", "withdrawn": "bold white on red"}.get(status.state, "")
    number = f" · {safe(record.record_no)}" if record.record_no else ""
    when = f" · {safe(status.date)}" if status.date else ""
    console.print(Text(f"{words.zh} {words.en}{number}{when}", style=style))
    if status.reason is not None:
        console.print(Text(f"  {safe(status.reason.zh)} {safe(status.reason.en)}"))


def _quantities(console: Console, record: Record) -> None:
    rows = [q for q in record.results if q.value is not None and not _is_detail(q, record)]
    if console.width < NARROW_COLUMNS:
        for q in rows:
            console.print(Text(f"{q.name.zh} {q.name.en}{_which(q)}\n    {_value(q)} {_unit(q)}"))
    else:
        console.print(_table(rows))
    if any(q.U is not None for q in rows):
        console.print(Text(PLUS_MINUS.en, "dim"))
        console.print(Text(PLUS_MINUS.zh, "dim"))
    if any(q.interval is not None for q in rows):
        console.print(Text("[low, high]: distribution-free 非参数区间, p ≥ 95 %", "dim"))
    _open_rows(console, [q for q in rows if q.budget_ref])
    for reason, names in _missing(record).items():
        said = f"未测 not measured: {', '.join(names)} ({safe(reason)})"
        console.print(Text(said, style="dim"))


def _stated(console: Console, record: Record) -> None:
    """What a runner says of itself, apart from what was measured."""
    rows = [q for q in record.conventions if q.measurand_id in STATED and q.value is not None]
    if rows:
        console.print()
        for q in rows:
            console.print(Text(f"{q.name.zh} {q.name.en}{_which(q)}: {_value(q)} {_unit(q)}"))


def _open_rows(console: Console, rows: list[Quantity]) -> None:
    """What U leaves out, and how the load of the agent itself is found."""
    counts = open_rows(rows)
    everywhere = [safe(symbol) for symbol, count in counts.items() if count == len(rows)]
    some = [safe(symbol) for symbol, count in counts.items() if count < len(rows)]
    parts = []
    if everywhere:
        parts.append(f"{', '.join(everywhere)} (全部 all budgets)")
    if some:
        parts.append(f"{', '.join(some)} (部分 some)")
    if parts:
        console.print(Text(f"未评定 not evaluated: {'; '.join(parts)}", "dim"))
    # What sampling itself reads has no reading without it: no pairs can tell its load there.
    if any("agent" in q.open_rows and not q.source for q in rows):
        console.print(Text("    agent: inferometer perturbation", "dim"))


def _table(rows: list[Quantity]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("量 quantity", overflow="fold")
    table.add_column("值 value", justify="right", no_wrap=True, overflow="ignore")
    table.add_column("单位 unit", no_wrap=True)
    table.add_column("k", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for q in rows:
        style = "bold" if q.measurand_id.partition("@")[0] in HEADLINE else ""
        name = Text(f"{q.name.zh} {q.name.en}{_which(q)}", style=style)
        table.add_row(name, Text(_value(q), style=style), _unit(q), _k(q), str(q.n))
    return table


def _missing(record: Record) -> dict[str, list[str]]:
    """Reason -> names of what was not measured, so that one reason is said once."""
    found: dict[str, list[str]] = {}
    for q in record.results:
        name = f"{one_line(q.name)}{_which(q)}"
        if q.value is None and name not in found.setdefault(q.missing, []):
            found[q.missing].append(name)
    return found


def _is_detail(q: Quantity, record: Record) -> bool:
    """What the page shows and the terminal leaves out: single items, frequencies by core."""
    items = set(record.settings.get("items", ()))
    return q.scope in items or q.measurand_id.startswith("frequency@")


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
    if q.reported.interval is not None:
        return f"{q.reported.value} [{', '.join(q.reported.interval)}]"
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
    used = runtime.get("settings", {})
    threads = used.get("n_threads", used.get("intra_op_num_threads", ""))
    version = runtime.get("described", {}).get("library_version", "")
    before = item.get("before", {})
    yield "模型 model", f"{model.get('name')} · {model.get('quantization')}"
    yield "", f"SHA-256 {model.get('sha256')}"
    told = (f"{runtime.get('kind')} {version}".strip(), threads and f"{threads} 线程 threads")
    yield "引擎 engine", " · ".join(word for word in told if word)
    yield "选用原因 why", _reason(runtime.get("reason"))
    yield (
        "设备 device",
        f"{before.get('cpu', {}).get('name', '?')} · {before.get('system', {}).get('name', '')}",
    )
    yield "数据 dataset", f"{record.dataset.get('id')}@{record.dataset.get('version')}"
    yield "设置 settings", record.settings_sha256
    traced = record.time.get("traceability_text")
    if isinstance(traced, dict):
        yield "时间 time", f"{traced.get('zh')} {traced.get('en')}"


def _reason(said: object) -> str:
    """Both languages, Chinese first."""
    if not isinstance(said, Mapping):
        return "?"
    return f"{said.get('zh')} {said.get('en')}"


def _warnings(console: Console, record: Record) -> None:
    if record.warnings:
        console.print()
    for warning in record.warnings:
        number = f" ({warning.number}, 限值 limit {warning.limit})" if warning.number else ""
        console.print(Text(f"! {warning.code}: {safe(one_line(warning.text))}{safe(number)}"))
        if warning.next is not None:
            console.print(Text(f"    {safe(one_line(warning.next))}", style="dim"))


def _line(console: Console, name: str, value: object) -> None:
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in name)
    console.print(Text(f"{name}{' ' * max(1, 16 - width)}{safe(value)}"), soft_wrap=True)
