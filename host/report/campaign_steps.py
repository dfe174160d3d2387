"""Rates against the number of streams as lines: SVG without a script, told as text as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from host.handover.text import Txt, one_line
from host.report.campaign_charts import Axis, Place, axis_texts, line, text_at, with_u
from host.report.html_text import Html, heading, join, said, tag, text

_WIDTH, _EDGE, _LEFT, _HEAD, _FOOT, _PLOT = 640.0, 34.0, 76.0, 50.0, 64.0, 340.0
# Lines of one drawing: four colours in four kinds of dash. More stand in the matrix alone.
COLOURS, _DASHES = 4, ("none", "9 4", "2 4", "9 4 2 4")
MOST_LINES = COLOURS * len(_DASHES)
_STREAMS = Txt("同时进行的路数", "streams at once")
# Between the numbers of two lines that end at one place.
_NUMBER_HEIGHT = 17.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of load: how many streams, and the rate with U in the unit of the axis."""

    streams: int
    value: float
    expanded: float | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """A build over its steps, fewest streams first. ranked: drawn full, the others hollow."""

    name: str
    ranked: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class StepChart:
    """Rates of several builds by the number of streams."""

    title: Txt
    y: Axis
    lines: tuple[StepLine, ...]


def step_chart(it: StepChart) -> Html:
    """One drawing: a line for each build, numbered as the list below."""
    shown = it.lines[:MOST_LINES]
    names = [tag("li", text(each.name)) for each in shown]
    more = len(it.lines) - len(shown)
    beside = said(f"另有 {more} 个见矩阵", f"{more} more in the matrix") if more else Html("")
    key = join((tag("ol", *names, class_="key"), beside))
    return tag("div", heading(3, it.title), _drawn(it, shown), key, class_="drawing")


def _drawn(it: StepChart, lines: Sequence[StepLine]) -> Html:
    steps = sorted({step.streams for each in lines for step in each.steps})
    bounds = [b for each in lines for step in each.steps for b in _bounds(step)]
    x = _across(steps)
    y = Place((min(0.0, *bounds), max(bounds)), _PLOT, _HEAD)
    shapes = [*_grid(it, x, y)]
    taken: list[float] = []
    for number, each in enumerate(lines):
        shapes += _line(each, number, x, y)
        last = each.steps[-1]
        shapes.append(_number(number + 1, x[last.streams], y.at(last.value), taken))
    told = "; ".join(_told(number, each, it.y.unit) for number, each in enumerate(lines, 1))
    words = f"{one_line(it.title)}: {told}"
    return tag(
        "svg",
        tag("title", text(words)),
        *shapes,
        role="img",
        aria_label=words,
        viewBox=f"0 0 {_WIDTH:g} {_PLOT + _FOOT:g}",
    )


def _bounds(step: Step) -> tuple[float, float]:
    return step.value - (step.expanded or 0.0), step.value + (step.expanded or 0.0)


def _across(steps: Sequence[int]) -> dict[int, float]:
    """Steps at equal distances: most are doublings, and names of two shall not overlap."""
    room = (_WIDTH - _EDGE - _LEFT) / len(steps)
    return {streams: _LEFT + room * (place + 0.5) for place, streams in enumerate(steps)}


def _grid(it: StepChart, x: dict[int, float], y: Place) -> Iterator[Html]:
    for value, words in y.ticks():
        at = y.at(value)
        yield line(_LEFT, at, _WIDTH - _EDGE, at, "faint")
        yield text_at(_LEFT - 6, at + 4, words, "end")
    for streams, at in x.items():
        yield line(at, _HEAD, at, _PLOT, "faint")
        yield text_at(at, _PLOT + 15, str(streams), "middle")
    for row, words in enumerate(axis_texts(it.y)):
        yield text_at(12.0, 15 + 21 * row, words, "start")
    for row, words in enumerate((_STREAMS.zh, _STREAMS.en)):
        yield text_at(_WIDTH - 12, _PLOT + _FOOT - 25 + 20 * row, words, "end")


def _line(each: StepLine, number: int, x: dict[int, float], y: Place) -> Iterator[Html]:
    colour = f"build{number % COLOURS}"
    dash = _DASHES[number // COLOURS]
    places = [(x[step.streams], y.at(step.value)) for step in each.steps]
    if len(places) > 1:
        points = " ".join(f"{a:.2f},{b:.2f}" for a, b in places)
        yield Html(
            f'<polyline class="{colour}" points="{points}" fill="none" stroke="currentColor"'
            f' stroke-width="2" stroke-dasharray="{dash}"/>'
        )
    for step, (a, b) in zip(each.steps, places, strict=True):
        if step.expanded is not None:
            low, high = (y.at(bound) for bound in _bounds(step))
            yield line(a, low, a, high, colour, 2.0)
            yield from (line(a - 4, end, a + 4, end, colour, 2.0) for end in (low, high))
        fill = "currentColor" if each.ranked else "var(--card)"
        yield Html(
            f'<circle class="{colour}" cx="{a:.2f}" cy="{b:.2f}" r="4.5" fill="{fill}"'
            ' stroke="currentColor" stroke-width="2"/>'
        )


def _number(number: int, x: float, y: float, taken: list[float]) -> Html:
    """A line's number right of its end, lower where another one stands."""
    place = y + 4
    while any(abs(place - other) < _NUMBER_HEIGHT for other in taken):
        place += _NUMBER_HEIGHT
    taken.append(place)
    return text_at(x + 10, place, str(number), "start")


def _told(number: int, each: StepLine, unit: str) -> str:
    parts = (f"{s.streams}: {with_u(s.value, s.expanded, unit)}" for s in each.steps)
    return f"{number} {each.name}: {', '.join(parts)}"


def step_charts(them: Sequence[StepChart]) -> Html:
    """All of them, and how they are read."""
    words = said(
        "竖线为 ± U（p = 95 %）；仅同一并发数下可比较。",
        "Bars: ± U (p = 95 %). Compared at one number of streams alone.",
    )
    drawn = tag("div", *(step_chart(each) for each in them), class_="drawings")
    return join((tag("p", words, class_="hint"), drawn))
