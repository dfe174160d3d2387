"""Rows of the tables of a campaign's page: the answer, and what became of visits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from host.campaign.answer import Answer, how_first
from host.campaign.matrix import CellOutcome
from host.campaign.names import name_of, short
from host.campaign.results import CampaignReport, ratio_text, words_of_pair
from host.campaign.selection import selected
from host.handover.text import Txt
from host.report.campaign_answer import AnswerRow, ApartRow, SelectionRow
from host.schema.rounding import alone, display_of, with_uncertainty


def answer_rows(found: CampaignReport) -> Iterator[AnswerRow]:
    """An answer in each row."""
    cells = {cell.name: cell for cell in found.outcome.cells}

    def chosen(name: str, each: Answer) -> str:
        """A cell by its values of the axes that were chosen between."""
        values = found.asked.cell(name).values
        return "-".join(v for axis, v in values.items() if axis not in each.where) or name

    for each in found.answers:
        yield AnswerRow(
            where=", ".join(each.where.values()),
            quantity=name_of(each.quantity),
            named=bool(each.first),
            said=how_first(each),
            values=tuple((chosen(name, each), _value(cells[name], each)) for name in each.first),
            left_out=tuple(chosen(name, each) for name in each.left_out),
            ratio=_ratio(each, chosen),
        )


def _ratio(each: Answer, chosen: Callable[[str, Answer], str]) -> tuple[str, str]:
    """What the ratio is of, and the ratio: to the next cell, or of those not told apart."""
    if each.next[0]:
        return f"/ {chosen(each.next[0], each)}", each.next[1]
    a, b, ratio = each.widest
    return (f"{chosen(b, each)} / {chosen(a, each)}", ratio) if ratio else ("", "")


def pair_lines(found: CampaignReport) -> Iterator[str]:
    """A line for each ratio, in plain English, and one for each reason why there is none."""
    for p in found.outcome.pairs:
        if p.ratio is not None:
            said = words_of_pair(p).en
            yield f"{short(p.result)}: {p.b} / {p.a} = {ratio_text(p)}; {said}"
    for each in without_ratio(found):
        yield f"no ratio, {len(each.pairs)} pairs: {each.why.en}"


def unranked_lines(found: CampaignReport) -> Iterator[str]:
    """A line for each reason why cells may not be ranked, with the cells."""
    made: dict[str, list[str]] = {}
    for cell in found.outcome.cells:
        for why in cell.why_unranked:
            made.setdefault(why.en, []).append(cell.name)
    for said, names in made.items():
        yield f"not ranked: {', '.join(names)}: {said}"


def without_ratio(found: CampaignReport) -> tuple[ApartRow, ...]:
    """Pairs that have no ratio, by the reason."""
    made: dict[str, ApartRow] = {}
    for p in found.outcome.pairs:
        if p.ratio is None:
            why = p.why or Txt("", "")
            row = made.setdefault(why.en, ApartRow(why, []))
            row.pairs.append(f"{p.b} / {p.a}")
    return tuple(made.values())


def selection_rows(found: CampaignReport) -> tuple[SelectionRow, ...]:
    """A cell in each row; none where every visit came to a result at once."""
    rows = selected(found.state)
    if all(row.at_once == row.visits for row in rows):
        return ()
    return tuple(
        SelectionRow(r.cell, r.visits, r.at_once, r.again, r.lost, _given_up(found, r.cell))
        for r in rows
    )


def _given_up(found: CampaignReport, cell: str) -> Txt | None:
    why = found.state.given_up.get(cell)
    return Txt("已放弃", "given up") if why else None


def _value(cell: CellOutcome, answer: Answer) -> str:
    figure = cell.figures[answer.result]
    if figure.value is None:
        return ""
    display = display_of(answer.quantity.unit, figure.value)
    value = display.of(figure.value)
    if figure.U is None or figure.U == 0:
        words = alone(value)
    else:
        words = " ± ".join(with_uncertainty(value, display.of(figure.U)))
    return f"{words} {display.unit}".strip()
