"""The page of a campaign: one file that opens offline, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from host.handover.text import Txt, one_line
from host.report.campaign_answer import AnswerRow, ApartRow, SelectionRow, answer, apart, selection
from host.report.campaign_charts import Drawing, drawings
from host.report.campaign_matrix import CellRow, Column, matrix
from host.report.campaign_steps import StepChart, step_charts
from host.report.html_scriptless import scriptless
from host.report.html_tables import column, details, none, outcome, table, terms
from host.report.html_text import NOTHING, Html, both, code, heading, join, said, tag, text

# Rows of a table that stands open: those of the ratios of four cells in two quantities.
_MOST_ROWS = 12
_EDGES = {"good": "valid", "some": "incomplete", "bad": "void"}


@dataclass(frozen=True, slots=True)
class PairRow:
    """B beside A in one result."""

    a: str
    b: str
    result: Txt
    ratio: str
    p_value: str
    basis: str
    verdict: Txt
    cautions: tuple[Txt, ...]
    claimed: bool


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One try of a visit that gave no valid result, or is a warm-up."""

    visit: str
    status: str
    reason: str
    run: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. grade: `good`, `some` or `bad`. unranked: (cell, why).

    verdict: how it ended, then what stands below the answers.
    """

    title: str
    grade: str
    verdict: tuple[Txt, ...]
    columns: tuple[Column, ...]
    cells: tuple[CellRow, ...]
    drawings: tuple[Drawing, ...]
    pairs: tuple[PairRow, ...]
    unranked: tuple[tuple[str, Txt], ...]
    method: tuple[tuple[Txt, Txt], ...]
    visits: tuple[VisitRow, ...]
    files: tuple[tuple[str, str, str], ...]
    answers: tuple[AnswerRow, ...] = ()
    selected: tuple[SelectionRow, ...] = ()
    apart: tuple[ApartRow, ...] = ()
    steps: tuple[StepChart, ...] = ()


def page(it: Page) -> bytes:
    """One self-contained HTML file, UTF-8; the same contents give the same bytes."""
    return scriptless(it.title, text(it.title), ("page.css", "campaign.css"), _sections(it))


def _sections(it: Page) -> Iterator[Html]:
    first, *others = it.verdict
    yield tag(
        "section",
        tag("h2", said("判断", "Verdict")),
        *_lines(first, "stamp"),
        answer(it.answers),
        *(line for each in others for line in _lines(each, "lead")),
        class_=f"verdict {_EDGES[it.grade]}",
    )
    yield _section("matrix", Txt("比较矩阵", "Comparison matrix"), matrix(it.columns, it.cells))
    if it.steps:
        title = Txt("速率与并发数", "Rate by number of streams")
        yield _section("steps", title, step_charts(it.steps))
    yield _section("drawings", Txt("图", "Charts"), drawings(it.drawings))
    yield _section(
        "pairs", Txt("两两之比", "Ratios of pairs"), join((_pairs(it), apart(it.apart)))
    )
    yield _section(
        "unranked", Txt("不参与排名者", "What may not be ranked"), _unranked(it.unranked)
    )
    method = terms((both(name), both(words)) for name, words in it.method)
    yield _section("method", Txt("方法", "Method"), method)
    visits = join((selection(it.selected), _visits(it.visits)))
    yield _section("visits", Txt("未计入的访问", "Visits that do not count"), visits)
    rows = [(text(visit), code(run), code(record)) for visit, run, record in it.files]
    columns = (column("访问", "visit"), column("运行目录", "run folder"), column("记录", "record"))
    name = Txt("计入的记录", "Records that count")
    whole = _folded(table(name, columns, rows, titled=True), len(rows))
    yield _section("files", name, whole)


def _lines(words: Txt, class_: str) -> Iterator[Html]:
    yield tag("p", text(words.zh), class_=class_)
    yield tag("p", text(words.en), class_=class_, lang="en")


def _section(name: str, words: Txt, content: Html) -> Html:
    return tag("section", heading(2, words, id=name), content, aria_labelledby=name)


def _pairs(it: Page) -> Html:
    rows = it.pairs
    if not rows and len(it.cells) > 1:
        return none("没有比值", "there is no ratio")
    if not rows:
        return none("只有一个单元", "there is one cell alone")
    columns = (
        column("两单元", "pair"),
        column("量", "quantity"),
        column("比值 ± U", "ratio ± U", number=True),
        column("p 值", "p-value", number=True),
        column("依据", "basis"),
        column("判断", "verdict"),
    )
    cells = (
        (
            text(f"{row.b} / {row.a}"),
            both(row.result),
            text(row.ratio),
            text(row.p_value),
            text(row.basis),
            join(
                (
                    tag("strong", both(row.verdict)) if row.claimed else both(row.verdict),
                    *(tag("small", both(each)) for each in row.cautions),
                )
            ),
        )
        for row in rows
    )
    return _folded(
        table(Txt("两两之比", "Ratios of pairs"), columns, cells, titled=True), len(rows)
    )


def _folded(whole: Html, rows: int) -> Html:
    """A long table behind a line that opens it; nobody reads 130 ratios on a telephone."""
    if rows <= _MOST_ROWS:
        return whole
    return details(said(f"全部 {rows} 行", f"all {rows} rows"), whole)


def _unranked(rows: Sequence[tuple[str, Txt]]) -> Html:
    if not rows:
        return none("全部单元可参与排名", "every cell may be ranked")
    columns = (column("单元", "cell"), column("原因", "why"))
    title = Txt("不参与排名者", "What may not be ranked")
    return table(title, columns, ((text(c), both(why)) for c, why in rows), titled=True)


def _visits(rows: Sequence[VisitRow]) -> Html:
    if not rows:
        return none("全部访问均计入", "every visit counts")
    columns = (
        column("访问", "visit"),
        column("状态", "state"),
        column("原因", "why"),
        column("运行目录", "run folder"),
    )
    cells = (
        (
            text(row.visit),
            text(row.status),
            outcome(row.reason) if row.reason else NOTHING,
            code(row.run) if row.run else NOTHING,
        )
        for row in rows
    )
    return table(Txt("未计入的访问", "Visits that do not count"), columns, cells, titled=True)


def title_of(words: Txt) -> str:
    """Both languages on one line, for the head of the page."""
    return one_line(words)
