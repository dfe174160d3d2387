"""Budgets of single dataset items: model and rows of the whole run, an item a line."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.quantity import BudgetField, Quantity
from host.handover.text import Txt, one_line
from host.report.html_numbers import not_evaluated, short
from host.report.html_results import budget_anchor
from host.report.html_tables import column, details, table
from host.report.html_text import Html, both, code, join, said, tag, text


def model(budget: BudgetField) -> Html:
    """The model equation as the record has it."""
    return tag("p", said("模型", "model"), text(" "), code(budget.model))


def by_item(pairs: Sequence[tuple[Quantity, BudgetField]]) -> list[Html]:
    """One table a measurand: an item a line, a row of the budget a column."""
    groups: dict[tuple[str, ...], list[tuple[Quantity, BudgetField]]] = {}
    for q, budget in pairs:
        symbols = (row.symbol for row in budget.rows)
        key = (q.measurand_id, q.statistic, q.source, one_line(q.name), *symbols)
        groups.setdefault(key, []).append((q, budget))
    return [_items(group) for group in groups.values()]


def _items(group: Sequence[tuple[Quantity, BudgetField]]) -> Html:
    first, budget = group[0]
    columns = (
        column("数据项", "item"),
        *(column(row.symbol, row.symbol, number=True) for row in budget.rows),
        column("u", "u", number=True),
        column("ν", "ν", number=True),
        column("U", "U", number=True),
    )
    lines = (
        [
            tag("span", code(q.scope), id=budget_anchor(q)),
            *(not_evaluated() if r.u is None else short(r.contribution) for r in b.rows),
            short(q.u) if q.u is not None else not_evaluated(),
            short(q.nu_eff),
            short(q.U) if q.U is not None else not_evaluated(),
        ]
        for q, b in group
    )
    caption = Txt(
        zh=f"各数据项的贡献，单位 {first.unit}；模型与各项同整个运行",
        en=f"contributions of each item in {first.unit}; model and rows as for the whole run",
    )
    summary = join(
        (both(first.name), tag("small", said("按数据项", "by item"), text(f" · {len(group)}")))
    )
    return details(summary, model(budget), table(caption, columns, lines), class_="budget")
