"""Figures that a runner states of itself: the mean of its repetitions, one value an attempt.

A repetition is no replicate: repetitions share a process, its memory and its warm-up, so the
spread is over attempts alone. All repetitions stay in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from host.handover.result import Observation
from host.handover.stated import STATED
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, StatedFigure
from host.reduce.basis import mean
from host.reduce.coverage import CoverageError

NO_REQUEST = "no-scored-request"
NO_TOKENS = str(
    CoverageError("no-token-times", "the runner states rates of its own and shows no token")
)


def stated_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """One observation for each item and figure, in the order of the descriptions."""
    keys = dict.fromkeys(
        (item, figure.name, figure.convention) for a in attempts for item, figure in _scored(a)
    )
    return [_observed(*key, attempts) for key in keys]


def _scored(attempt: AttemptTrace) -> Iterator[tuple[str, StatedFigure]]:
    for run in attempt.stated:
        if not run.warmup:
            yield from ((run.item, figure) for figure in run.figures)


def _observed(
    item: str, name: str, convention: str, attempts: Sequence[AttemptTrace]
) -> Observation:
    found = {
        attempt.number: figure
        for attempt in attempts
        for of, figure in _scored(attempt)
        if (of, figure.name, figure.convention) == (item, name, convention)
    }
    return Observation(
        measurand=convention,
        statistic="mean",
        scope=item,
        unit=STATED[convention].unit,
        by_attempt=tuple((number, mean(figure.values)) for number, figure in found.items()),
        source=f"runner.{name}",
        rule=_rule(list(found.values())),
        count=sum(len(figure.values) for figure in found.values()),
    )


def _rule(figures: Sequence[StatedFigure]) -> Txt:
    """What the runner says the figure is of, where attempts differ each word once."""
    said: dict[str, dict[str, None]] = {}
    for figure in figures:
        for key, word in figure.about:
            said.setdefault(key, {})[word] = None
    listed = ", ".join(f"{key} = {' / '.join(words)}" for key, words in said.items())
    zh, en = "程序自述，一次尝试内各重复的平均", "stated by the runner, mean of the repetitions"
    if not listed:
        return Txt(zh, en)
    return Txt(f"{zh}；{listed}", f"{en}; {listed}")


def stated_alone(observations: Sequence[Observation]) -> list[Observation]:
    """Why nothing could be timed by us, where the runner showed rates alone."""
    return [replace(o, missing=NO_TOKENS) if NO_REQUEST in o.missing else o for o in observations]
