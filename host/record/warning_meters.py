"""Warnings of meters on the bench: those that were lost in a run, and those that left holes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from host.handover.facts import MeterEnd, RunFacts
from host.handover.record import Warning_
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace, Series, Window
from host.schema.canonical import decimal

# A run with more unobserved time is no evidence of its energy (`shared` reference, sources 5.2).
MAX_UNSEEN_RATIO = 0.01
# As energies bridge it (host/reduce/energy.py): two readings lost in a row, no more.
MAX_GAP_PERIODS = 3
NS = 1e-9
MOST_REASONS = 3
_AGAIN = Txt(
    "检查连线、量程与电源，再测一次；没有读数的时间不作内插。",
    "Look at cable, range and supply, and measure again; nothing is interpolated there.",
)


def meter_warnings(run: AlignedRun, facts: RunFacts) -> list[Warning_]:
    """One a meter that ended before its run, or gave nothing for too long in an attempt.

    And one for every power that was below zero, whoever read it.
    """
    made = [_warning(run.attempts, end) for end in facts.meters]
    return [*(warning for warning in made if warning is not None), *_negative(run)]


def _negative(run: AlignedRun) -> Iterator[Warning_]:
    """A power below zero: current leads or sign turned round. No result is made of it."""
    least: dict[str, float] = {}
    for series in (s for a in run.attempts for s in a.series if s.quantity == "power"):
        found = series.values[np.isfinite(series.values)]
        lowest = float(found.min(initial=0.0))
        if lowest < 0:
            least[series.channel] = min(lowest, least.get(series.channel, 0.0))
    for channel, lowest in least.items():
        text = Txt(
            f"{channel} 给出负功率，最低 {lowest:.4g} W：不由其得出能量结果。",
            f"{channel} gave a power below zero, {lowest:.4g} W at the least: no energy is taken"
            " from it.",
        )
        after = Txt(
            "检查电流接线的方向、零点，以及数据源的符号约定。",
            "Look at the direction of the current leads, the zero, and the source's sign.",
        )
        yield Warning_("power-negative", text, decimal(float(f"{lowest:.4g}")), "0", after)


def _warning(attempts: Sequence[AttemptTrace], end: MeterEnd) -> Warning_ | None:
    spans = [(a, span) for a in attempts if (span := _span(a)) is not None]
    total_s = sum(span.seconds for _, span in spans)
    unseen_s = max((sum(_unseen_s(a, s, c) for a, s in spans) for c in end.channels), default=0.0)
    number = decimal(float(f"{unseen_s:.3g}"))
    if end.failed:
        text = Txt(
            f"仪表 {end.name} 在运行中失联（{end.failed}）：各次测量共 {total_s:.3g} s，"
            f"其中 {unseen_s:.3g} s 没有它的读数。",
            f"Meter {end.name} was lost in the run ({end.failed}): {unseen_s:.3g} s of the"
            f" {total_s:.3g} s of the attempts are without its readings.",
        )
        return Warning_("meter-lost", text, number, "0", _AGAIN)
    if unseen_s <= MAX_UNSEEN_RATIO * total_s:
        return None
    why = ", ".join(_reasons(attempts, end)) or "no-reading"
    text = Txt(
        f"仪表 {end.name}：各次测量共 {total_s:.3g} s，其中 {unseen_s:.3g} s 没有读数（{why}）。",
        f"Meter {end.name} gave no reading for {unseen_s:.3g} s of the {total_s:.3g} s of the"
        f" attempts ({why}).",
    )
    limit = decimal(float(f"{MAX_UNSEEN_RATIO * total_s:.3g}"))
    return Warning_("meter-gaps", text, number, limit, _AGAIN)


def _span(attempt: AttemptTrace) -> Window | None:
    """From the first to the last thing that was timed in an attempt; None where nothing was."""
    windows = [w for w in (attempt.load, attempt.idle_before, attempt.idle_after) if w]
    starts = [w.start_ns for w in windows] + [r.start_ns for r in attempt.requests]
    ends = [w.end_ns for w in windows] + [r.end_ns for r in attempt.requests]
    return Window(min(starts), max(ends)) if starts and max(ends) > min(starts) else None


def _unseen_s(attempt: AttemptTrace, span: Window, channel: str) -> float:
    """Seconds of an attempt in which a channel gave nothing for longer than is bridged."""
    own = [s for s in attempt.series if s.channel == channel and len(s.values)]
    if not own:
        return span.seconds
    t_ns = own[0].t_ns
    inside = t_ns[(t_ns > span.start_ns) & (t_ns < span.end_ns)]
    before, after = t_ns[t_ns <= span.start_ns], t_ns[t_ns >= span.end_ns]
    knots = [*before[-1:], *inside, *after[:1]]
    bridged = MAX_GAP_PERIODS * float(np.median(np.diff(t_ns))) if len(t_ns) > 1 else 0.0
    holes = pairwise(knots)
    long = [Window(int(a), int(b)) for a, b in holes if b - a > bridged]
    if not len(before):
        long.append(Window(span.start_ns, int(knots[0]) if knots else span.end_ns))
    if not len(after):
        long.append(Window(int(knots[-1]) if knots else span.start_ns, span.end_ns))
    return min(span.seconds, sum(_within_s(hole, span) for hole in long))


def _within_s(hole: Window, span: Window) -> float:
    return max(0, min(hole.end_ns, span.end_ns) - max(hole.start_ns, span.start_ns)) * NS


def _reasons(attempts: Sequence[AttemptTrace], end: MeterEnd) -> Iterator[str]:
    """The reason codes of its gaps with their counts, the most frequent first."""
    gaps = (
        gap.reason.partition(":")[0]
        for attempt in attempts
        for series in _own(attempt, end)
        for gap in series.gaps
    )
    yield from (f"{code} ×{count}" for code, count in Counter(gaps).most_common(MOST_REASONS))


def _own(attempt: AttemptTrace, end: MeterEnd) -> Iterator[Series]:
    yield from (s for s in attempt.series if s.channel in end.channels)
