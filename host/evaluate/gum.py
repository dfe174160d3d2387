"""The law of propagation of uncertainty, by GTC behind a thin adapter (JCGM 100:2008, 5 and G).

GTC derives the model exactly (no finite differences) and does Welch-Satterthwaite with the
extension of Willink, Metrologia 44 (2007) 340, for correlated inputs that were observed together.
Nothing of GTC leaves this file: its numbers carry random ids, ours must be the same each time.
Its one module-wide context holds its nodes by weak references, so budgets leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf, isinf, isnan
from typing import Any

from host.evaluate.correlations import check_correlations, groups
from host.evaluate.model import Model, check_inputs, estimates
from host.evaluate.second_order import second_order_u
from host.evaluate.student import coverage_factor
from host.handover.budget import Budget, Correlation, Input, Row

__all__ = ["Model", "propagate"]

T_RULE = "t_nu_eff"
# nu_eff of three equal terms with nu = 3 comes out as 8.999999999999998; the roundings of some
# ten additions and divisions of doubles stay far below this ratio. Above a million a ratio would
# take whole digits behind the point for round-off: there they are cut off as they are.
DOF_ROUND_OFF_RATIO = 1e-9
MOST_ROUND_OFF = 1e-3
# Above 2^53 doubles no longer count integers, and t is the normal distribution to all digits.
MOST_DOF = 2.0**53
# A first-order contribution below this share of u_c is taken as vanished. GTC's derivatives are
# exact, so that only products with an estimate of 0 fall here, with some room for round-off.
VANISHED_RATIO = 1e-9

NOTHING_EVALUATED = "nothing-evaluated: no input has an uncertainty"
NO_COMMON_DOF = "no-degrees-of-freedom: correlated inputs of finite nu were not observed together"
ONLY_SECOND_ORDER = "first-order-vanishes: the law of propagation gives no interval here"


@dataclass(frozen=True, slots=True)
class _First:
    """First order at the estimates; c and |contribution| by symbol; nu None: there is none."""

    value: float
    u: float
    nu: float | None
    c: dict[str, float]
    contribution: dict[str, float]


def propagate(
    model: Model,
    inputs: Sequence[Input],
    correlations: Sequence[Correlation] = (),
    p: float = 0.95,
    required: tuple[str, ...] = (),
) -> Budget:
    """The budget of one result: u_c, nu_eff, k = t_p(nu_eff truncated), U = k u_c.

    Inputs whose u is None stay as rows, their estimate counts, their uncertainty is open. U is
    None, and `reason` says why, where no input is evaluated, where one of the `required` is not,
    where correlated inputs of finite nu were not observed together (same nu is taken as one
    ensemble), and where the first order vanishes. u = 0 throughout gives U = 0, with nu of the
    input that has least. p: default as GTC and JJF 1059.1 have it. ValueError for input that is
    no number, in one sentence.
    """
    if not 0 < p < 1:
        raise ValueError(f"a coverage probability lies between 0 and 1, not at {p}")
    check_inputs(inputs)
    check_correlations(inputs, correlations)
    try:
        first = _first_order(model, inputs, correlations)
    except ArithmeticError as err:
        raise ValueError(
            f"the model {model.expression} has no slope at its inputs: {err}"
        ) from err
    rows = tuple(_row(one, first) for one in inputs)
    reason = _no_interval(inputs, first, required)
    evaluated = any(one.u is not None for one in inputs)
    u = first.u if evaluated else None
    nu = first.nu if evaluated else None
    used = _truncated(nu)
    k = coverage_factor(used, p) if used is not None and not reason else None
    return Budget(
        measurand=model.measurand,
        model=model.expression,
        unit=model.unit,
        value=first.value,
        rows=rows,
        correlations=tuple(correlations),
        u=u,
        nu_eff=nu,
        nu_used=used,
        p=p,
        k=k,
        U=k * u if k is not None and u is not None else None,
        k_rule=T_RULE,
        second_order=_second_order(model, inputs, first),
        reason=reason,
    )


def _no_interval(inputs: Sequence[Input], first: _First, required: tuple[str, ...]) -> str:
    by_symbol = {one.symbol: one for one in inputs}
    for symbol in required:
        if symbol not in by_symbol or by_symbol[symbol].u is None:
            return f"not-evaluated: {symbol}"
    if all(one.u is None for one in inputs):
        return NOTHING_EVALUATED
    if first.nu is None:
        return NO_COMMON_DOF
    if first.u == 0 and any(one.u for one in inputs):
        return ONLY_SECOND_ORDER
    return ""


def _truncated(nu: float | None) -> float | None:
    """Degrees of freedom for k: the next lower integer (JCGM 100, G.4.1, note 1)."""
    if nu is None or isinf(nu):
        return nu
    nearest = round(nu)
    room = min(DOF_ROUND_OFF_RATIO * nu, MOST_ROUND_OFF)
    return float(nearest if abs(nearest - nu) <= room else floor(nu))


def _row(one: Input, first: _First) -> Row:
    if one.u is None:
        return Row(one, None, None, None)
    contribution = first.contribution[one.symbol]
    share = (contribution / first.u) ** 2 if first.u > 0 else 0.0
    return Row(one, first.c[one.symbol], contribution, share)


def _first_order(
    model: Model, inputs: Sequence[Input], correlations: Sequence[Correlation]
) -> _First:
    """Propagate what has spread; inputs with u = 0 get their sensitivity in a second pass."""
    value = model.at(estimates(inputs))
    together = groups(inputs, correlations)
    common = all(len(group) == 1 or len({one.nu for one in group}) == 1 for group in together)
    numbers = _uncertain(together, correlations)
    u, nu, c, contribution = _derive(model, inputs, numbers)
    still = [one for one in inputs if one.u == 0]
    if still:
        from host.evaluate.gtc import GTC

        # GTC makes a plain constant of u = 0, which has no derivative: give it u = 1 here.
        probes = {one.symbol: GTC.ureal(one.estimate, 1.0, label=one.symbol) for one in still}
        c |= _derive(model, inputs, probes)[2]
        contribution |= dict.fromkeys(probes, 0.0)
    if not numbers:
        nu = min((one.nu for one in still), default=inf)
    return _First(value, u, nu if common else None, c, contribution)


def _derive(
    model: Model, inputs: Sequence[Input], numbers: dict[str, Any]
) -> tuple[float, float, dict[str, float], dict[str, float]]:
    """u_c, nu_eff, sensitivities and contributions of a model at uncertain numbers."""
    from host.evaluate.gtc import reporting

    if not numbers:
        return 0.0, inf, {}, {}
    result = model.function(estimates(inputs) | numbers)
    if not hasattr(result, "sensitivity"):  # none of them is in the model
        return 0.0, inf, dict.fromkeys(numbers, 0.0), dict.fromkeys(numbers, 0.0)
    parts = reporting.budget(result, influences=list(numbers.values()), trim=0)
    c = {symbol: float(result.sensitivity(one)) for symbol, one in numbers.items()}
    nu = float(result.df) if result.u > 0 else inf
    return (
        float(result.u),
        inf if isnan(nu) or nu > MOST_DOF else nu,
        c,
        {one.label: one.u for one in parts},
    )


def _uncertain(together: list[list[Input]], correlations: Sequence[Correlation]) -> dict[str, Any]:
    """GTC's uncertain numbers by symbol; correlated ones of one nu are one ensemble."""
    from host.evaluate.gtc import GTC

    numbers: dict[str, Any] = {}
    for group in together:
        if len(group) == 1:
            one = group[0]
            numbers[one.symbol] = GTC.ureal(one.estimate, one.u, one.nu, label=one.symbol)
            continue
        shared = {one.nu for one in group}
        # Of several nu there is no nu_eff at all (said by `_First.nu`); u_c is right with any.
        nu = shared.pop() if len(shared) == 1 else inf
        labels = [one.symbol for one in group]
        made = GTC.multiple_ureal(
            [one.estimate for one in group], [one.u for one in group], nu, labels
        )
        numbers |= dict(zip(labels, made, strict=True))
    for tie in correlations:
        if tie.r != 0 and tie.a in numbers and tie.b in numbers:
            GTC.set_correlation(tie.r, numbers[tie.a], numbers[tie.b])
    return numbers


def _second_order(model: Model, inputs: Sequence[Input], first: _First) -> float | None:
    """Give u with second-order terms where a first-order one vanishes and they can be found."""
    gone = [
        one
        for one in inputs
        if one.u and first.contribution[one.symbol] <= VANISHED_RATIO * first.u
    ]
    if not gone:
        return None
    try:
        return second_order_u(model, inputs, first.u)
    except ValueError:  # the model has no value two u away, e.g. a root or a logarithm
        return None
