"""Which cell to take: the answer that a campaign is made for, or why there is none.

Asked of each measurand that has a better side, among cells that may be ranked, apart for each
device, dataset and load, and for each model with a reference of fidelity of its own: nobody
chooses a build by its being measured on the quicker phone, or by its being of a smaller model.
First are the cells that no other is claimed to beat; several are where no difference is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from host.campaign.cells import Asked
from host.campaign.circumstances import across, circumstances
from host.campaign.matrix import CellOutcome, Outcome, PairOutcome
from host.campaign.names import name_of, short
from host.compare.words import words_of
from host.handover.quantity import Quantity
from host.handover.text import Txt
from host.schema.rounding import display_of, with_uncertainty

# Names in a sentence; the matrix has all of them.
_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One measurand under one set of circumstances (axis -> value, {} where there is one set).

    The model is one of them where there are several (`circumstances.py`).

    first: cells that none is claimed to beat, of those that may be ranked and have this result.
    beaten: the others of them. next: the beaten cell that comes nearest, and the ratio of the
    first to it with U, "" where several are first. widest: of several first cells, the two (a, b)
    whose ratio B / A is known worst, with U: what "no difference" is worth. apart: pairs that
    could not be compared. left_out: cells that may not be ranked.
    """

    where: Mapping[str, str]
    result: str
    quantity: Quantity
    first: tuple[str, ...]
    beaten: tuple[str, ...]
    next: tuple[str, str]
    widest: tuple[str, str, str]
    apart: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]


def answers_of(asked: Asked, outcome: Outcome) -> tuple[Answer, ...]:
    """In the order of the file's measurands; none for what has no better side, as memory."""
    made = []
    for result in outcome.claimed_on:
        quantity = next((q for c in outcome.cells if (q := c.figures[result].quantity)), None)
        if quantity is None:
            continue
        for where, cells in _grouped(asked, outcome.cells):
            if not _asked_of(cells, result):
                continue
            if words_of(quantity.measurand_id, quantity.scope).better != "neither":
                made.append(_answer(where, quantity, result, cells, outcome.pairs))
    return tuple(made)


def _asked_of(cells: Sequence[CellOutcome], result: str) -> bool:
    """Whether a result is of this load at all: a single stream has none of eight at once."""
    visited = [cell for cell in cells if cell.fidelity is not None]
    return not visited or any(cell.figures[result].quantity for cell in visited)


def _grouped(
    asked: Asked, cells: Sequence[CellOutcome]
) -> list[tuple[dict[str, str], list[CellOutcome]]]:
    """The cells by where and with what they are used."""
    made: dict[tuple[tuple[str, str], ...], list[CellOutcome]] = {}
    for cell in cells:
        made.setdefault(tuple(circumstances(asked, cell.name).items()), []).append(cell)
    return [(dict(where), them) for where, them in made.items()]


def _answer(
    where: Mapping[str, str],
    quantity: Quantity,
    result: str,
    cells: Sequence[CellOutcome],
    pairs: Sequence[PairOutcome],
) -> Answer:
    ranked = [c.name for c in cells if not c.why_unranked and c.figures[result].value is not None]
    among = [p for p in pairs if p.result == result and p.a in ranked and p.b in ranked]
    beaten = {p.b if p.better == p.a else p.a for p in among if p.better}
    first = tuple(name for name in ranked if name not in beaten)
    left_out = tuple(c.name for c in cells if c.why_unranked)
    apart = tuple((p.a, p.b) for p in among if p.ratio is None)
    nearest = _next(first[0], among) if len(first) == 1 else ("", "")
    widest = _widest(first, among)
    rest = tuple(name for name in ranked if name in beaten)
    return Answer(where, result, quantity, first, rest, nearest, widest, apart, left_out)


def _next(first: str, pairs: Sequence[PairOutcome]) -> tuple[str, str]:
    """The cell that comes nearest, and first / it with U."""
    made = []
    for pair in pairs:
        if pair.better != first or pair.ratio is None:
            continue
        value, expanded = pair.ratio.value, pair.ratio.U
        if pair.a == first:  # the pair says B / A; U of the reciprocal to first order
            value, expanded = 1 / value, expanded / value**2
        made.append((abs(value - 1), pair.b if pair.a == first else pair.a, value, expanded))
    if not made:
        return "", ""
    _, name, value, expanded = min(made)
    return name, _with_u(value, expanded)


