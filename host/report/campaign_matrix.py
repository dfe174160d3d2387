"""The matrix of a campaign's page: a table for each load, with a row for each step of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from host.handover.text import Txt
from host.report.html_tables import column, outcome, table
from host.report.html_text import NOTHING, Html, both, heading, join, said, tag, text


@dataclass(frozen=True, slots=True)
class Column:
    """A result in the matrix, with its unit for people.

    of: what it shares with the results of other steps; step: which step of load it is of.
    """

    name: Txt
    unit: str
    of: str
    step: Txt | None = None


@dataclass(frozen=True, slots=True)
class CellRow:
    """A cell in the matrix. texts: `value ± U`, or why it is missing, one a column.

    missing: whether each text says why there is none; lacking: whether no visit has such a result,
    as of another load. load: how its load is called, "" where all have one. standing: in words.
    """

    name: str
    texts: tuple[str, ...]
    missing: tuple[bool, ...]
    fidelity: Txt
    standing: Txt
    visits: str
    load: str = ""
    lacking: tuple[bool, ...] = ()


# Columns of one quantity: step (None where it has none) -> place of the column.
_Steps = Mapping[Txt | None, int]


def matrix(columns: Sequence[Column], cells: Sequence[CellRow]) -> Html:
    """A table for each load, of the results that it has."""
    note = tag(
        "p",
        said(
            "各值为计入访问的平均值 ± U（p = 95 %）；漂移包含在 U 内，比值中已消除。"
            "没有预算的结果（如分位数），U 只含访问间的分散。",
            "Means of counted visits ± U (p = 95 %). Drift is in these U and not in ratios. U of a"
            " result without a budget, such as a quantile, is of the spread of visits alone.",
        ),
        class_="hint",
    )
    loads = tuple(dict.fromkeys(cell.load for cell in cells))
    tables = (_of_load(columns, [c for c in cells if c.load == load], load) for load in loads)
    return join((note, *tables))


def _of_load(columns: Sequence[Column], cells: Sequence[CellRow], load: str) -> Html:
    every = range(len(columns))
    shown = [n for n in every if not all(cell.lacking[n] for cell in cells)]
    found: dict[str, dict[Txt | None, int]] = {}
    for n in shown or every:  # all columns for cells without a visit
        found.setdefault(columns[n].of, {})[columns[n].step] = n
    heads = [columns[next(iter(steps.values()))] for steps in found.values()]
    units = [f" ({head.unit})" if head.unit else "" for head in heads]
    names = (
        column("单元", "cell"),
        *(
            column(f"{head.name.zh}{unit}", f"{head.name.en}{unit}", number=True)
            for head, unit in zip(heads, units, strict=True)
        ),
        column("保真度", "fidelity"),
        column("状态", "state"),
        column("访问", "visits"),
    )
    rows = [row for cell in cells for row in _rows(cell, [*found.values()])]
    title = Txt("各单元的结果", "Results of the cells")
    whole = table(title, names, rows, titled=True)
    return join((heading(3, Txt(load, load)), whole)) if load else whole


def _rows(cell: CellRow, quantities: Sequence[_Steps]) -> Iterator[tuple[Html, ...]]:
    """A row of a cell, or one for each step; what is of all steps stands in the first."""
    every = (step for steps in quantities for step in steps if step is not None)
    for number, step in enumerate(tuple(dict.fromkeys(every)) or (None,)):
        name = text(cell.name)
        if step is not None:
            name = join((name, tag("small", both(step))), " ")
        whole = (both(cell.fidelity), both(cell.standing), text(cell.visits))
        yield (
            name,
            *(_value(cell, steps, step, first=number == 0) for steps in quantities),
            *(whole if number == 0 else (NOTHING,) * len(whole)),
        )


def _value(cell: CellRow, steps: _Steps, step: Txt | None, *, first: bool) -> Html:
    place = steps.get(step, steps.get(None) if first else None)
    if place is None:
        return NOTHING
    words = cell.texts[place]
    return outcome(words) if cell.missing[place] else text(words)
