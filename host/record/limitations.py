"""What a reader must not take from the results: it follows what was evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.quantity import Quantity
from host.handover.text import Txt

TYPE_A = Txt(
    "注明“仅 A 类评定”的 U 只含各次运行之间的重复性，B 类分量未评定。",
    "Where it says so, U holds repeatability between attempts only (Type A); Type B components"
    " are not evaluated there.",
)
UNTRACED = Txt(
    "读数来自设备自身的计数器与时钟的结果未溯源。",
    "Results that rest on the device's own counters and clocks have no traceability.",
)
QUANTILES = Txt(
    "分位数区间假定各词元间隔相互独立。",
    "Intervals of quantiles take inter-token intervals as independent.",
)


def limitations_of(results: Sequence[Quantity], conventions: Sequence[Quantity]) -> Txt:
    """One sentence for each limit that these results have."""
    parts: list[Txt] = []
    partly = [q for q in results if q.uncertainty_status == "partly_evaluated"]
    if partly:
        parts.append(_left_out(partly))
    if any(q.uncertainty_status == "type_a_only" for q in (*results, *conventions)):
        parts.append(TYPE_A)
    without = sum(q.value is not None and _bare(q) for q in results)
    if without:
        parts.append(
            Txt(
                f"{without} 个结果没有不确定度评定。",
                f"Results without an evaluation of uncertainty: {without}.",
            )
        )
    if any(q.value is not None and q.traceability == "none" for q in results):
        parts.append(UNTRACED)
    if any(q.interval is not None for q in results):
        parts.append(QUANTILES)
    return Txt("".join(p.zh for p in parts), " ".join(p.en for p in parts))


def _left_out(partly: Sequence[Quantity]) -> Txt:
    """Which rows are open, each named once."""
    symbols = sorted({symbol for q in partly for symbol in q.open_rows})
    return Txt(
        f"{len(partly)} 个结果的 U 不含未评定的预算项：{'、'.join(symbols)}。",
        f"Results whose U leaves out rows of the budget that are not evaluated: {len(partly)}"
        f" ({', '.join(symbols)}).",
    )


def _bare(q: Quantity) -> bool:
    return q.uncertainty_status == "not_evaluated" and q.interval is None
