"""Figures of what the sources read over the time of an attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from host.handover.text import Txt
from host.handover.trace import AttemptTrace, FloatArray, IntArray, Series, Window
from host.report.charts_figure import (
    TIME_S,
    Axis,
    Figure,
    Line,
    Summary,
    drawn_value,
    low_mean_high,
    steps,
)
from host.report.charts_phases import NS_PER_STEP, span
from host.report.decimate import Kept, decimate

MAX_GAP_MARKS = 200  # more would be one dark bar at the foot of a chart
_COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Subject:
    """A figure to draw: which series it takes, and what becomes of them.

    takes: whether a series belongs here. shown: makes the drawn values of a series. optional:
    left out, rather than explained, when no source gives it. words: found in the name of an
    absent source that would have given it.
    """

    id: str
    title: Txt
    y: Axis
    takes: Callable[[Series], bool]
    shown: Callable[[Series], Series]
    words: tuple[str, ...]
    optional: bool = False
    note: Txt | None = None


def as_read(series: Series) -> Series:
    """The readings themselves."""
    return series


def rate(series: Series) -> Series:
    """Of a counter: its growth per second since the reading before; other kinds as read."""
    if series.kind != _COUNTER:
        return series
    grown = _growth(series)
    lasted_s = np.diff(series.t_ns) * 1e-9
    good = (grown >= 0) & (lasted_s > 0)
    values = np.divide(grown, lasted_s, out=np.zeros_like(grown), where=good)
    return _picked(replace(series, channel=f"Δ {series.channel} / Δt"), values, good)


def since_start(series: Series) -> Series:
    """Of a counter: its growth since the first reading."""
    if series.kind != _COUNTER or len(series.values) == 0:
        return series
    grown = np.maximum(_growth(series), 0.0)
    return replace(series, values=np.cumsum(np.concatenate(([0.0], grown))))


def _growth(series: Series) -> FloatArray:
    """Differences of a counter in its unit; one that starts again at a known limit goes on."""
    grown = np.diff(series.values)
    if series.wraps_at is not None:
        grown = np.where(grown < 0, grown + series.wraps_at, grown)
    return np.asarray(grown, dtype=np.float64)


def _picked(
    series: Series, values: FloatArray, good: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Series:
    t0_ns, t1_ns = series.t0_ns[1:][good], series.t1_ns[1:][good]
    return replace(series, t0_ns=t0_ns, t1_ns=t1_ns, values=values[good], wraps_at=None)


def figure(subject: Subject, attempts: Sequence[AttemptTrace], bins: int) -> Figure:
    """A figure over these attempts; empty (without lines) when no series belongs to it."""
    parts = [_part(subject, a, s, bins) for a in attempts for s in a.series if subject.takes(s)]
    names = dict.fromkeys(line.name for line, _ in parts)
    gaps = tuple((a.number, _gap_marks(subject, a)) for a in attempts)
    return Figure(
        id=subject.id,
        kind="time",
        title=subject.title,
        x=TIME_S,
        y=subject.y,
        lines=tuple(line for line, _ in parts if line.x),
        gaps=tuple((number, marks) for number, marks in gaps if marks),
        summaries=tuple(summary for _, summary in parts),
        notes=(subject.note,) if subject.note and parts else (),
        channels=tuple(names),
    )


def _part(
    subject: Subject, attempt: AttemptTrace, series: Series, bins: int
) -> tuple[Line, Summary]:
    shown = _finite(subject.shown(series))
    over = span(attempt)
    gaps_ns = np.array([gap.t_ns for gap in series.gaps], dtype=np.int64)
    kept = decimate(shown.t_ns, shown.values, gaps_ns, bins=bins, over=over)
    low, mean, high = low_mean_high(shown.values)
    name = shown.channel
    line = _line(attempt.number, shown, kept, over)
    summary = Summary(
        attempt=attempt.number,
        name=Txt(zh=name, en=name),
        unit=subject.y.unit,
        recorded=len(series.values),
        drawn=len(kept),
        gaps=len(series.gaps),
        low=low,
        mean=mean,
        high=high,
    )
    return line, summary


def _finite(series: Series) -> Series:
    """Without values that no axis can show."""
    good = np.isfinite(series.values)
    if good.all():
        return series
    return replace(
        series,
        t0_ns=series.t0_ns[good],
        t1_ns=series.t1_ns[good],
        values=series.values[good],
    )


def _line(number: int, series: Series, kept: Kept, over: Window) -> Line:
    x = (series.t_ns[kept.index] - over.start_ns) // NS_PER_STEP
    differences = steps(x)
    values = series.values[kept.index].tolist()
    xs: list[int] = []
    ys: list[float | None] = []
    for step, value, broken in zip(differences, values, kept.broken.tolist(), strict=True):
        xs.append(step)
        ys.append(drawn_value(value))
        if broken:
            xs.append(0)
            ys.append(None)
    return Line(number, series.channel, tuple(xs), tuple(ys))


def _gap_marks(subject: Subject, attempt: AttemptTrace) -> tuple[int, ...]:
    """Steps in us to where readings are missing, thinned to what the eye can tell apart."""
    over = span(attempt)
    found = {gap.t_ns for s in attempt.series if subject.takes(s) for gap in s.gaps}
    times_ns: IntArray = np.array(sorted(found), dtype=np.int64) - over.start_ns
    if len(times_ns) > MAX_GAP_MARKS:
        bins = times_ns * MAX_GAP_MARKS // max(1, over.end_ns - over.start_ns + 1)
        times_ns = times_ns[np.flatnonzero(np.diff(bins, prepend=bins[0] - 1))]
    return steps(times_ns // NS_PER_STEP)


def lines_of(subjects: Iterable[Subject], attempt: AttemptTrace) -> int:
    """How many lines an attempt adds to these figures."""
    return sum(1 for subject in subjects for s in attempt.series if subject.takes(s))
