"""Two sources for one quantity: their values in two columns, and the ratio of both."""

from __future__ import annotations

from host.handover.quantity import Quantity
from host.handover.record import Record
from host.handover.side_by_side import MOST_APART_RATIO, POWER_RATIO, pair_in, same_place
from host.handover.text import Txt
from host.report.html_results import SCOPES, expanded, unit, value
from host.report.html_tables import column, none, table
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text

_COLUMNS = (
    column("来源 a", "source a"),
    column("来源 b", "source b"),
    column("阶段", "phase"),
    column("平均功率 a", "mean power a", number=True),
    column("平均功率 b", "mean power b", number=True),
    column("比值 a/b", "ratio a/b", number=True),
    column("判断", "judged"),
)
_HINT = Txt(
    f"同一处功率的两个来源应在 {MOST_APART_RATIO:.0%} 以内一致；"
    "不同位置（如整机输入与芯片）只给出比值。",
    f"Two sources of the power at one place should agree within {MOST_APART_RATIO:.0%}; of"
    " different places, such as the inlet and a chip, the ratio is only given.",
)
_ONLY = Txt("仅比值", "ratio only")
_AGREE = Txt("一致", "agree")
_APART = Txt("不一致", "disagree")


def side_by_side(record: Record) -> Html:
    """A row for each phase that both sources of a pair gave a value for."""
    powers = {(q.source, q.scope): q for q in record.results if q.measurand_id == "mean_power@1"}
    found = [q for q in record.results if q.measurand_id == POWER_RATIO and q.value is not None]
    if not found:
        return none(
            "没有两个来源给出同一阶段的功率。", "No two sources gave the power of one phase."
        )
    words = Txt("来源并列，不取平均", "sources side by side, never averaged")
    rows = [_row(q, powers) for q in found]
    return join((tag("p", both(_HINT), class_="hint"), table(words, _COLUMNS, rows)))


def _row(q: Quantity, powers: dict[tuple[str, str], Quantity]) -> list[Html]:
    above, below = pair_in(q.source)
    return [
        code(above),
        code(below),
        both(SCOPES[q.scope]) if q.scope in SCOPES else code(q.scope),
        _figure(powers.get((above, q.scope))),
        _figure(powers.get((below, q.scope))),
        _figure(q),
        both(_judged(q, above, below)),
    ]


def _figure(q: Quantity | None) -> Html:
    """Value, U where there is one, unit."""
    if q is None or q.value is None:
        return said("未测得", "not measured")
    uncertainty = expanded(q)
    plus_minus = join((text(" ± "), uncertainty)) if uncertainty else NOTHING
    return join((value(q), plus_minus, text(" "), unit(q) if q.unit != "1" else NOTHING))


def _judged(q: Quantity, above: str, below: str) -> Txt:
    if not same_place(above, below):
        return _ONLY
    return _AGREE if abs(float(q.value or 0) - 1) <= MOST_APART_RATIO else _APART
