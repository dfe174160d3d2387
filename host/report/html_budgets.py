"""Uncertainty budgets: one to open for each result, every row, those not evaluated marked as such.

A budget of the whole run has every column that JJF 1059.1-2012, 6.4 asks for. Those of single
dataset items have the same model and the same rows, so each item is a line of contributions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from host.handover.quantity import BudgetField, Quantity, RowField
from host.handover.record import Record
from host.handover.text import Txt
from host.report.charts_data import symbol
from host.report.html_budget_items import by_item, model
from host.report.html_numbers import dash, estimate, not_evaluated, of_unit, share, short
from host.report.html_results import budget_anchor, drawn, expanded, named, unit, value
from host.report.html_tables import column, details, none, table, terms
from host.report.html_text import NOTHING, Html, both, code, join, said, tag, text
from host.report.state import uncertainty_words

_DISTRIBUTIONS = {
    "normal": Txt(zh="正态", en="normal"),
    "rectangular": Txt(zh="矩形", en="rectangular"),
    "triangular": Txt(zh="三角", en="triangular"),
    "arcsine": Txt(zh="反正弦", en="arcsine"),
    "trapezoid": Txt(zh="梯形", en="trapezoidal"),
    "t": Txt(zh="t 分布", en="t"),
    "resolution": Txt(zh="分辨力", en="resolution"),
    "constant": Txt(zh="常数", en="constant"),
}
_RULES = {
    "t_nu_eff": Txt(zh="t 分布，自由度 ν", en="Student's t with ν"),
    "k2": Txt(zh="取 2", en="taken as 2"),
    "mcm_interval": Txt(zh="由蒙特卡洛法区间", en="from the Monte Carlo interval"),
}
_COLUMNS = (
    column("项", "row"),
    column("类与分布", "type, distribution"),
    column("估计值 ± 半宽", "estimate ± half-width", number=True),
    column("u", "u", number=True),
    column("ν", "ν", number=True),
    column("c", "c", number=True),
    column("贡献 |c|·u", "contribution", number=True),
    column("占 u² 的份额", "share of u²", number=True),
    column("如何评定", "how evaluated"),
)
# Source, evaluation, instrument and error in common: many rows say the same of these.
_Note = tuple[Txt, Txt, str, str]


def budgets(record: Record, items: frozenset[str]) -> Html:
    """One section to open, and in it one budget after the other."""
    if not record.budgets:
        return none("没有预算。", "No budgets.")
    known = {budget.id: budget for budget in record.budgets}
    pairs = [(q, known[q.budget_ref]) for q in record.results if q.budget_ref in known]
    whole = [(q, b) for q, b in pairs if q.scope not in items]
    single = [(q, b) for q, b in pairs if q.scope in items]
    notes = {note: n for n, note in enumerate(_notes(record.budgets), 1)}
    unclaimed = set(known) - {b.id for _, b in pairs}
    count = f"{len(record.budgets)} 份预算", f"{len(record.budgets)} budgets"
    return join(
        (
            tag("p", _legend(), class_="hint"),
            details(
                said(*count),
                *(_whole(q, b, notes) for q, b in whole),
                *by_item(single),
                *(_rows(known[name], notes) for name in sorted(unclaimed)),
                _explained(notes),
                _engines(record.budgets),
                class_="budgets",
            ),
        )
    )


def _legend() -> Html:
    return said(
        "u 标准不确定度，ν 有效自由度，c 灵敏系数，U 扩展不确定度；未列相关性的各项互不相关。"
        "未评定的项不计入 u 与 U，也不当作零。"
        "数字按三位有效数字显示，全部位数在记录文件中。",
        "u standard uncertainty, ν degrees of freedom, c sensitivity, U expanded uncertainty; rows"
        " are uncorrelated where no correlation is named. Rows that are not evaluated"
        " are neither in u and U nor taken as zero. Numbers are shown to three digits; the record"
        " file has them all.",
    )


def _engines(found: Sequence[BudgetField]) -> Html:
    """What computed the budgets, each once."""
    names = dict.fromkeys(" ".join(budget.engine.values()) for budget in found)
    return tag("p", said("由何计算", "computed by"), text(f" {', '.join(names)}"), class_="hint")


def _whole(q: Quantity, budget: BudgetField, notes: Mapping[_Note, int]) -> Html:
    given = expanded(q)
    stated = join((text(" "), value(q), text(" ± "), given) if given else (text(" "), value(q)))
    summary = join((named(q), tag("span", stated, text(" "), unit(q), class_="stated")))
    return details(
        summary,
        tag("div", _open_rows(q), model(budget), id=budget_anchor(q)),
        _rows(budget, notes),
        terms(_outcome(q, budget)),
        class_="budget",
    )


def _open_rows(q: Quantity) -> Html:
    """Which rows are left out, before any number."""
    words = [both(uncertainty_words(q))]
    if q.open_rows:
        words.append(join((code(each) for each in q.open_rows), ", "))
    return tag("p", join(words, " "), class_="open" if q.open_rows else "hint")


def _rows(budget: BudgetField, notes: Mapping[_Note, int]) -> Html:
    name = f"{budget.id} / {budget.unit}"
    caption = Txt(zh=name, en=name)
    rows = (_row(row, notes[_note(row)]) for row in budget.rows)
    return tag("div", table(caption, _COLUMNS, rows, labelled=False), class_="rows")


def _note(row: RowField) -> _Note:
    return row.source, row.evaluation, row.equipment_ref, row.shared


def _notes(found: Sequence[BudgetField]) -> Iterator[_Note]:
    """Each once, in the order of the rows."""
    yield from dict.fromkeys(_note(row) for budget in found for row in budget.rows)


def _explained(notes: Mapping[_Note, int]) -> Html:
    """How rows were evaluated, under the numbers that the rows have."""
    lines = (tag("li", _explanation(*note), id=f"how-{n}") for note, n in notes.items())
    title = tag("h3", said("各项如何评定", "How the rows were evaluated"))
    return join((title, tag("ol", *lines, class_="notes")))


def _explanation(source: Txt, evaluation: Txt, instrument: str, shared: str) -> Html:
    parts = [both(evaluation), tag("small", both(source))]
    if instrument:
        parts.append(_small(said("仪器", "instrument"), code(instrument)))
    if shared:
        parts.append(_small(said("共有误差", "error in common"), code(shared)))
    return join(parts)


def _row(row: RowField, note: int) -> list[Html]:
    name = join((code(row.symbol), text(" "), both(row.name)))
    distribution = _DISTRIBUTIONS.get(row.distribution, Txt(row.distribution, row.distribution))
    head = [
        name,
        join((text(f"{row.type} · "), both(distribution))),
        _estimate(row),
    ]
    if row.u is None:
        return [*head, not_evaluated(), dash(), dash(), dash(), dash(), _how(row, note)]
    return [
        *head,
        short(row.u),
        short(row.nu),
        _with_unit(short(row.c), row.c_unit),
        short(row.contribution),
        share(row.share),
        _how(row, note),
    ]


def _with_unit(number: Html, of: str) -> Html:
    shown = symbol(of)
    return join((number, tag("small", text(shown)))) if shown else number


def _estimate(row: RowField) -> Html:
    """The estimate and what u was made from."""
    parts = [_with_unit(estimate(row.estimate), row.unit)]
    if row.half_width is not None:
        parts.append(_small(text("±"), short(row.half_width)))
    if row.beta is not None:
        parts.append(_small(text("β"), short(row.beta)))
    if row.U is not None:
        parts.append(_small(text("U"), short(row.U)))
    if row.k is not None:
        parts.append(_small(text("k"), short(row.k)))
    return join(parts)


def _small(name: Html, number: Html) -> Html:
    return tag("small", name, text(" "), number)


def _how(row: RowField, note: int) -> Html:
    parts = [tag("a", text(f"[{note}]"), href=f"#how-{note}")]
    if row.n:
        parts.append(text(f" n = {row.n}"))
    if row.autocorr:
        told = ", ".join(f"{name} {number}" for name, number in row.autocorr.items())
        parts.append(_small(said("自相关", "autocorrelation"), text(told)))
    return join(parts)


def _outcome(q: Quantity, budget: BudgetField) -> Iterator[tuple[Html, Html]]:
    """u, degrees of freedom, k and U, or that there are none; then the other methods."""
    in_unit = of_unit(q.unit, "")
    if q.u is None or q.U is None:
        why = both(budget.reason) if budget.reason is not None else not_evaluated()
        yield text("u, ν, k, U"), why
    else:
        yield text("u"), join((short(q.u), text(" "), in_unit))
        yield text("ν"), _freedom(q)
        yield text("k"), _factor(q)
        yield text("U"), join((short(q.U), text(" "), in_unit))
    if q.second_order is not None:
        second = join((short(q.second_order), text(" "), in_unit))
        yield said("含二阶项的 u", "u, second order"), second
    if q.mcm is not None:
        yield said("蒙特卡洛法", "Monte Carlo"), _monte_carlo(q)
    if budget.correlations:
        yield said("相关性", "correlations"), _correlations(budget)


def _freedom(q: Quantity) -> Html:
    if q.nu_eff is None:
        return dash()
    used = said("截尾后用于 k", "truncated, for k")
    return join((estimate(q.nu_eff), text("; "), used, text(" "), short(q.nu_used)))


def _factor(q: Quantity) -> Html:
    if q.k is None:
        return dash()
    rule = _RULES.get(q.k_rule, Txt(q.k_rule, q.k_rule))
    return join((short(q.k), text(f" (p = {q.p}; "), both(rule), text(")")))


def _monte_carlo(q: Quantity) -> Html:
    if q.mcm is None:
        return NOTHING
    agrees = (
        said("与 GUM 法一致", "agrees with the GUM framework")
        if q.mcm.gum_validated
        else said("与 GUM 法不一致", "differs from the GUM framework")
    )
    rest = (
        text(f"; {q.mcm.trials} trials, {q.mcm.rng}, seed {q.mcm.seed}; u "),
        short(q.mcm.u) if q.mcm.u is not None else said("不存在", "does not exist"),
        text("; δ "),
        short(q.mcm.delta),
    )
    both_ways = (
        said("概率对称", "symmetric"),
        text(f" {drawn(q, q.mcm.symmetric)}, "),
        said("最短", "shortest"),
        text(f" {drawn(q, q.mcm.shortest)} "),
        unit(q),
    )
    return join((*both_ways, text("; "), agrees, *rest))


def _correlations(budget: BudgetField) -> Html:
    lines = (
        tag("li", code(c.a), text(", "), code(c.b), text(f" r = {c.r} "), both(c.reason))
        for c in budget.correlations
    )
    return tag("ul", *lines, class_="plain")
