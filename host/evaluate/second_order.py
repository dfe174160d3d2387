"""Second-order terms of the law of propagation (JCGM 100:2008, 5.1.2 note and H.1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import fsum, sqrt

from host.evaluate.model import Model, estimates
from host.handover.budget import Input

# Step of the central differences over u. Second derivatives are exact at any step for models of
# second degree; third-degree terms cancel between both sides. 1 looks as far as the input spreads.
STEP_OVER_U = 1.0


def second_order_u(model: Model, inputs: Sequence[Input], first_u: float) -> float:
    """u_c with the terms [f_ij^2 / 2 + f_i f_ijj] u_i^2 u_j^2 of JCGM 100, 5.1.2 added.

    first_u: u_c of first order, in the unit of the result. Derivatives are central differences
    over one standard uncertainty. Inputs are taken as independent and symmetric, as the formula
    does; those without spread take no part. Where third-order terms are negative and outweigh
    the rest, first_u stands. ValueError where the model has no value one u away.
    """
    live = [one for one in inputs if one.u]
    extra = fsum(
        [_own(model, inputs, one) for one in live]
        + [_pair(model, inputs, a, b) for a, b in combinations(live, 2)]
    )
    return sqrt(max(first_u**2 + extra, first_u**2))


def _moved(model: Model, inputs: Sequence[Input], *moves: tuple[Input, float]) -> float:
    """Value of the model with some inputs moved by so many of their u."""
    values = estimates(inputs)
    for one, by in moves:
        values[one.symbol] += by * STEP_OVER_U * (one.u or 0.0)
    return model.at(values)


def _own(model: Model, inputs: Sequence[Input], one: Input) -> float:
    """Terms of i = j: f_ii^2 u^4 / 2 + f_i f_iii u^4, from values at -2, -1, 0, 1, 2 u."""
    far_low, low, mid, high, far_high = (
        _moved(model, inputs, (one, by)) for by in (-2.0, -1.0, 0.0, 1.0, 2.0)
    )
    first = (8 * (high - low) - (far_high - far_low)) / 12
    second = high - 2 * mid + low
    third = (far_high - 2 * high + 2 * low - far_low) / 2
    return second**2 / 2 + first * third


def _pair(model: Model, inputs: Sequence[Input], a: Input, b: Input) -> float:
    """Terms of i != j, both orders: f_ij^2 u_i^2 u_j^2 + (f_i f_ijj + f_j f_jii) u_i^2 u_j^2."""
    grid = {
        (i, j): _moved(model, inputs, (a, float(i)), (b, float(j)))
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    mixed = (grid[1, 1] - grid[1, -1] - grid[-1, 1] + grid[-1, -1]) / 4
    first_a = (grid[1, 0] - grid[-1, 0]) / 2
    first_b = (grid[0, 1] - grid[0, -1]) / 2
    a_then_bb = (_bend(grid, 1, along="b") - _bend(grid, -1, along="b")) / 2
    b_then_aa = (_bend(grid, 1, along="a") - _bend(grid, -1, along="a")) / 2
    return mixed**2 + first_a * a_then_bb + first_b * b_then_aa


def _bend(grid: dict[tuple[int, int], float], at: int, *, along: str) -> float:
    """Second difference along one input, the other held at -1, 0 or 1."""
    if along == "b":
        return grid[at, 1] - 2 * grid[at, 0] + grid[at, -1]
    return grid[1, at] - 2 * grid[0, at] + grid[-1, at]
