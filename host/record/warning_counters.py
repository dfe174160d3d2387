"""Warnings of sources that contradict themselves: clocks that run back, counters that stand.

Such a reading is a gap and such a result is missing, each with its reason; here it is said once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from host.handover.record import Warning_
from host.handover.result import Results
from host.handover.text import Txt
from host.handover.trace import AlignedRun

_BACK = Txt("数据源自身的时钟倒走", "its own clock ran backwards")
_RESET = Txt("计数器被重置", "its counter was reset")
_STILL = Txt("计数器停滞不动", "its counter stood still")
# Reason codes of gaps (collectors/meters/README.md) and of results (host/reduce/counters.py).
ODD = {
    "time-backwards": _BACK,
    "own-clock-back": _BACK,
    "counter-reset": _RESET,
    "counter-went-back": _RESET,
    "counter-frozen": _STILL,
    "counter-stuck": _STILL,
}
_AGAIN = Txt(
    "检查该数据源是否被其他程序占用或重启，再测一次。",
    "See whether something else used or restarted this source, and measure again.",
)


def counter_warnings(run: AlignedRun, results: Results) -> list[Warning_]:
    """One a source and fault. number: readings that are gaps for it, else results that lack it."""
    gaps: Counter[tuple[str, str]] = Counter()
    for series in (s for a in run.attempts for s in a.series):
        gaps.update((series.channel, _code(gap.reason)) for gap in series.gaps)
    lacking = Counter((r.source, _code(r.missing)) for r in results.results if r.value is None)
    return [*_said(gaps, Txt("读数", "readings")), *_said(lacking, Txt("结果", "results"))]


def _code(reason: str) -> str:
    return reason.partition(":")[0]


def _said(found: Counter[tuple[str, str]], what: Txt) -> Iterator[Warning_]:
    for (source, code), count in sorted(found.items()):
        if code not in ODD:
            continue
        text = Txt(
            f"{source}：{ODD[code].zh}，因此缺失 {count} 个{what.zh}（{code}）。",
            f"{source}: {ODD[code].en}, for which {count} {what.en} are missing ({code}).",
        )
        yield Warning_(code, text, str(count), "0", _AGAIN)
