"""How a record stands and how its uncertainties do: the words that page and terminal share."""

from __future__ import annotations

from host.handover.quantity import Quantity
from host.handover.text import Txt

STATES = {
    "draft": Txt(zh="草稿，未签发", en="draft, not issued"),
    "issued": Txt(zh="已签发", en="issued"),
    "amended": Txt(zh="已签发（修改件）", en="issued, amended"),
    "substituted": Txt(zh="已签发（替换件）", en="issued as a substitute"),
    "withdrawn": Txt(zh="已撤回：不得使用", en="WITHDRAWN: not to be used"),
}
# What the sign ± stands for, on the page and on the terminal.
PLUS_MINUS = Txt(
    zh="±：U = k·u，p = 95 %，u 由预算中已评定的各项合成。",
    en="±: U = k·u, p = 95 %, u over the evaluated rows of the budget.",
)
SIGNATURES = Txt(
    zh="签名不在记录内；核对签名、原始数据与规则：inferometer verify DIR",
    en="Signatures are not inside the record; to check them, the raw data and the rules:"
    " inferometer verify DIR",
)


def state_words(state: str) -> Txt:
    """A state in both languages; one that is not known here as it stands."""
    return STATES.get(state, Txt(zh=state, en=state))


def uncertainty_words(q: Quantity) -> Txt:
    """What stands behind U, or why there is none."""
    n = len(q.open_rows)
    rows = "row" if n == 1 else "rows"
    if q.uncertainty_status == "partly_evaluated":
        return Txt(zh=f"部分评定：{n} 项未评定", en=f"partly evaluated: {n} {rows} open")
    if q.uncertainty_status == "not_evaluated" and n:
        return Txt(zh=f"未评定：{n} 项未评定", en=f"not evaluated: {n} {rows} open")
    return _STATUSES.get(
        q.uncertainty_status, Txt(zh=q.uncertainty_status, en=q.uncertainty_status)
    )


_STATUSES = {
    "evaluated": Txt(zh="已评定", en="evaluated"),
    "type_a_only": Txt(
        zh="仅 A 类：测量次间的重复性，B 类未评定",
        en="Type A only: repeatability over attempts; Type B not evaluated",
    ),
    "not_evaluated": Txt(zh="未评定", en="not evaluated"),
    "exact_count": Txt(zh="精确计数", en="exact count"),
}


def open_rows(rows: list[Quantity]) -> dict[str, int]:
    """Symbol of a row that is not evaluated -> in how many of these results, most first."""
    counts: dict[str, int] = {}
    for q in rows:
        for symbol in q.open_rows:
            counts[symbol] = counts.get(symbol, 0) + 1
    return dict(sorted(counts.items(), key=lambda each: -each[1]))
