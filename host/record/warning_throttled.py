"""Throttling that was found from clock, heat and rate together (`reduce.slowdown`)."""

from __future__ import annotations

from host.handover.record import Warning_
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace
from host.schema.canonical import decimal

SHOWN = 3  # spans that are named, of an attempt and in all


def throttled_warnings(run: AlignedRun) -> list[Warning_]:
    """One warning for all attempts: how many seconds, and when in the first of them."""
    found = [a for a in run.attempts if a.throttled]
    if not found:
        return []
    seconds = sum(w.seconds for a in found for w in a.throttled)
    named = "; ".join(_named(a) for a in found[:SHOWN])
    more = len(found) - SHOWN
    zh, en = (f"；另有 {more} 次", f"; {more} more attempts") if more > 0 else ("", "")
    text = Txt(
        f"设备在测量中降频：频率与解码速率一同下降，且温度已升高"
        f"（自首个请求起的秒数：{named}{zh}）。",
        "The device throttled: clock and decode rate fell together after it had become warmer"
        f" (seconds from the first request: {named}{en}).",
    )
    after = Txt(
        "降温后再测，或把持续与短时的结果分开看。",
        "Let it cool and measure again, or read burst and sustained results apart.",
    )
    return [Warning_("throttled-span", text, decimal(round(seconds, 3)), "0", after)]


def _named(attempt: AttemptTrace) -> str:
    start = min(r.start_ns for r in attempt.requests)
    spans = ", ".join(
        f"{(w.start_ns - start) * 1e-9:.0f}-{(w.end_ns - start) * 1e-9:.0f}"
        for w in attempt.throttled[:SHOWN]
    )
    left = len(attempt.throttled) - SHOWN
    return f"#{attempt.number}: {spans}" + (f" (+{left})" if left > 0 else "")
