"""Results against the number of streams: a line for each build, where cells have steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from host.campaign.cells import Asked
from host.campaign.circumstances import circumstances
from host.campaign.matrix import CellOutcome, Outcome
from host.campaign.names import short, streams_of
from host.campaign.pictures import placed
from host.handover.served_figures import STEP
from host.handover.text import Txt
from host.report.campaign_charts import Axis
from host.report.campaign_steps import Step, StepChart, StepLine
from host.schema.rounding import Display, display_of

# Measurand that each step has -> title of its chart.
_DRAWN = {
    "system_rate": Txt("系统速率与并发数", "Rate of all streams by their number"),
    "decode_rate": Txt("每路速率与并发数", "Rate of each stream by their number"),
    "time_to_first_token": Txt("首词元时间与并发数", "Time to first token by number of streams"),
}


def step_charts(asked: Asked, outcome: Outcome) -> tuple[StepChart, ...]:
    """All streams together, each, and its wait; apart for each device, dataset, load and model.

    None where no cell has two steps: a line takes two.
    """
    groups: dict[str, list[CellOutcome]] = {}
    for cell in outcome.cells:
        where = circumstances(asked, cell.name)
        groups.setdefault(", ".join(where.values()), []).append(cell)
    return tuple(
        chart
        for measurand in _DRAWN
        for where, cells in groups.items()
        for chart in _chart(asked, measurand, where, cells)
    )


def _chart(
    asked: Asked, measurand: str, where: str, cells: Sequence[CellOutcome]
) -> Iterator[StepChart]:
    held = [(cell, _steps(cell, measurand)) for cell in cells]
    figures = [cell.figures[key] for cell, keys in held for key in keys.values()]
    if not any(len(keys) > 1 for _, keys in held):
        return
    quantity = next(f.quantity for f in figures if f.quantity)
    display = display_of(quantity.unit, min(abs(f.value) for f in figures if f.value is not None))
    title = _DRAWN[measurand]
    if where:
        title = Txt(f"{title.zh}（{where}）", f"{title.en} ({where})")
    lines = tuple(
        StepLine(_chosen(asked, cell.name), not cell.why_unranked, _line(cell, keys, display))
        for cell, keys in held
        if keys
    )
    yield StepChart(title, Axis(quantity.name, display.unit), lines)


def _steps(cell: CellOutcome, measurand: str) -> dict[int, str]:
    """Streams -> result id, of those that have a value."""
    found = {
        streams: key
        for key, figure in cell.figures.items()
        if short(key).startswith(f"{measurand}/{STEP}") and figure.value is not None
        if (streams := streams_of(key)) is not None
    }
    return dict(sorted(found.items()))


def _line(cell: CellOutcome, keys: dict[int, str], display: Display) -> tuple[Step, ...]:
    made = ((streams, placed(cell.figures[key], display)) for streams, key in keys.items())
    return tuple(Step(streams, *place) for streams, place in made if place is not None)


def _chosen(asked: Asked, name: str) -> str:
    """A cell by the values of the axes that are chosen between."""
    where = circumstances(asked, name)
    values = asked.cell(name).values
    return "-".join(value for axis, value in values.items() if axis not in where) or name
