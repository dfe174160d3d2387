"""Rules over results and their budgets: nothing without a budget, and every budget adds up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import fsum, isclose, nan, sqrt

from host.check.rule import Breach, Rule, breach
from host.handover.case import Case
from host.handover.measurands import MEASURANDS
from host.handover.quantity import BudgetField, Quantity, RowField
from host.handover.text import Txt

RECORD = "record.json"
# Decimal strings hold every digit of a double; sums of some ten squares lose a few of the last.
SUM_TOLERANCE = 1e-9
MAX_U_DIGITS = 2


def budget_there(case: Case) -> Iterator[Breach]:
    """A result with a value has a budget of its own measurand."""
    budgets = {b.id: b for b in case.record.budgets}
    for q in case.record.results:
        if q.value is None:
            continue
        found = budgets.get(q.budget_ref)
        if found is None or found.measurand_id != q.measurand_id or found.unit != q.unit:
            yield breach(RECORD, f"{q.id} 没有自己的预算。", f"{q.id} has no budget of its own.")


def budget_rows(case: Case) -> Iterator[Breach]:
    """No row is dropped or doubled: repeatability and the agent's own load are in each budget."""
    for b in case.record.budgets:
        symbols = [row.symbol for row in b.rows]
        wrong = [s for s in {*REQUIRED_ROWS, *symbols} if symbols.count(s) != 1]
        if wrong:
            named = ", ".join(sorted(wrong))
            yield breach(
                RECORD,
                f"{b.id} 的预算缺少或重复行：{named}。",
                f"{b.id} lacks or doubles rows: {named}.",
            )


REQUIRED_ROWS = ("repeatability", "agent")


def rows_evaluated(case: Case) -> Iterator[Breach]:
    """A row is evaluated, with all its figures and |c| u for contribution, or it is open."""
    for b in case.record.budgets:
        for row in b.rows:
            figures = (row.u, row.nu, row.c, row.contribution, row.share)
            if not (_evaluated(row) or figures == NO_FIGURES):
                yield breach(
                    RECORD,
                    f"{b.id} 的行 {row.symbol} 的数字不相符。",
                    f"The figures of row {row.symbol} of {b.id} do not fit.",
                )


NO_FIGURES = (None,) * 5


def _evaluated(row: RowField) -> bool:
    product = abs(_number(row.c)) * _number(row.u)
    fits = isclose(_number(row.contribution), product, rel_tol=SUM_TOLERANCE)
    return fits and None not in (row.nu, row.share)


def _number(text: str | None) -> float:
    """A decimal string; what is not there compares with nothing."""
    return nan if text is None else float(text)


def budget_adds_up(case: Case) -> Iterator[Breach]:
    """u^2 is the sum of squared contributions and of the correlation terms (JCGM 100, eq. 16)."""
    budgets = {b.id: b for b in case.record.budgets}
    for q in case.record.results:
        if q.u is None or q.budget_ref not in budgets:
            continue
        combined = _combined(budgets[q.budget_ref])
        if not isclose(combined, float(q.u), rel_tol=SUM_TOLERANCE):
            yield breach(
                RECORD,
                f"{q.id}：预算各行合成为 {combined:.6g}，结果写的是 u = {q.u}。",
                f"{q.id}: the rows of its budget give {combined:.6g}, the result says u = {q.u}.",
            )


def _combined(b: BudgetField) -> float:
    part = {r.symbol: _number(r.c) * _number(r.u) for r in b.rows if r.u is not None}
    terms = [x * x for x in part.values()]
    terms += [2 * float(c.r) * part.get(c.a, nan) * part.get(c.b, nan) for c in b.correlations]
    return sqrt(abs(fsum(terms)))


def coverage_stated(case: Case) -> Iterator[Breach]:
    """U = k u with k of at least 1, p stated, and nu for k not above the raw one."""
    for q in case.record.results:
        if q.U is not None and not _covered(q):
            yield breach(
                RECORD,
                f"{q.id}：U = {q.U}，k = {q.k}，u = {q.u}，ν = {q.nu_used} 不相符。",
                f"{q.id}: U = {q.U}, k = {q.k}, u = {q.u} and nu = {q.nu_used} do not fit.",
            )


