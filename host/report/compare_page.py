"""The page of a comparison: one file that opens offline, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from host.handover.text import Txt, one_line
from host.report.html_scriptless import scriptless
from host.report.html_tables import column, table
from host.report.html_text import (
    NOTHING,
    Html,
    both,
    code,
    heading,
    join,
    said,
    tag,
    text,
)

_TITLE = Txt("记录的比较", "Comparison of records")
# A strip of one pair: drawn from -REACH to +REACH of A's value, what goes beyond is cut there.
REACH = 1.0
_WIDTH, _HEIGHT, _EDGE = 200.0, 22.0, 6.0
# Of the page of a record, `valid` is the green edge, `incomplete` the amber one, `void` the red.
_EDGES = {"good": "valid", "some": "incomplete", "bad": "void"}


@dataclass(frozen=True, slots=True)
class Row:
    """One pair of results as texts. relative: (difference, U), each over the size of A's value."""

    name: Txt
    cells: tuple[str, ...]
    verdict: Txt
    relative: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Table:
    """All pairs of B beside A."""

    a: str
    b: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Something with a value in each record: what forbids, or what was compared."""

    name: Txt
    path: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. more: what was asked for beside the pairs, as it stands on a terminal.

    files: (letter, path, record id). grade: `good`, `some` or `bad`.
    """

    grade: str
    verdict: tuple[Txt, ...]
    forbids: tuple[Listed, ...]
    tables: tuple[Table, ...]
    more: str
    subjects: tuple[Listed, ...]
    notes: tuple[Txt, ...]
    files: tuple[tuple[str, str, str], ...]


def page(said_of: Page) -> bytes:
    """One self-contained HTML file, UTF-8; the same contents give the same bytes."""
    return scriptless(one_line(_TITLE), both(_TITLE), ("page.css",), _sections(said_of))


def _sections(it: Page) -> Iterator[Html]:
    if it.verdict:
        first, *others = it.verdict
        yield tag(
            "section",
            tag("h2", said("判断", "Verdict")),
            *_lines(first, "stamp"),
            *(line for each in others for line in _lines(each, "lead")),
            class_=f"verdict {_EDGES[it.grade]}",
        )
    letters = tuple(letter for letter, _, _ in it.files)
    if it.forbids:
        yield _section("forbids", Txt("不可比之处", "What forbids"), _listed(it.forbids, letters))
    for each in it.tables:
        title = Txt(f"{each.b} 相对 {each.a}", f"{each.b} beside {each.a}")
        yield _section(f"pairs-{each.b}", title, _pairs(each, title))
    if it.more:
        asked = Txt("其他结论", "Also stated")
        yield _section("more", asked, tag("pre", text_lines(it.more), tabindex="0"))
    if it.subjects:
        compared = Txt("比较的是", "What was compared")
        yield _section("compared", compared, _listed(it.subjects, letters))
    if it.notes:
        items = tag("ul", *(tag("li", both(note)) for note in it.notes))
        yield _section("notes", Txt("须知", "Notes"), items)
    rows = [(text(letter), code(path), code(ident)) for letter, path, ident in it.files]
    columns = (column("记录", "record"), column("文件", "file"), column("标识", "identity"))
    name = Txt("记录与文件", "Records and files")
    yield _section("files", name, table(name, columns, rows, titled=True))


def _lines(words: Txt, class_: str) -> Iterator[Html]:
    """A sentence in each language, each on a line of its own."""
    yield tag("p", text(words.zh), class_=class_)
    yield tag("p", text(words.en), class_=class_, lang="en")


def text_lines(words: str) -> Html:
    """Text of several lines, whose line ends stay."""
    return Html("\n".join(text(line) for line in words.splitlines()))


def _section(name: str, words: Txt, content: Html) -> Html:
    return tag("section", heading(2, words, id=name), content, aria_labelledby=name)


def _listed(entries: Sequence[Listed], letters: Sequence[str]) -> Html:
    columns = (column("项", "entry"), *(column(x, x) for x in letters))
    rows = (
        (
            join((both(e.name), tag("small", code(e.path)) if e.path else NOTHING)),
            *(tag("span", text(value), class_="stated") for value in e.values),
        )
        for e in entries
    )
    return table(Txt("各记录的值", "Value in each record"), columns, rows, titled=True)


def _pairs(it: Table, title: Txt) -> Html:
    columns = (
        column("量", "quantity"),
        *(column(x, x, number=True) for x in (it.a, it.b, f"{it.b} - {it.a}", f"{it.b} / {it.a}")),
        column("单位", "unit"),
        column(f"差 / {it.a}，-100 % 至 +100 %", f"difference / {it.a}, -100 % to +100 %"),
        column("判断", "verdict"),
    )
    rows = (
        (
            both(row.name),
            *(text(cell) for cell in row.cells),
            strip(row.relative) if row.relative is not None else NOTHING,
            both(row.verdict),
        )
        for row in it.rows
    )
    return table(title, columns, rows, titled=True)


def strip(relative: tuple[float, float]) -> Html:
    """An interval on a line with zero in its middle; its ends are told as text as well."""
    value, expanded = relative
    low, high = value - expanded, value + expanded
    told = f"{value:+.1%} [{low:+.1%}, {high:+.1%}]"
    middle = f"{_HEIGHT / 2:g}"
    shapes = (
        tag("title", text(told)),
        _line(_WIDTH / 2, 2, _WIDTH / 2, _HEIGHT - 2, 1),
        Html(
            f'<line x1="{_x(low):.2f}" y1="{middle}" x2="{_x(high):.2f}" y2="{middle}"'
            ' stroke="currentColor" stroke-width="3"/>'
        ),
        NOTHING
        if abs(value) > REACH
        else Html(f'<circle cx="{_x(value):.2f}" cy="{middle}" r="4" fill="currentColor"/>'),
        *(_arrow(side) for side, end in ((-1, low), (1, high)) if side * end > REACH),
    )
    return join(
        (
            tag(
                "svg",
                *shapes,
                role="img",
                aria_label=told,
                width=f"{_WIDTH:g}",
                height=f"{_HEIGHT:g}",
                viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
            ),
            tag("small", text(told), class_="channels"),
        )
    )


def _x(relative: float) -> float:
    inside = max(-REACH, min(REACH, relative))
    return _WIDTH / 2 + inside / REACH * (_WIDTH / 2 - _EDGE)


def _line(x1: float, y1: float, x2: float, y2: float, width: float) -> Html:
    return Html(
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="currentColor"'
        f' stroke-width="{width:g}" opacity="0.5"/>'
    )


def _arrow(side: int) -> Html:
    """The interval goes on beyond the edge."""
    tip, foot = _x(side * REACH) + side * (_EDGE - 1), _x(side * REACH)
    middle = _HEIGHT / 2
    points = f"{foot:g},{middle - 5:g} {tip:g},{middle:g} {foot:g},{middle + 5:g}"
    return Html(f'<polygon points="{points}" fill="currentColor"/>')
