"""Drawings of a campaign: values of all cells with U, and one quantity against another.

SVG without a script. Each number in them stands in the matrix of the page as well, so they are for
the eye; what they show is told as text to those who cannot see them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from host.handover.text import Txt, one_line
from host.report.html_text import NOTHING, Html, both, heading, join, said, tag, text

# In units of the drawing, about a pixel each at its full width.
_WIDTH, _ROW, _EDGE, _LABEL, _FOOT = 640.0, 28.0, 12.0, 190.0, 64.0
_PLOT_HEIGHT, _LEFT, _HEAD = 340.0, 76.0, 50.0
_TICKS = 6
# Names up to so many characters stand left of their bars, at the size of a telephone's letters
# (19 of 640, campaign.css: about 10.5 a character); longer ones stand above, whole up to the most.
_BESIDE, _MOST_CHARACTERS, _TALL_ROW = 16, 56, 48.0
# A number beside a mark at that size, and where it may stand: right above first.
_NUMBER_WIDTH, _NUMBER_HEIGHT = 11.0, 18.0
_CORNERS = tuple(
    (side * 8.0, -7.0 + 18.0 * step) for step in (0, 1, -1, 2, -2, 3, -3, 4) for side in (1, -1)
)


@dataclass(frozen=True, slots=True)
class Axis:
    """name and unit for people."""

    name: Txt
    unit: str


@dataclass(frozen=True, slots=True)
class Point:
    """A cell in a drawing, in the units of its axes. expanded: U, None where there is none.

    y None in drawings of one quantity. ranked: drawn full, the others hollow.
    """

    cell: str
    ranked: bool
    x: float
    x_expanded: float | None
    y: float | None = None
    y_expanded: float | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """why_empty: said in place of a drawing where fewer than one cell has both quantities."""

    title: Txt
    x: Axis
    y: Axis | None
    points: tuple[Point, ...]
    why_empty: Txt | None = None


def drawing(it: Drawing) -> Html:
    """One drawing with its title and what it says in words."""
    head = heading(3, it.title)
    if it.why_empty is not None or not it.points:
        why = it.why_empty or Txt("没有数值", "there are no values")
        return tag("div", head, tag("p", both(why), class_="none"), class_="drawing")
    shapes = _against(it, it.y) if it.y is not None else _rows(it)
    key = (
        tag("ol", *(tag("li", text(p.cell)) for p in it.points), class_="key") if it.y else NOTHING
    )
    return tag("div", head, shapes, key, class_="drawing")


def legend() -> Html:
    """What the marks mean."""
    return tag(
        "p",
        said(
            "横线为 ± U（p = 95 %）；实心：有保真度结果，可参与排名；空心：不参与排名。",
            "Bars: ± U (p = 95 %). Full: has a fidelity result, may be ranked. Hollow: may not.",
        ),
        class_="hint",
    )


def _rows(it: Drawing) -> Html:
    """One row a cell: its value as a mark, ± U as a bar."""
    above = max(len(point.cell) for point in it.points) > _BESIDE
    row, left = (_TALL_ROW, _EDGE) if above else (_ROW, _LABEL)
    bottom = row * len(it.points)
    scale = Place(_ends(it.points, "x"), left, _WIDTH - _EDGE)
    shapes = [*_x_ticks(scale, bottom), *_x_name(it.x, bottom + _FOOT)]
    for number, point in enumerate(it.points):
        y = row * (number + 0.5) + (12 if above else 0)
        if above:
            shapes.append(text_at(_EDGE, y - 14, _shortened(point.cell), "start"))
        else:
            shapes.append(text_at(_LABEL - 10, y + 4, point.cell, "end"))
        shapes += _bar(scale, point.x, point.x_expanded, y)
        shapes.append(_mark(scale.at(point.x), y, ranked=point.ranked))
    return _svg(it, bottom + _FOOT, shapes)


def _shortened(name: str) -> str:
    """A name with its middle left out, since both ends tell cells apart."""
    if len(name) <= _MOST_CHARACTERS:
        return name
    half = _MOST_CHARACTERS // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _against(it: Drawing, axis: Axis) -> Html:
    """One quantity over another; marks are numbered as the list below."""
    height = _PLOT_HEIGHT + _FOOT
    x = Place(_ends(it.points, "x"), _LEFT, _WIDTH - _EDGE)
    y = Place(_ends(it.points, "y"), _PLOT_HEIGHT, _HEAD)
    shapes = [*_x_ticks(x, _PLOT_HEIGHT), *_x_name(it.x, height)]
    shapes += [
        text_at(_EDGE, 15 + 21 * row, words, "start") for row, words in enumerate(axis_texts(axis))
    ]
    for value, words in y.ticks():
        at = y.at(value)
        shapes += [
            line(_LEFT, at, _WIDTH - _EDGE, at, "faint"),
            text_at(_LEFT - 6, at + 4, words, "end"),
        ]
    taken = [(x.at(p.x), y.at(p.y) + 6) for p in it.points if p.y is not None]  # the marks
    for number, point in enumerate(it.points, 1):
        if point.y is None:
            continue
        at_x, at_y = x.at(point.x), y.at(point.y)
        shapes += _bar(x, point.x, point.x_expanded, at_y)
        if point.y_expanded is not None:
            low, high = y.at(point.y - point.y_expanded), y.at(point.y + point.y_expanded)
            shapes.append(line(at_x, low, at_x, high, "dot", 2.0))
        shapes.append(_mark(at_x, at_y, ranked=point.ranked))
        place_x, place_y, anchor = _corner(at_x, at_y, taken)
        shapes.append(text_at(place_x, place_y, str(number), anchor))
    return _svg(it, height, shapes)


def _corner(x: float, y: float, taken: list[tuple[float, float]]) -> tuple[float, float, str]:
    """Where a number stands beside its mark: the first corner where no other one stands."""
    free = [
        (x + dx, y + dy)
        for dx, dy in _CORNERS
        if all(
            abs(x + dx + (_NUMBER_WIDTH if dx > 0 else -_NUMBER_WIDTH) - a) > 2 * _NUMBER_WIDTH
            or abs(y + dy - b) > _NUMBER_HEIGHT
            for a, b in taken
        )
    ]
    found_x, found_y = free[0] if free else (x + _CORNERS[0][0], y + _CORNERS[0][1])
    right = found_x > x
    taken.append((found_x + (_NUMBER_WIDTH if right else -_NUMBER_WIDTH), found_y))
    return found_x, found_y, "start" if right else "end"


class Place:
    """From values to places: both ends of the values a little inside both ends of the places."""

    def __init__(self, ends: tuple[float, float], first: float, last: float) -> None:
        low, high = ends
        room = (high - low) * 0.06 or abs(high) * 0.06 or 1.0  # so that no mark lies on an edge
        self._low, self._high = low - room, high + room
        self._first, self._last = first, last

    def at(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._first + min(1.0, max(0.0, share)) * (self._last - self._first)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Round values, steps of 1, 2 or 5 times a power of ten."""
        rough = (self._high - self._low) / _TICKS
        power = 10.0 ** floor(log10(rough))
        step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
        digits = max(0, -floor(log10(step)))
        for count in range(ceil(self._low / step), floor(self._high / step) + 1):
            yield count * step, f"{count * step:.{digits}f}"


