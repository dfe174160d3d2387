"""A comparison as the contents of its page."""

from __future__ import annotations

import io

from rich.console import Console

from host.cli import compare_more
from host.cli.compare_cells import full_name, is_shown, short_of, unit_of, values_of
from host.cli.compare_notes import notes_of
from host.cli.compare_verdict import forbidding, verdict_of
from host.compare.pairs import Pair
from host.compare.run import Comparison
from host.handover.text import Txt
from host.pipeline.compare import Compared
from host.report.compare_page import Listed, Page, Row, Table

# Sentences of what was asked for beside are kept on their lines.
_WIDTH = 200


def contents(compared: Compared) -> Page:
    """All that the terminal says, and in the same words."""
    comparison = compared.comparison
    files = tuple(
        (side.label, str(path), side.record.record_id)
        for side, path in zip(compared.sides, compared.paths, strict=True)
    )
    more = _more(compared)
    if comparison is None:
        return Page("good", (), (), (), more, (), (), files)
    said = verdict_of(comparison)
    first = Txt(
        f"{said.extent.zh}：{said.counts.zh}",
        f"{said.extent.en}: {said.counts.en}",
    )
    cautions = () if said.caution is None else (said.caution,)
    return Page(
        grade=said.grade,
        verdict=(first, *cautions, *said.sentences),
        forbids=tuple(
            Listed(each.text, each.path, each.values)
            for _, group in forbidding(comparison)
            for each in group
        ),
        tables=tuple(_table(comparison, side.label) for side in comparison.sides[1:])
        if comparison.pairs
        else (),
        more=more,
        subjects=tuple(Listed(s.name, "", s.values) for s in comparison.subjects),
        notes=tuple(notes_of(comparison)),
        files=files,
    )


def _more(compared: Compared) -> str:
    file = io.StringIO()
    compare_more.show(Console(file=file, width=_WIDTH, markup=False, highlight=False), compared)
    return file.getvalue().strip("\n")


def _table(comparison: Comparison, label: str) -> Table:
    items = set(comparison.sides[0].record.settings.get("items", ()))
    shown = [p for p in comparison.pairs if p.b == label and is_shown(p, items)]
    return Table(comparison.sides[0].label, label, tuple(_row(pair) for pair in shown))


def _row(pair: Pair) -> Row:
    cells = (*values_of(pair), unit_of(pair))
    d, a = pair.difference, pair.measured_a.value
    relative = (d.value / abs(a), d.U / abs(a)) if d is not None and d.u > 0 and a else None
    return Row(full_name(pair.measured_a), cells, short_of(pair), relative)
