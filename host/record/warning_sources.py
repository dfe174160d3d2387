"""Warnings of sources that are to agree and do not: two ways to know one power."""

from __future__ import annotations

from host.handover.record import Warning_
from host.handover.result import Result, Results
from host.handover.side_by_side import MOST_APART_RATIO, POWER_RATIO, pair_in, same_place
from host.handover.text import Txt
from host.schema.canonical import decimal


def source_warnings(results: Results) -> list[Warning_]:
    """One a pair, with the phase in which both are farthest apart. number: ratio less 1."""
    worst: dict[str, Result] = {}
    for r in results.results:
        if r.measurand != POWER_RATIO or r.value is None or not same_place(*pair_in(r.source)):
            continue
        if abs(r.value - 1) > max(MOST_APART_RATIO, _apart(worst.get(r.source))):
            worst[r.source] = r
    return [_warning(source, r) for source, r in worst.items()]


def _apart(found: Result | None) -> float:
    return 0.0 if found is None or found.value is None else abs(found.value - 1)


def _warning(source: str, r: Result) -> Warning_:
    above, below = pair_in(source)
    ratio = r.value or 0.0
    expanded = r.budget.U if r.budget is not None else None
    known = f" ± {expanded:.2g}" if expanded is not None else ""
    text = Txt(
        f"{above} 与 {below} 是同一处功率的两个来源，{r.scope} 阶段之比为 {ratio:.4g}{known}："
        "两者并列，不取平均，至少一个不可信。",
        f"{above} and {below} are two sources of one power, and stand at a ratio of"
        f" {ratio:.4g}{known} in phase {r.scope}: both are given, none is averaged, and one of"
        " them at least is wrong.",
    )
    after = Txt(
        "用外接功率计核对，或延长阶段；见报告“来源并列”。",
        "Check with an external meter, or make the phase longer; see `Sources side by side`.",
    )
    number = decimal(float(f"{ratio - 1:.3g}"))
    return Warning_("sources-disagree", text, number, decimal(MOST_APART_RATIO), after)
