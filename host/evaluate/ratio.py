"""The budget of a ratio of two powers: the terms of both, and what both have in common cancels.

y = x_a / x_b. With the terms of the two means (y_a = (x_a + sum c_i d_i) * factors, and alike for
b) the first order is an additive term c / x_b for the numerator and -y * c / x_b for the
denominator, and factors that stay or turn over. One physical error that is in both enters once,
with the difference of what it does in each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import fsum, isclose
from typing import Final

from host.evaluate import terms_common
from host.evaluate.budget_table import terms_of
from host.evaluate.terms import Measured, Named, Shape, Term, exact
from host.handover.budget import Input
from host.handover.result import Observation
from host.handover.side_by_side import same_place
from host.handover.text import Txt

# One clock stamps the windows of both, and one agent loads the device that both look at.
_COMMON: Final = frozenset({"clock_step", "stamp_cost", "event", "clock_rate", "agent"})
# Tier A and A-: read on the host's clock, all of them through one alignment.
_EXTERNAL: Final = "A"
_TURNED: Final[dict[Shape, Shape]] = {"times": "over", "over": "times"}
_BOTH: Final = Txt("两个来源", "both sources")
_CANCELS: Final = Txt(
    "两个来源共有的同一误差，在比值中抵消，c = 0", "one error of both sources: it cancels, c = 0"
)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two means: its terms by symbol, and what a term of it does to the ratio."""

    seen: Observation
    terms: dict[str, Term]
    scale: float
    end: str
    role: Txt


def ratio_terms(of: Measured) -> tuple[Term, ...]:
    """All terms of a ratio. Raises ValueError for what is none."""
    if of.seen.of is None:
        raise ValueError(f"{of.seen.measurand} is no ratio of two sources")
    divisor = _mean(of.seen.of[1])
    above = _side(of, 0, 1 / divisor)
    below = _side(of, 1, -of.value / divisor)
    made = [terms_common.repeatability(of), *_merged(above, below)]
    last = [t for t in made if t.input.symbol == "agent"]
    return (*(t for t in made if t.input.symbol != "agent"), *last)


def _side(of: Measured, place: int, scale: float) -> _Side:
    seen = of.seen.of[place] if of.seen.of else of.seen
    basis = seen.basis or of.basis
    terms = terms_of(Measured(seen, _mean(seen), None, basis, of.conditions))
    own = {t.input.symbol: t for t in terms if t.shape != "mean"}
    role = (Txt("分子", "numerator"), Txt("分母", "denominator"))[place]
    return _Side(seen, own, scale, ("_a", "_b")[place], role)


def _merged(above: _Side, below: _Side) -> Iterator[Term]:
    """Terms in the order of the budgets, those of the numerator before the denominator's."""
    for symbol in dict.fromkeys((*above.terms, *below.terms)):
        one, other = above.terms.get(symbol), below.terms.get(symbol)
        if one is not None and other is not None and _shared(one, other, (above, below)):
            yield _once(one, other, (above.scale, below.scale))
            continue
        yield from (_own(t, side) for t, side in ((one, above), (other, below)) if t is not None)


def _shared(one: Term, other: Term, sides: tuple[_Side, _Side]) -> bool:
    """Whether both terms are of one physical error, or both are of none at all."""
    if one.input.u == other.input.u == 0:
        return True
    if one.shape != other.shape:
        return False
    if one.input.symbol == "alignment":
        return all(side.seen.tier.startswith(_EXTERNAL) for side in sides)
    return one.input.symbol in _COMMON or _one_instrument(one.input, other.input, sides)


def _one_instrument(one: Input, other: Input, sides: tuple[_Side, _Side]) -> bool:
    """Power and energy of one place by one instrument: one error, and as large in both."""
    named = one.shared != "" and one.shared == other.shared
    alike = one.u is not None and other.u is not None and isclose(one.u, other.u)
    return named and alike and same_place(sides[0].seen.source, sides[1].seen.source)


def _once(one: Term, other: Term, scales: tuple[float, float]) -> Term:
    """One error in both: what is left of it, which is nothing where both feel it alike."""
    if one.shape == "rate":
        return _left(one, one.c - other.c, one.c)
    if one.shape == "add":
        first, second = one.c * scales[0], other.c * scales[1]
        return _left(one, first + second, first)
    return _nothing(one.input)


def _left(term: Term, c: float, first: float) -> Term:
    if isclose(c, 0.0, abs_tol=1e-12 * abs(first)) or term.input.u == 0:
        return _nothing(term.input)
    return replace(term, c=c, factor=f"{c:.6g}" if term.shape == "add" else "")


def _nothing(found: Input) -> Term:
    named = Named(found.symbol, found.name, found.unit, found.estimate)
    return Term(exact(named, _BOTH, _CANCELS), "cancels")


def _own(term: Term, side: _Side) -> Term:
    """A term of one of the two, under a symbol of its own."""
    name = term.input.name
    told = Txt(f"{name.zh}（{side.role.zh}）", f"{name.en} ({side.role.en})")
    found = replace(term.input, symbol=f"{term.input.symbol}{side.end}", name=told)
    if term.shape == "add":
        c = term.c * side.scale
        return Term(found, "add", c, f"{c:.6g}")
    if side.end == "_a" or term.shape == "cancels":
        return replace(term, input=found)
    if term.shape == "rate":
        return replace(term, input=found, c=-term.c)
    return replace(term, input=found, shape=_TURNED[term.shape])


def _mean(seen: Observation) -> float:
    return fsum(value for _, value in seen.by_attempt) / len(seen.by_attempt)
