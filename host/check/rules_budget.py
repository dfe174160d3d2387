"""Rules over results and their budgets: nothing without a budget, and every budget adds up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from math import fsum, isclose, isinf, sqrt

from host.check.rule import Breach, Rule, breach
from host.handover.case import Case
from host.handover.measurands import MEASURANDS
from host.handover.quantity import BudgetField, Quantity
from host.handover.text import Txt

RECORD = "record.json"
# Decimal strings hold every digit of a double; sums of some ten squares lose a few of the last.
SUM_TOLERANCE = 1e-9
MIN_COVERAGE_FACTOR = 1.0
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
    """No row is dropped: repeatability, the clock's rate and the agent's own cost are in each."""
    for b in case.record.budgets:
        symbols = [row.symbol for row in b.rows]
        lacking = [s for s in REQUIRED_ROWS if s not in symbols]
        if lacking or len(set(symbols)) != len(symbols):
            named = ", ".join(lacking) or "repeated symbols"
            yield breach(
                RECORD, f"{b.id} 的预算缺少或重复行：{named}。", f"{b.id} lacks rows: {named}."
            )


REQUIRED_ROWS = ("repeatability", "agent")


def budget_adds_up(case: Case) -> Iterator[Breach]:
    """u^2 is the sum of squared contributions and of the correlation terms (JCGM 100, eq. 16)."""
    quantities = {q.budget_ref: q for q in case.record.results if q.budget_ref}
    for b in case.record.budgets:
        q = quantities.get(b.id)
        if q is None or q.u is None:
            continue
        if not isclose(_combined(b), float(q.u), rel_tol=SUM_TOLERANCE):
            yield breach(
                RECORD,
                f"{b.id}：各行合成为 {_combined(b):.6g}，结果写的是 u = {q.u}。",
                f"{b.id}: its rows give {_combined(b):.6g} and the result says u = {q.u}.",
            )


def _combined(b: BudgetField) -> float:
    signed = {
        row.symbol: float(row.c) * float(row.u)
        for row in b.rows
        if row.c is not None and row.u is not None
    }
    terms = [x * x for x in signed.values()]
    terms += [
        2 * float(c.r) * signed[c.a] * signed[c.b]
        for c in b.correlations
        if c.a in signed and c.b in signed
    ]
    return sqrt(max(0.0, fsum(terms)))


def coverage_stated(case: Case) -> Iterator[Breach]:
    """U = k u, k at least 1, p stated, and nu for k not above the raw one."""
    for q in case.record.results:
        if q.U is None:
            continue
        if not _covered(q):
            yield breach(
                RECORD,
                f"{q.id}：U = {q.U}，k = {q.k}，u = {q.u}，ν = {q.nu_used} 不相符。",
                f"{q.id}: U = {q.U}, k = {q.k}, u = {q.u} and nu = {q.nu_used} do not fit.",
            )


def _covered(q: Quantity) -> bool:
    if q.k is None or q.u is None or q.p is None or q.nu_eff is None or q.nu_used is None:
        return False
    k, raw, used = float(q.k), float(q.nu_eff), float(q.nu_used)
    product = isclose(float(q.U or "nan"), k * float(q.u), rel_tol=SUM_TOLERANCE)
    return (
        k >= MIN_COVERAGE_FACTOR and product and (isinf(used) or used == int(used)) and used <= raw
    )


def uncertainty_stated(case: Case) -> Iterator[Breach]:
    """The status says what is there: U, open rows, an interval, or a reason."""
    for q in case.record.results:
        if q.value is None:
            if not q.missing:
                yield breach(
                    RECORD, f"{q.id} 无值亦无原因。", f"{q.id} has neither value nor reason."
                )
        elif (q.U is None) == (q.uncertainty_status in WITH_U) or (
            bool(q.open_rows) != (q.uncertainty_status == "partly_evaluated") and q.U is not None
        ):
            yield breach(
                RECORD,
                f"{q.id} 的不确定度状态 {q.uncertainty_status} 与内容不符。",
                f"{q.id} has status {q.uncertainty_status}, which is not what stands there.",
            )


WITH_U = ("evaluated", "partly_evaluated", "type_a_only")


def u_rounded(case: Case) -> Iterator[Breach]:
    """U to at most two significant digits, the value to its decimal place (JCGM 100, 7.2.6)."""
    for q in case.record.results:
        if q.reported is None or not q.reported.U or Decimal(q.reported.U) == 0:
            continue
        try:
            value, expanded = Decimal(q.reported.value), Decimal(q.reported.U)
        except InvalidOperation:
            yield breach(RECORD, f"{q.id} 报告值不是数。", f"{q.id} reports what is no number.")
            continue
        if _digits(expanded) > MAX_U_DIGITS or _place(value) != _place(expanded):
            yield breach(
                RECORD,
                f"{q.id} 报告为 {value} ± {expanded}。",
                f"{q.id} is reported as {value} ± {expanded}.",
            )


def _digits(value: Decimal) -> int:
    """Significant digits as written: leading zeros do not count, zeros before the point may."""
    found = value.as_tuple()
    written = len(found.digits)
    whole = value == value.to_integral_value() and "." not in str(value)
    return len(value.normalize().as_tuple().digits) if whole else written


def _place(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


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
