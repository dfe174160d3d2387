"""The budget of one result: its terms put into a model and propagated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any
from zlib import crc32

from host.evaluate.both import both, dominated
from host.evaluate.budget_table import terms_of
from host.evaluate.gum import propagate
from host.evaluate.model import Model
from host.evaluate.ratio import ratio_terms
from host.evaluate.terms import Measured, Term
from host.evaluate.terms_common import REPEATABILITY
from host.handover.budget import Budget, Row

P = 0.95
# "+-" is earned (design, law 11): where all that is known is zero and something is not, there is
# no interval.
ONLY_ZEROS = "only-zeros: the rows that were evaluated are all zero, others are open"
# Half a step of a double is 2^-53 of its value. A U of two of them comes from terms whose
# sensitivity is a difference of equal powers: it is round-off, and no more known than zero is.
ROUND_OFF_RATIO = 2.0**-52
# Estimates in the equation have so many digits that it gives the value again: of an energy above
# idle the whole is what two nearly equal numbers differ by.
ESTIMATE = ".12g"
# Budgets that stay in memory, some kB each: those of several records of a long run.
KEPT = 1024
BY_RANKS = (
    "distribution-free: a quantile of single values has the interval between order statistics,"
    " and no U"
)


def budget_of(of: Measured) -> Budget:
    """All rows of a result, and U where its repeatability was evaluated.

    Rows that cancel stand in it with c = 0. The seed of a Monte Carlo is made from the name of
    the result, so that it is drawn alike each time.
    """
    terms = terms_of(of) if of.seen.of is None else ratio_terms(of)
    inside = tuple(term for term in terms if term.shape != "cancels")
    text = expression_of(terms) + legend_of(of, terms)
    seed = crc32("/".join((of.seen.measurand, of.seen.scope, of.seen.source)).encode())
    budget = _propagated(inside, text, of.seen.measurand, of.seen.unit, seed)
    budget = replace(budget, rows=_with_cancelled(terms, budget.rows))
    if budget.U is None:
        return replace(budget, reason=_reason(of, budget.reason))
    if _only_zeros(budget):
        return replace(budget, k=None, U=None, reason=ONLY_ZEROS)
    return budget


@lru_cache(maxsize=KEPT)
def _propagated(
    inside: tuple[Term, ...], text: str, measurand: str, unit: str, seed: int
) -> Budget:
    """The terms put into a model and propagated: what follows from these arguments alone.

    Kept, since one command builds a record many times: `verify` for each statement that was made
    of it, `issue` before and after. Drawing is half of what a record takes.
    """
    model = Model(text, partial(value_of, inside), measurand, unit)
    inputs = [term.input for term in inside]
    budget = propagate(model, inputs, (), P, (REPEATABILITY,))
    # `both` also looks for a bent model; ours are straight, so it is asked only where it draws.
    if budget.U is not None and not _only_zeros(budget) and dominated(budget.rows):
        return both(model, inputs, seed=seed, p=P, required=(REPEATABILITY,))
    return budget


def _only_zeros(budget: Budget) -> bool:
    """Whether U is nothing, or round-off of the value, while rows are open."""
    if budget.U is None or not budget.open_rows:
        return False
    return abs(budget.value) * ROUND_OFF_RATIO >= budget.U


def expression_of(terms: Sequence[Term]) -> str:
    """The equation as people read it, a term or a factor for every input that does not cancel."""
    added = [_added(term) for term in terms if term.shape == "add"]
    factors = [_factor(term) for term in terms if term.shape in {"times", "over", "rate"}]
    total = " ".join((REPEATABILITY, *added))
    total = f"({total})" if added and factors else total
    return "y = " + " * ".join((total, *factors))


def legend_of(of: Measured, terms: Sequence[Term]) -> str:
    """The letters of the coefficients in numbers, so that the equation can be worked out.

    x: the value; w: windows an attempt; T: their length together; K: what was counted or what an
    energy is divided by; ΣΔP: power steps at the edges, one a window; ΣP: the power there, at
    most, less what was taken off.
    """
    step = of.basis.channel.step if of.basis.channel is not None else 0.0
    power = of.edge_power if of.basis.channel is not None else 0.0
    letters = {
        "x": f"x = {of.value:.6g} {of.seen.unit}",
        "w": f"w = {of.basis.windows:g}",
        "T": f"T = {of.basis.duration_s:.6g} s",
        "K": f"K = {of.basis.amount:.6g}",
        "ΣΔP": f"ΣΔP = {step:.6g} W",
        "ΣP": f"ΣP = {power:.6g} W",
    }
    used = {letter for term in terms for letter in term.factor.replace("/", "*").split("*")}
    used |= {letter.removeprefix("-") for letter in used}
    found = [text for letter, text in letters.items() if letter in used]
    return "; " + ", ".join(found) if found else ""


def _added(term: Term) -> str:
    symbol, factor = term.input.symbol, term.factor
    inner = (
        symbol if term.input.estimate == 0 else f"({symbol} - {term.input.estimate:{ESTIMATE}})"
    )
    if not factor:
        return f"+ {inner}"
    if factor.startswith("-"):
        return f"- {factor[1:]}*{inner}"
    return f"+ {factor}*{inner}"


def _factor(term: Term) -> str:
    symbol = term.input.symbol
    if term.shape == "times":
        return (
            symbol if term.input.estimate == 1 else f"({symbol}/{term.input.estimate:{ESTIMATE}})"
        )
    if term.shape == "over":
        return f"({term.input.estimate:{ESTIMATE}}/{symbol})"
    return f"(1 {'-' if term.c < 0 else '+'} {symbol})"


def value_of(terms: Sequence[Term], q: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Sum of what is added, times the factors; floats, uncertain numbers or arrays."""
    total = q[REPEATABILITY]
    for term in terms:
        if term.shape == "add":
            total = total + term.added(q)
    for term in terms:
        if term.shape in {"times", "over", "rate"}:
            total = total * term.multiplied(q)
    return total


def _with_cancelled(terms: Sequence[Term], rows: Sequence[Row]) -> tuple[Row, ...]:
    by_symbol = {row.input.symbol: row for row in rows}
    return tuple(by_symbol.get(term.input.symbol) or _cancelled(term) for term in terms)


def _cancelled(term: Term) -> Row:
    if term.input.u is None:
        return Row(term.input, None, None, None)
    return Row(term.input, 0.0, 0.0, 0.0)


def _reason(of: Measured, said: str) -> str:
    if of.spread is None:
        return BY_RANKS
    return of.spread.reason or said
