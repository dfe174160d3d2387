"""A comparison on a terminal: verdict, headline, tables, what was compared, notes, files."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host.cli import compare_more
from host.cli.compare_cells import is_shown, name_of, of_item, short_of, unit_of, values_of
from host.cli.compare_notes import ONE_LINE, notes_of
from host.cli.compare_verdict import forbidding, verdict_of
from host.cli.console import plain
from host.compare.pairs import Pair
from host.compare.run import Comparison
from host.compare.unlike import Unlike
from host.pipeline.compare import Compared
from host.report.terminal import NARROW_COLUMNS, safe

# Six columns and a sentence need more room than the table of one record.
COMPARE_COLUMNS = NARROW_COLUMNS + 40
# Of one kind: two records of other loads differ in hundreds of settings and results.
SHOWN = 12
_STYLES = {"good": "bold green", "some": "bold yellow", "bad": "bold red"}


def show(console: Console, compared: Compared) -> None:
    """Print it for people; everything from outside is printed as text, never as markup."""
    comparison = compared.comparison
    if comparison is not None:
        _verdict(console, comparison)
        _differences(console, comparison)
        for side in comparison.sides[1:]:
            _beside(console, comparison, side.label)
    compare_more.show(console, compared)
    if comparison is not None:
        _subjects(console, comparison)
        _notes(console, comparison)
    console.print()
    for side, path in zip(compared.sides, compared.paths, strict=True):
        line(console, f"{side.label}  {path}  {side.record.record_id}")
    line(console, "复核 check: inferometer verify RUN")


def line(console: Console, text: str, style: str = "") -> None:
    """One line of text that may hold something from outside."""
    console.print(Text(plain(text), style=style), soft_wrap=True)


def _verdict(console: Console, comparison: Comparison) -> None:
    said = verdict_of(comparison)
    first = f"{said.extent.zh} {said.extent.en}: {said.counts.zh}; {said.counts.en}"
    line(console, first, _STYLES[said.grade])
    if said.caution is not None:
        line(console, f"  {said.caution.zh}")
        line(console, f"  {said.caution.en}")
    for each in said.sentences:
        line(console, f"  {each.zh}", "bold")
        line(console, f"  {each.en}", "bold")


def _differences(console: Console, comparison: Comparison) -> None:
    """What forbids comes first; what must only be known stands in the notes."""
    for rule, group in forbidding(comparison):
        console.print()
        if len(group) == 1:
            line(console, f"! {rule}: {group[0].text.zh} {group[0].text.en}")
        else:
            line(console, f"! {rule}: {len(group)} 项不同 {len(group)} differences")
        for each in group[:SHOWN]:
            _values_of_each(console, comparison, each)
        if len(group) > SHOWN:
            line(console, f"    另有 {len(group) - SHOWN} 项 more: --json", "dim")


def _values_of_each(console: Console, comparison: Comparison, each: Unlike) -> None:
    named = [
        f"{side.label} {safe(value)}"
        for side, value in zip(comparison.sides, each.values, strict=True)
    ]
    if sum(map(len, named)) <= ONE_LINE:
        line(console, f"    {each.path}: {' | '.join(named)}")
    else:
        line(console, f"    {each.path}")
        for text in named:
            line(console, f"      {text}")
    if each.results:
        line(console, f"    {len(each.results)} 个结果不比较 results refused", "dim")


def _beside(console: Console, comparison: Comparison, label: str) -> None:
    items = set(comparison.sides[0].record.settings.get("items", ()))
    shown = [p for p in comparison.pairs if p.b == label and is_shown(p, items)]
    if not shown:
        return
    console.print()
    if console.width < COMPARE_COLUMNS:
        for pair in shown:
            _block(console, pair)
    else:
        console.print(_table(shown))


def _table(pairs: list[Pair]) -> Table:
    a, b = pairs[0].a, pairs[0].b
    table = Table(box=None, pad_edge=False)
    table.add_column("量 quantity", overflow="fold")
    for name in (a, b, f"{b} - {a}", f"{b} / {a}"):
        table.add_column(name, justify="right", no_wrap=True, overflow="ignore")
    table.add_column("单位 unit", no_wrap=True)
    table.add_column("判断 verdict", overflow="fold")
    for pair in pairs:
        strong = "bold" if pair.better else ""
        cells = [name_of(pair.measured_a), *values_of(pair), unit_of(pair), _short(pair)]
        table.add_row(*(Text(cell, style=strong) for cell in cells))
    return table


def _short(pair: Pair) -> str:
    words = short_of(pair)
    return f"{words.zh} {words.en}"


def _block(console: Console, pair: Pair) -> None:
    """One quantity on lines of its own, for narrow terminals."""
    a, b, difference, ratio = values_of(pair)
    unit = unit_of(pair)
    console.print(Text(name_of(pair.measured_a)))
    for name, value in ((pair.a, a), (pair.b, b), (f"{pair.b} - {pair.a}", difference)):
        if value:
            console.print(Text(f"  {name}: {value} {unit}".rstrip()))
    if ratio:
        console.print(Text(f"  {pair.b} / {pair.a}: {ratio}"))
    console.print(Text(f"  {_short(pair)}"))


def _subjects(console: Console, comparison: Comparison) -> None:
    console.print()
    line(console, "比较的是 compared")
    for subject in comparison.subjects:
        zh_en = (
            subject.name.en
            if subject.name.zh == subject.name.en
            else (f"{subject.name.zh} {subject.name.en}")
        )
        if subject.same:
            line(console, f"  {zh_en}: {safe(subject.values[0])}", "dim")
            continue
        named = [
            f"{s.label} {safe(v)}" for s, v in zip(comparison.sides, subject.values, strict=True)
        ]
        if sum(map(len, named)) <= ONE_LINE:
            line(console, f"  {zh_en}: {' | '.join(named)}")
            continue
        line(console, f"  {zh_en}:")
        for each in named:
            line(console, f"    {each}")


def _notes(console: Console, comparison: Comparison) -> None:
    console.print()
    for text in notes_of(comparison):
        line(console, f"{text.en}", "dim")
        line(console, f"{text.zh}", "dim")
    items = set(comparison.sides[0].record.settings.get("items", ()))
    hidden = sum(of_item(p.measured_a, items) for p in comparison.pairs)
    if hidden:
        line(console, f"另有 {hidden} 个单条目结果 results of single items: --json", "dim")
    for label, ids in comparison.unpaired:
        more = f", … ({len(ids)}: --json)" if len(ids) > SHOWN else ""
        few = ", ".join(map(safe, ids[:SHOWN]))
        line(console, f"仅在 {label} 中 only in {label}: {few}{more}", "dim")