def _covered(q: Quantity) -> bool:
    k, product = _number(q.k), _number(q.k) * _number(q.u)
    freedom = _number(q.nu_used) <= _number(q.nu_eff) * (1 + SUM_TOLERANCE)
    covered = isclose(_number(q.U), product, rel_tol=SUM_TOLERANCE)
    return k >= 1 and freedom and covered and q.p is not None


def uncertainty_stated(case: Case) -> Iterator[Breach]:
    """The status says what is there: U over all rows or over some, or none; a gap has a reason."""
    budgets = {b.id: b for b in case.record.budgets}
    for q in case.record.results:
        rows = budgets[q.budget_ref].rows if q.budget_ref in budgets else ()
        left_open = tuple(row.symbol for row in rows if row.u is None)
        with_u = PARTLY if left_open else EVALUATED
        allowed = WITHOUT_U if q.U is None else with_u
        unsaid = q.value is None and not q.missing
        if unsaid or q.uncertainty_status not in allowed or q.open_rows != left_open:
            yield breach(
                RECORD,
                f"{q.id} 的不确定度状态 {q.uncertainty_status} 与内容不符。",
                f"{q.id} has status {q.uncertainty_status}, which is not what stands there.",
            )


EVALUATED = frozenset({"evaluated"})
PARTLY = frozenset({"partly_evaluated"})
WITHOUT_U = frozenset({"not_evaluated", "exact_count"})


def u_rounded(case: Case) -> Iterator[Breach]:
    """U to at most two significant digits, the value to its decimal place (JCGM 100, 7.2.6)."""
    for q in case.record.results:
        shown = q.reported
        if shown is None or shown.U is None or q.U is None:
            continue
        value, expanded = Decimal(shown.value), Decimal(shown.U)
        digits = len(expanded.normalize().as_tuple().digits)
        if digits > MAX_U_DIGITS or (expanded and _decimals(value) != _decimals(expanded)):
            yield breach(
                RECORD,
                f"{q.id} 报告为 {value} ± {expanded}。",
                f"{q.id} is reported as {value} ± {expanded}.",
            )


def _decimals(value: Decimal) -> object:
    """How many digits stand behind the point, as written."""
    return value.as_tuple().exponent


def measurands_known(case: Case) -> Iterator[Breach]:
    """Every result names a measurand of the catalogue, in its unit, with its definition."""
    defined = {d.id for d in case.record.definitions}
    for q in case.record.results:
        known = MEASURANDS.get(q.measurand_id)
        if known is None or known.unit != q.unit or q.measurand_id not in defined:
            yield breach(
                RECORD,
                f"{q.id} 的被测量未定义或单位不符。",
                f"{q.id} has no definition, or another unit than its measurand.",
            )


RULES = (
    Rule(
        "measurands-known",
        Txt("每个结果都有已定义的被测量。", "Every result has a defined measurand."),
        measurands_known,
    ),
    Rule("budget-there", Txt("每个结果都有预算。", "Every result has its budget."), budget_there),
    Rule(
        "budget-rows",
        Txt("预算不缺行。", "No row of a budget is dropped."),
        budget_rows,
    ),
    Rule(
        "rows-evaluated",
        Txt("每行或已评定，或写明未评定。", "A row is evaluated, or it is open."),
        rows_evaluated,
    ),
    Rule(
        "budget-adds-up",
        Txt("合成标准不确定度等于各行合成。", "The combined uncertainty is that of the rows."),
        budget_adds_up,
    ),
    Rule(
        "coverage-stated",
        Txt("U = k·u，k 不小于 1，并给出 p 与自由度。", "U = k u, with k, p and nu stated."),
        coverage_stated,
    ),
    Rule(
        "uncertainty-stated",
        Txt("不确定度状态与内容一致。", "The status of the uncertainty is what stands there."),
        uncertainty_stated,
    ),
    Rule(
        "u-rounded",
        Txt("U 至多两位有效数字，值与之对齐。", "U has at most two digits, the value fits it."),
        u_rounded,
    ),
)
