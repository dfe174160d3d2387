"""A comparison on a terminal: verdict, headline, tables, what was compared, notes, files."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host.cli import compare_more
from host.cli.compare_notes import ONE_LINE, notes_of
from host.cli.console import plain
from host.compare.difference import Stated
from host.compare.measured import Measured
from host.compare.pairs import Pair
from host.compare.run import MIN_RECORDS, Comparison
from host.compare.unlike import Effect
from host.compare.words import words_of
from host.handover.text import Txt
from host.pipeline.compare import Compared
from host.report.terminal import HEADLINE, NARROW_COLUMNS, safe
from host.schema.rounding import Display, alone, display_of, with_uncertainty

# Six columns and a sentence need more room than the table of one record.
COMPARE_COLUMNS = NARROW_COLUMNS + 40
_EXTENT = {
    "whole": ("bold green", Txt("可比", "Comparable")),
    "part": ("bold yellow", Txt("部分可比", "Comparable in part")),
    "none": ("bold red", Txt("不可比", "Not comparable")),
}
_ONE_THING = Txt(
    "设备、模型、引擎与设置都相同：此处显出的差别是各次运行之间的变化，U 不含它。",
    "Device, model, engine and settings are the same: a difference shown here is variation between"
    " runs, which U does not hold.",
)
_SHORT = {
    "no_difference_shown": Txt("看不出差别", "no difference shown"),
    "none": Txt("无判断", "no verdict"),
    "refused": Txt("不比较", "refused"),
}
_NOTHING_SHARED = ("没有共有的结果", "no result in common")


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
    style, words = _EXTENT[comparison.extent]
    if comparison.extent == "none":
        n = sum(each.effect is not Effect.SAID for each in comparison.differences)
        why = (f"{n} 项差别不允许", f"{n} differences forbid it") if n else _NOTHING_SHARED
        line(console, f"{words.zh}：{why[0]}；{words.en}: {why[1]}", style)
        return
    made = [p for p in comparison.pairs if p.verdict != "refused"]
    counts = _counts(comparison.pairs)
    line(console, f"{words.zh} {words.en}: {counts.zh}; {counts.en}", style)
    if one_thing(comparison) and _apart(made):
        line(console, f"  {_ONE_THING.zh}")
        line(console, f"  {_ONE_THING.en}")
    several = len(comparison.sides) > MIN_RECORDS
    for (sides, zh, en), names in _headline(made).items():
        which = f"  [{sides}] " if several else "  "
        line(console, f"{which}{'、'.join(n.zh for n in names)}：{zh}", "bold")
        line(console, f"{which}{', '.join(n.en for n in names)}: {en}", "bold")


def one_thing(comparison: Comparison) -> bool:
    """Whether nothing that is meant to differ does."""
    return all(s.same or s.key == "software" for s in comparison.subjects)


def _apart(pairs: Sequence[Pair]) -> int:
    return sum(p.verdict in ("higher", "lower") for p in pairs)


def _counts(pairs: Sequence[Pair]) -> Txt:
    """How many results show a difference; what has no interval is not counted as compared."""
    judged = sum(p.verdict in ("higher", "lower", "no_difference_shown") for p in pairs)
    open_ones = sum(p.verdict == "none" for p in pairs)
    refused = sum(p.verdict == "refused" for p in pairs)
    zh = f"{judged} 个结果相比，{_apart(pairs)} 个显出差别"
    en = f"results compared: {judged}, showing a difference: {_apart(pairs)}"
    if not judged:
        zh, en = "没有一个结果可作判断", "no result allows a verdict"
    if open_ones:
        zh, en = f"{zh}，{open_ones} 个无判断", f"{en}, {open_ones} without a verdict"
    if refused:
        zh, en = f"{zh}，{refused} 个不比较", f"{en}, {refused} refused"
    return Txt(zh, en)


def _headline(made: list[Pair]) -> dict[tuple[str, str, str], list[Txt]]:
    """(pair, zh, en) -> quantities that are asked for first: each sentence once a pair."""
    found: dict[tuple[str, str, str], list[Txt]] = {}
    for pair in made:
        q = pair.measured_a.quantity
        if q.measurand_id.partition("@")[0] in HEADLINE and q.scope == "":
            sides = f"{pair.a}, {pair.b}"
            found.setdefault((sides, pair.text.zh, pair.text.en), []).append(q.name)
    return found


def _differences(console: Console, comparison: Comparison) -> None:
    """What forbids comes first; what must only be known stands in the notes."""
    for each in comparison.differences:
        if each.effect is Effect.SAID:
            continue
        console.print()
        line(console, f"! {each.rule}: {each.text.zh} {each.text.en}")
        line(console, f"    {each.path}")
        for side, value in zip(comparison.sides, each.values, strict=True):
            line(console, f"      {side.label}  {safe(value)}")
        if each.results:
            line(console, f"    {len(each.results)} 个结果不比较 results refused", "dim")


def _beside(console: Console, comparison: Comparison, label: str) -> None:
    items = set(comparison.sides[0].record.settings.get("items", ()))
    shown = [p for p in comparison.pairs if p.b == label and _is_shown(p, items)]
    if not shown:
        return
    console.print()
    if console.width < COMPARE_COLUMNS:
        for pair in shown:
            _block(console, pair)
    else:
        console.print(_table(shown))


def _is_shown(pair: Pair, items: set[str]) -> bool:
    """Single items and what neither has are in the JSON only."""
    a, b = pair.measured_a, pair.measured_b
    return a.quantity.scope not in items and not (a.value is None and b.value is None)


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
        cells = [name_of(pair.measured_a), *_values(pair), _unit(pair), _short(pair)]
        table.add_row(*(Text(cell, style=strong) for cell in cells))
    return table


def _block(console: Console, pair: Pair) -> None:
    """One quantity on lines of its own, for narrow terminals."""
    a, b, difference, ratio = _values(pair)
    unit = _unit(pair)
    console.print(Text(name_of(pair.measured_a)))
    for name, value in ((pair.a, a), (pair.b, b), (f"{pair.b} - {pair.a}", difference)):
        if value:
            console.print(Text(f"  {name}: {value} {unit}".rstrip()))
    if ratio:
        console.print(Text(f"  {pair.b} / {pair.a}: {ratio}"))
    console.print(Text(f"  {_short(pair)}"))


def name_of(measured: Measured) -> str:
    """Name with what tells results of one measurand apart."""
    q = measured.quantity
    parts = [q.statistic if q.statistic != "mean" else "", q.scope, q.source]
    said = ", ".join(safe(part) for part in parts if part)
    return f"{q.name.zh} {q.name.en}{f' ({said})' if said else ''}"


def _values(pair: Pair) -> tuple[str, str, str, str]:
    """A, B, difference, ratio as texts, all but the ratio in the unit of A's value."""
    display = display_of(pair.measured_a.quantity.unit, pair.measured_a.value or 0.0)
    return (
        _own(pair.measured_a, display),
        _own(pair.measured_b, display),
        _stated(pair.difference, display),
        _stated(pair.ratio, display_of("1", 1.0)),
    )


