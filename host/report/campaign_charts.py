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
_WIDTH, _ROW, _EDGE, _LABEL, _FOOT = 640.0, 28.0, 12.0, 190.0, 46.0
_PLOT_HEIGHT, _LEFT = 320.0, 64.0
_TICKS, _LABEL_CHARACTERS = 4, 20


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
    height = _ROW * len(it.points) + _FOOT
    scale = _Scale(_ends(it.points, "x"), _LABEL, _WIDTH - _EDGE)
    bottom = _ROW * len(it.points)
    shapes = [*_x_ticks(scale, bottom), *_x_name(it.x, height)]
    for number, point in enumerate(it.points):
        y = _ROW * (number + 0.5)
        name = point.cell[:_LABEL_CHARACTERS]
        shapes.append(_text(_LABEL - 10, y + 4, name, "end"))
        shapes += _bar(scale, point.x, point.x_expanded, y)
        shapes.append(_mark(scale.at(point.x), y, ranked=point.ranked))
    return _svg(it, height, shapes)


def _against(it: Drawing, axis: Axis) -> Html:
    """One quantity over another; marks are numbered as the list below."""
    height = _PLOT_HEIGHT + _FOOT
    x = _Scale(_ends(it.points, "x"), _LEFT, _WIDTH - _EDGE)
    y = _Scale(_ends(it.points, "y"), _PLOT_HEIGHT, 24.0)
    shapes = [*_x_ticks(x, _PLOT_HEIGHT), *_x_name(it.x, height)]
    shapes.append(_text(_EDGE, 14, _axis_text(axis), "start"))
    for value, words in y.ticks():
        at = y.at(value)
        shapes += [_line(_LEFT, at, _WIDTH - _EDGE, at, "faint"), _text(58, at + 4, words, "end")]
    for number, point in enumerate(it.points, 1):
        if point.y is None:
            continue
        at_x, at_y = x.at(point.x), y.at(point.y)
        shapes += _bar(x, point.x, point.x_expanded, at_y)
        if point.y_expanded is not None:
            low, high = y.at(point.y - point.y_expanded), y.at(point.y + point.y_expanded)
            shapes.append(_line(at_x, low, at_x, high, "dot", 2.0))
        shapes += [
            _mark(at_x, at_y, ranked=point.ranked),
            _text(at_x + 7, at_y - 7, str(number), "start"),
        ]
    return _svg(it, height, shapes)


class _Scale:
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
    parts = [_with_u(point.x, point.x_expanded, it.x.unit)]
    if it.y is not None and point.y is not None:
        parts.append(_with_u(point.y, point.y_expanded, it.y.unit))
    return f"{number} {point.cell}: {', '.join(parts)}"


def _with_u(value: float, expanded: float | None, unit: str) -> str:
    more = "" if expanded is None else f" ± {expanded:.2g}"
    return f"{value:.5g}{more} {unit}".strip()


def _bar(scale: _Scale, value: float, expanded: float | None, y: float) -> list[Html]:
    if expanded is None:
        return []
    low, high = scale.at(value - expanded), scale.at(value + expanded)
    ends = [_line(x, y - 4, x, y + 4, "dot", 2.0) for x in (low, high)]
    return [_line(low, y, high, y, "dot", 2.0), *ends]


def _mark(x: float, y: float, *, ranked: bool) -> Html:
    fill = "currentColor" if ranked else "var(--card)"
    kind = "dot" if ranked else "unranked"
    return Html(
        f'<circle class="{kind}" cx="{x:.2f}" cy="{y:.2f}" r="4.5" fill="{fill}"'
        ' stroke="currentColor" stroke-width="2"/>'
    )


def _x_ticks(scale: _Scale, bottom: float) -> Iterator[Html]:
    for value, words in scale.ticks():
        at = scale.at(value)
        yield _line(at, 0, at, bottom, "faint")
        yield _text(at, bottom + 15, words, "middle")


def _x_name(axis: Axis, height: float) -> Iterator[Html]:
    yield _text(_WIDTH - _EDGE, height - 6, _axis_text(axis), "end")


def _axis_text(axis: Axis) -> str:
    unit = f" ({axis.unit})" if axis.unit else ""
    return f"{one_line(axis.name)}{unit}"


def _line(x1: float, y1: float, x2: float, y2: float, kind: str, width: float = 0.5) -> Html:
    return Html(
        f'<line class="{kind}" x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
        f' stroke="currentColor" stroke-width="{width:g}"/>'
    )


def _text(x: float, y: float, words: str, anchor: str) -> Html:
    where = {"x": f"{x:.2f}", "y": f"{y:.2f}", "text-anchor": anchor}
    return tag("text", text(words), **where)


def drawings(them: Sequence[Drawing]) -> Html:
    """All drawings of a page, and what their marks mean."""
    return join((legend(), tag("div", *(drawing(each) for each in them), class_="drawings")))
