"""First order, and Monte Carlo beside it where first order alone could mislead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from host.evaluate.gum import ONLY_SECOND_ORDER, propagate
from host.evaluate.model import Model
from host.evaluate.monte_carlo import compare
from host.evaluate.second_order import second_order_u
from host.handover.budget import Budget, Correlation, Input, MonteCarlo, Row

# Distributions with an end. One of them with the share f of the variance, beside a normal rest,
# makes k u too long by 2 % at f = 0.5 (simulated, `test_both`) and by 19 % where there is nothing
# else (1.96 / 1.645). Below half that is less than U states with two digits; several equal ones
# add up to nearly a normal one, so that the largest counts.
BOUNDED = {"rectangular", "triangular", "arcsine", "trapezoid", "resolution"}
DOMINANT_SHARE = 0.5
# Second-order terms that move u by more than this show in its second digit.
NON_LINEAR_RATIO = 0.05
# Ends of 95 % intervals of 5e4 draws scatter by some 1.2 % of u (normal), half-widths by 0.4 % of
# U: enough beside a U of two digits, at 5 ms a budget. Where the second digit of the interval
# itself matters, `simulate` takes more: JCGM 101, 7.2.2 speaks of a million.
TRIALS = 50_000
# First-order U gives way where the distribution reaches beyond it by more than this share of it:
# eight times the scatter of an end, and a change in the second digit.
BEYOND_RATIO = 0.05
MCM_RULE = "mcm_interval"


def both(
    model: Model,
    inputs: Sequence[Input],
    correlations: Sequence[Correlation] = (),
    *,
    seed: int,
    p: float = 0.95,
    required: tuple[str, ...] = (),
) -> Budget:
    """First-order budget, with Monte Carlo where an input with ends dominates or the model bends.

    U stays k u_c where that is as long as the distribution; where the distribution reaches
    further (by 5 %), and where first order vanishes, U is the longer side of the symmetric
    interval from the value, and k_rule says `mcm_interval`. Monte Carlo is left out where it
    cannot be done: correlated inputs that are not normal, and models without a value for some
    draws. Errors as of `propagate`.
    """
    budget = propagate(model, inputs, correlations, p, required)
    if budget.u is None or (budget.reason and budget.reason != ONLY_SECOND_ORDER):
        return budget
    if not (budget.reason or dominated(budget.rows) or bends(model, budget)):
        return budget
    try:
        found = compare(budget, model, trials=TRIALS, seed=seed)
    except ValueError:
        return budget
    return _with(budget, found)


def dominated(rows: Sequence[Row]) -> bool:
    """Whether one input whose distribution has ends makes more than half of the variance."""
    return any(
        row.input.distribution in BOUNDED and (row.share or 0.0) > DOMINANT_SHARE for row in rows
    )


def bends(model: Model, budget: Budget) -> bool:
    """Whether second-order terms move u by more than 5 %, or cannot be had within two u."""
    if not budget.u:
        return False
    try:
        second = second_order_u(model, [row.input for row in budget.rows], budget.u)
    except ValueError:
        return True
    return second > budget.u * (1 + NON_LINEAR_RATIO)


def _with(budget: Budget, found: MonteCarlo) -> Budget:
    low, high = found.symmetric
    reach = max(high - budget.value, budget.value - low)
    beside = replace(budget, monte_carlo=found)
    if budget.U is not None and reach <= budget.U * (1 + BEYOND_RATIO):
        return beside
    u = budget.u or found.u
    if not u:
        return beside
    return replace(beside, u=u, U=reach, k=reach / u, k_rule=MCM_RULE, reason="")