def _own(measured: Measured, display: Display) -> str:
    if measured.value is None:
        return "-"
    expanded, value = measured.quantity.U, display.of(measured.value)
    if not expanded or not float(expanded):
        return alone(value)
    return " ± ".join(with_uncertainty(value, display.of(float(expanded))))


def _stated(stated: Stated | None, display: Display) -> str:
    """Value with U; a value whose uncertainty is zero has no interval to show."""
    if stated is None:
        return ""
    if stated.u == 0:
        return alone(display.of(stated.value))
    return " ± ".join(with_uncertainty(display.of(stated.value), display.of(stated.U)))


def _unit(pair: Pair) -> str:
    q = pair.measured_a.quantity
    return display_of(q.unit, pair.measured_a.value or 0.0).unit


def _short(pair: Pair) -> str:
    if pair.verdict in ("higher", "lower"):
        q = pair.measured_a.quantity
        higher = pair.b if pair.verdict == "higher" else pair.a
        words = words_of(q.measurand_id, q.scope).short
        return f"{pair.better or higher} {words.zh} {words.en}"
    words = _SHORT[pair.verdict]
    reason = f" ({pair.reason})" if pair.reason else ""
    return f"{words.zh} {words.en}{reason}"


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
    hidden = sum(p.measured_a.quantity.scope in items for p in comparison.pairs)
    if hidden:
        line(console, f"另有 {hidden} 个单条目结果 results of single items: --json", "dim")
    for label, ids in comparison.unpaired:
        line(console, f"仅在 {label} 中 only in {label}: {', '.join(map(safe, ids))}", "dim")
