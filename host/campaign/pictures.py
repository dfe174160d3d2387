"""A campaign's drawings: every result of all cells, and one quantity against another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from host.campaign.cells import Asked
from host.campaign.circumstances import families, family_label, family_of
from host.campaign.matrix import CellOutcome, Figure, Outcome
from host.campaign.names import name_of, of_all_steps
from host.handover.quantity import Quantity
from host.handover.text import Txt
from host.report.campaign_charts import Axis, Drawing, Point
from host.schema.rounding import Display, display_of

_RATES, _ENERGIES = ("decode_rate@", "output_byte_rate@"), ("energy_per_token@",)
# The figures that a rate is drawn against, the first that any cell has.
FIDELITY: Final = (
    ("kl_divergence_mean@1", Txt("平均 KL 散度", "mean KL divergence"), "nat"),
    ("top1_agreement@1", Txt("首选词元一致率", "top-1 agreement"), ""),
    ("greedy_agreement@1", Txt("贪心输出一致率", "greedy agreement"), ""),
)
Placed = Callable[[CellOutcome], tuple[float, float | None] | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A result in a column: what it is, and the unit that all cells of the column share."""

    id: str
    quantity: Quantity | None
    display: Display

    @property
    def name(self) -> Txt:
        """Its name with what tells results of one measurand apart."""
        return Txt(self.id, self.id) if self.quantity is None else name_of(self.quantity)

    @property
    def axis(self) -> Axis:
        return Axis(self.name, self.display.unit)


def shown_of(outcome: Outcome) -> list[Shown]:
    """Every result of an outcome, in the order of its columns."""
    return [_shown(outcome, result) for result in outcome.results]


def _shown(outcome: Outcome, result: str) -> Shown:
    figures = [cell.figures[result] for cell in outcome.cells]
    quantity = next((f.quantity for f in figures if f.quantity), None)
    # Steps of one load are read beside each other, so they share a unit.
    alike = [r for r in outcome.results if of_all_steps(r) == of_all_steps(result)]
    values = [cell.figures[each].value for cell in outcome.cells for each in alike]
    sizes = [abs(value) for value in values if value is not None]
    unit = quantity.unit if quantity else "1"
    return Shown(result, quantity, display_of(unit, min(sizes, default=1.0)))


def drawings_of(asked: Asked, outcome: Outcome, shown: Sequence[Shown]) -> tuple[Drawing, ...]:
    """All of them. Fidelity is drawn apart for each reference: one says nothing beside another."""
    steps = Counter(of_all_steps(s.id) for s in shown)
    # Several steps are drawn as lines (`steps.py`), or stand in the matrix alone.
    one = [_of_one(outcome.cells, s) for s in shown if steps[of_all_steps(s.id)] == 1]
    rate = next((s for s in shown if s.id.startswith(_RATES)), None)
    energy = next((s for s in shown if s.id.startswith(_ENERGIES)), None)
    against = _by_family(asked, outcome.cells, rate)
    return (*one, *against, _energy_against_rate(outcome.cells, rate, energy))


def _by_family(
    asked: Asked, cells: Sequence[CellOutcome], rate: Shown | None
) -> Iterator[Drawing]:
    found = families(asked)
    if len(found) < 2:  # noqa: PLR2004 - one drawing then, which needs no name of a family
        yield _rate_against_fidelity(cells, rate)
        return
    for family in found:
        own = [cell for cell in cells if family_of(asked.cell(cell.name)) == family]
        label = family_label(asked, own[0].name)
        made = _rate_against_fidelity(own, rate)
        title = Txt(f"{made.title.zh}（{label}）", f"{made.title.en} ({label})")
        yield replace(made, title=title)


def _of_one(cells: Sequence[CellOutcome], s: Shown) -> Drawing:
    points = []
    for cell in cells:
        place = placed(cell.figures[s.id], s.display)
        if place is not None:
            points.append(Point(cell.name, not cell.why_unranked, *place))
    return Drawing(s.name, s.axis, None, tuple(points))


def placed(figure: Figure, display: Display) -> tuple[float, float | None] | None:
    """Value and U in the unit of a display; None where there is no value."""
    if figure.value is None:
        return None
    expanded = None if figure.U is None else float(display.of(figure.U))
    return float(display.of(figure.value)), expanded


def _rate_against_fidelity(cells: Sequence[CellOutcome], rate: Shown | None) -> Drawing:
    title = Txt("速率与保真度", "Rate against fidelity")
    known = [c.fidelity.figures for c in cells if c.fidelity is not None]
    chosen = next((f for f in FIDELITY if any(f[0] in each for each in known)), None)
    if chosen is None or rate is None:
        why = Txt(
            "没有单元有保真度结果，故不排名、不作图。",
            "No cell has a fidelity result, so nothing is ranked and nothing drawn.",
        )
        return Drawing(title, Axis(title, ""), None, (), why)
    key, name, unit = chosen

    def fidelity(cell: CellOutcome) -> tuple[float, float | None] | None:
        if cell.fidelity is None or key not in cell.fidelity.figures:
            return None
        value, u = cell.fidelity.figures[key]
        return value, None if u is None else 2 * u  # k = 2: a standard error over many windows

    return _two(cells, title, (Axis(name, unit), fidelity), rate)


def _energy_against_rate(
    cells: Sequence[CellOutcome], rate: Shown | None, energy: Shown | None
) -> Drawing:
    title = Txt("能耗与速率", "Energy against rate")
    if rate is None or energy is None:
        why = Txt(
            "没有单元测得每词元能量，原因见矩阵与各记录。",
            "No cell has an energy per token; each record says why.",
        )
        return Drawing(title, Axis(title, ""), None, (), why)

    def of_rate(cell: CellOutcome) -> tuple[float, float | None] | None:
        return placed(cell.figures[rate.id], rate.display)

    return _two(cells, title, (rate.axis, of_rate), energy)


def _two(cells: Sequence[CellOutcome], title: Txt, x: tuple[Axis, Placed], y: Shown) -> Drawing:
    axis, place = x
    points = []
    for cell in cells:
        across, up = place(cell), placed(cell.figures[y.id], y.display)
        if across is not None and up is not None:
            points.append(Point(cell.name, not cell.why_unranked, *across, *up))
    return Drawing(title, axis, y.axis, tuple(points))