def _widest(first: Sequence[str], pairs: Sequence[PairOutcome]) -> tuple[str, str, str]:
    """The pair of first cells whose ratio has the largest U, and that ratio."""
    known = [p for p in pairs if p.ratio is not None and p.a in first and p.b in first]
    if not known:
        return "", "", ""
    _, a, b, value, expanded = max(
        (p.ratio.U / p.ratio.value, p.a, p.b, p.ratio.value, p.ratio.U) for p in known if p.ratio
    )
    return a, b, _with_u(value, expanded)


def _with_u(value: float, expanded: float) -> str:
    unit = display_of("1", 1.0)
    if expanded == 0:
        return f"{value:.6g}"
    return " ± ".join(with_uncertainty(unit.of(value), unit.of(expanded)))


def sentences(answers: Sequence[Answer]) -> Iterator[Txt]:
    """A sentence for each answer that names a cell."""
    return (_sentence(answer) for answer in answers if answer.first)


def summary(answers: Sequence[Answer], asked: Asked) -> Iterator[Txt]:
    """Why no cell is named, or which are first in all that was asked; and what is not answered."""
    none = across(asked) if answers else None
    if none is not None:
        yield none
    if answers and not any(answer.first for answer in answers):
        yield Txt(
            "没有可参与排名的单元，因此不推荐任何单元（原因见下）。",
            "No cell may be ranked, so none is named (the reasons stand below).",
        )
    else:
        yield from _of_all(answers)


def _sentence(answer: Answer) -> Txt:
    where = ", ".join(f"{axis} = {value}" for axis, value in answer.where.items())
    name = name_of(answer.quantity)
    zh = f"{name.zh}（{where}）" if where else name.zh
    en = f"{short(answer.result)} ({where})" if where else short(answer.result)
    said = said_of(answer)
    return Txt(f"{zh}：{said.zh}。", f"{en}: {said.en}.")


def said_of(answer: Answer) -> Txt:
    """Who is first, and by how much."""
    names = _names(answer.first)
    if not answer.first:
        return Txt("没有可参与排名的单元", "no cell may be ranked")
    if len(answer.first) > 1 and answer.apart:
        return Txt(f"{names} 之间未能全部相互比较", f"{names} could not all be compared")
    if len(answer.first) > 1:
        a, b, ratio = answer.widest
        return Txt(
            f"{names} 之间看不出差别（{b} / {a} = {ratio}）",
            f"no difference shown between {names} ({b} / {a} = {ratio})",
        )
    if not answer.beaten:
        return Txt(f"只有 {names} 可参与排名", f"{names} alone may be ranked")
    other, ratio = answer.next
    word = words_of(answer.quantity.measurand_id, answer.quantity.scope).short
    return Txt(
        f"{names} {word.zh}，与其次的 {other} 之比为 {ratio}",
        f"{names} {word.en}; {ratio} times the next, {other}",
    )


def how_first(answer: Answer) -> Txt:
    """The same without names, beside which it stands."""
    if len(answer.first) > 1 and answer.apart:
        return Txt("未能全部相互比较", "not all of them could be compared")
    if len(answer.first) > 1:
        return Txt("之间看不出差别", "no difference shown between them")
    if answer.first and answer.beaten:
        return words_of(answer.quantity.measurand_id, answer.quantity.scope).short
    if answer.first:
        return Txt("只有它可参与排名", "it alone may be ranked")
    return said_of(answer)


def _of_all(answers: Sequence[Answer]) -> Iterator[Txt]:
    """Where several measurands are asked: the cells that are first in each of them."""
    by_place: dict[tuple[tuple[str, str], ...], list[Answer]] = {}
    for answer in answers:
        by_place.setdefault(tuple(answer.where.items()), []).append(answer)
    for place, them in by_place.items():
        if len(them) < 2:  # noqa: PLR2004 - one alone has been said
            continue
        both = [n for n in them[0].first if all(n in each.first for each in them)]
        where = ", ".join(f"{axis} = {value}" for axis, value in place)
        zh, en = (f"（{where}）", f" ({where})") if where else ("", "")
        if both:
            yield Txt(
                f"在全部 {len(them)} 个量上均不落后{zh}：{_names(both)}。",
                f"Not beaten in any of {len(them)} quantities{en}: {_names(both)}.",
            )
        else:
            yield Txt(
                f"没有一个单元在全部 {len(them)} 个量上都领先{zh}：须取舍。",
                f"No cell is first in all {len(them)} quantities{en}: choose what counts.",
            )


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} (+{len(names) - _MOST_NAMES})"