def _ends(points: Sequence[Point], axis: str) -> tuple[float, float]:
    pairs = [(p.x, p.x_expanded) if axis == "x" else (p.y, p.y_expanded) for p in points]
    known = [(value, expanded or 0.0) for value, expanded in pairs if value is not None]
    return min(v - e for v, e in known), max(v + e for v, e in known)


def _svg(it: Drawing, height: float, shapes: Sequence[Html]) -> Html:
    told = "; ".join(_told(it, number, point) for number, point in enumerate(it.points, 1))
    return tag(
        "svg",
        tag("title", text(f"{one_line(it.title)}: {told}")),
        *shapes,
        role="img",
        aria_label=f"{one_line(it.title)}: {told}",
        viewBox=f"0 0 {_WIDTH:g} {height:g}",
    )


def _told(it: Drawing, number: int, point: Point) -> str:
    parts = [with_u(point.x, point.x_expanded, it.x.unit)]
    if it.y is not None and point.y is not None:
        parts.append(with_u(point.y, point.y_expanded, it.y.unit))
    return f"{number} {point.cell}: {', '.join(parts)}"


def with_u(value: float, expanded: float | None, unit: str) -> str:
    """`value ± U unit` as it is told beside a drawing."""
    more = "" if expanded is None else f" ± {expanded:.2g}"
    return f"{value:.5g}{more} {unit}".strip()


def _bar(scale: Place, value: float, expanded: float | None, y: float) -> list[Html]:
    if expanded is None:
        return []
    low, high = scale.at(value - expanded), scale.at(value + expanded)
    ends = [line(x, y - 4, x, y + 4, "dot", 2.0) for x in (low, high)]
    return [line(low, y, high, y, "dot", 2.0), *ends]


def _mark(x: float, y: float, *, ranked: bool) -> Html:
    fill = "currentColor" if ranked else "var(--card)"
    kind = "dot" if ranked else "unranked"
    return Html(
        f'<circle class="{kind}" cx="{x:.2f}" cy="{y:.2f}" r="4.5" fill="{fill}"'
        ' stroke="currentColor" stroke-width="2"/>'
    )


def _x_ticks(scale: Place, bottom: float) -> Iterator[Html]:
    for value, words in scale.ticks():
        at = scale.at(value)
        yield line(at, 0, at, bottom, "faint")
        yield text_at(at, bottom + 15, words, "middle")


def _x_name(axis: Axis, height: float) -> Iterator[Html]:
    for row, words in enumerate(axis_texts(axis)):
        yield text_at(_WIDTH - _EDGE, height - 25 + 20 * row, words, "end")


def axis_texts(axis: Axis) -> tuple[str, ...]:
    """Name and unit, a line for each language."""
    unit = f" ({axis.unit})" if axis.unit else ""
    names = (axis.name.zh, axis.name.en)
    return tuple(f"{name}{unit}" for name in dict.fromkeys(names))


def line(x1: float, y1: float, x2: float, y2: float, kind: str, width: float = 0.5) -> Html:
    """A line between two places of a drawing, of a class of campaign.css."""
    return Html(
        f'<line class="{kind}" x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
        f' stroke="currentColor" stroke-width="{width:g}"/>'
    )


def text_at(x: float, y: float, words: str, anchor: str) -> Html:
    """Words at a place; anchor: `start`, `middle`, `end`."""
    where = {"x": f"{x:.2f}", "y": f"{y:.2f}", "text-anchor": anchor}
    return tag("text", text(words), **where)


def drawings(them: Sequence[Drawing]) -> Html:
    """All drawings of a page, and what their marks mean."""
    return join((legend(), tag("div", *(drawing(each) for each in them), class_="drawings")))
