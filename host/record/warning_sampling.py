"""Warnings of the sampling itself: readings late or lost, and what the sampler took."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.record import SourceField, Warning_
from host.handover.text import Txt
from host.handover.trace import AttemptTrace
from host.schema.canonical import decimal

MAX_TICK_RATIO = 0.01  # late or missed readings, our choice
MAX_SAMPLER_RATIO = 0.01  # of one core: the agent's own budget
AFTER = Txt("降低 rate_hz，或减少来源。", "Lower `rate_hz`, or read fewer sources.")


def tick_losses(sources: Sequence[SourceField]) -> list[Warning_]:
    """Sources whose readings came late, and those that lost some: one line each, worst first.

    number: the largest ratio. What each source lost stands in the record's `sources`.
    """
    return [
        *_lost("missed-ticks", "缺失", "missed", [(s, s.missed) for s in sources]),
        *_lost("late-ticks", "迟到", "late", [(s, s.late) for s in sources]),
    ]


def _lost(
    code: str, zh: str, en: str, counts: Sequence[tuple[SourceField, int]]
) -> list[Warning_]:
    found = [
        (count / (s.ticks + s.missed), f"{s.source} {count}/{s.ticks + s.missed}")
        for s, count in counts
        if s.ticks + s.missed and count / (s.ticks + s.missed) > MAX_TICK_RATIO
    ]
    if not found:
        return []
    found.sort(key=lambda each: -each[0])
    named_zh = "，".join(f"{name}（{ratio:.1%}）" for ratio, name in found)
    named_en = ", ".join(f"{name} ({ratio:.1%})" for ratio, name in found)
    text = Txt(f"{zh}的读数，按来源：{named_zh}。", f"Readings {en}, by source: {named_en}.")
    worst = decimal(found[0][0])
    return [Warning_(code, text, worst, decimal(MAX_TICK_RATIO), AFTER)]


def sampler_cost(attempts: Sequence[AttemptTrace]) -> list[Warning_]:
    """A sampler that took more of the device than it may; the worst attempt counts."""
    ratios = [a.sampler_cpu_ratio for a in attempts if a.sampler_cpu_ratio is not None]
    worst = max(ratios, default=0.0)
    if worst <= MAX_SAMPLER_RATIO:
        return []
    text = Txt(
        f"采样进程占用了一个核的 {worst:.1%}。", f"The sampler took {worst:.1%} of one core."
    )
    return [Warning_("sampler-cost", text, decimal(worst), decimal(MAX_SAMPLER_RATIO), AFTER)]
