"""The answer of a campaign at the head of its page, and what its values were selected by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from host.handover.text import Txt
from host.report.html_tables import column, details, table
from host.report.html_text import NOTHING, Html, both, join, said, tag, text

_MOST_VALUES = 6


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """Which cell to take in one quantity. where: values of device, dataset, load, or "".

    named: whether any cell is. values: (cell, `value ± U unit`) of those that are first. ratio:
    what it is of and the ratio with U, of the first to the next or, of several, the widest; "" for
    none. left_out: cells that may not be ranked. Cells go by what was chosen between, without
    what `where` says.
    """

    where: str
    quantity: Txt
    named: bool
    said: Txt
    values: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    ratio: tuple[str, str]


@dataclass(frozen=True, slots=True)
class SelectionRow:
    """Counted visits of a cell by how they came to a result. ends: said of the cell or None."""

    cell: str
    visits: int
    at_once: int
    again: int
    lost: int
    ends: Txt | None


@dataclass(frozen=True, slots=True)
class ApartRow:
    """Pairs without a ratio, and the reason that they share."""

    why: Txt
    pairs: list[str]


def apart(rows: Sequence[ApartRow]) -> Html:
    """Why pairs have no ratio, with the pairs behind a line that opens them."""
    if not rows:
        return NOTHING
    columns = (column("没有比值的原因", "why there is no ratio"), column("两单元", "pairs"))
    cells = (
        (
            both(row.why),
            details(said(f"{len(row.pairs)} 对", f"{len(row.pairs)}"), text(", ".join(row.pairs))),
        )
        for row in rows
    )
    return table(Txt("没有比值者", "Pairs without a ratio"), columns, cells)


def answer(rows: Sequence[AnswerRow]) -> Html:
    """The rows as a table; nothing where no cell may be named, which the verdict says."""
    if not any(row.named for row in rows):
        return NOTHING
    apart = any(row.where for row in rows)
    columns = (
        *((column("条件", "where"),) if apart else ()),
        column("量", "quantity"),
        column("选哪个", "which to take"),
        column("比值 ± U", "ratio ± U"),
        column("未参与", "left out"),
    )
    cells = (
        (
            *((text(row.where),) if apart else ()),
            both(row.quantity),
            _first(row),
            _ratio(row.ratio),
            text(", ".join(row.left_out)) if row.left_out else NOTHING,
        )
        for row in rows
    )
    name = Txt("选哪个单元", "Which cell to take")
    hint = tag(
        "p",
        said(
            "只在有保真度结果的单元之间比较；看不出差别的并列。",
            "Among cells with a fidelity result; where no difference is shown, all are named.",
        ),
        class_="hint",
    )
    return join((table(name, columns, cells, titled=True), hint))


def _first(row: AnswerRow) -> Html:
    """The names with their values, and how they are first."""
    shown = [
        tag("li", tag("strong", text(name)), text(f" {words}"))
        for name, words in row.values[:_MOST_VALUES]
    ]
    names = tag("ul", *shown, class_="plain named") if shown else NOTHING
    return join((names, tag("small", both(row.said))))


def _ratio(found: tuple[str, str]) -> Html:
    name, ratio = found
    return join((text(ratio), tag("small", text(name))), " ") if name else NOTHING


def selection(rows: Sequence[SelectionRow]) -> Html:
    """How many visits of each cell came to a result; nothing where all did at once."""
    if not rows:
        return NOTHING
    columns = (
        column("单元", "cell"),
        column("计入阶段的访问", "counted visits", number=True),
        column("首次即有效", "valid at once", number=True),
        column("重试后有效", "valid at a later try", number=True),
        column("无有效结果", "no valid result", number=True),
    )
    cells = (
        (
            join((text(row.cell), tag("small", both(row.ends)) if row.ends else NOTHING), " "),
            *(text(str(n)) for n in (row.visits, row.at_once, row.again, row.lost)),
        )
        for row in rows
    )
    return table(Txt("各单元的访问", "Visits of each cell"), columns, cells)
