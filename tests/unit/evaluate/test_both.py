from math import sqrt

import pytest

from host.evaluate import model as m
from host.evaluate import type_b
from host.evaluate.both import bends, both, dominated
from host.evaluate.gum import Model, propagate
from host.evaluate.monte_carlo import simulate
from tests.fakes.inputs import ENERGY_INPUTS, ENERGY_MODEL, known, stated, tied

SUM = Model("a + b", lambda q: q["a"] + q["b"])
NORMAL = known("a", 1, 1)


def rectangular_of(u: float) -> float:
    """Half-width of a rectangular distribution of that u."""
    return u * sqrt(3)


def test_where_one_rectangular_term_dominates_both_are_stated() -> None:
    found = both(ENERGY_MODEL, ENERGY_INPUTS, seed=1)
    assert found.monte_carlo is not None
    assert not found.monte_carlo.gum_validated
    assert pytest.approx(1.16166e-3, abs=1e-8) == found.U
    assert found.k_rule == "t_nu_eff"


@pytest.mark.parametrize(("u", "stated_"), [(0.95, False), (1.05, True)])
def test_it_dominates_from_half_of_the_variance_on(u: float, stated_: bool) -> None:  # noqa: FBT001
    inputs = [NORMAL, stated("b", 0, type_b.rectangular(rectangular_of(u)))]
    assert dominated(propagate(SUM, inputs).rows) is stated_
    assert (both(SUM, inputs, seed=1).monte_carlo is not None) is stated_


def test_at_the_threshold_first_order_is_two_percent_too_long() -> None:
    inputs = [NORMAL, stated("b", 0, type_b.rectangular(rectangular_of(1.0)))]
    first = propagate(SUM, inputs).U
    drawn = simulate(SUM, inputs, trials=1_000_000, seed=1, p=0.95)
    assert first is not None
    half_width = (drawn.symmetric[1] - drawn.symmetric[0]) / 2
    assert first / half_width == pytest.approx(1.021, abs=0.006)


def test_normal_terms_need_no_monte_carlo() -> None:
    assert both(SUM, [NORMAL, known("b", 0, 5)], seed=1).monte_carlo is None


def test_a_model_that_bends_gets_the_interval_of_its_distribution() -> None:
    model = Model("1 / a", lambda q: 1 / q["a"])
    found = both(model, [stated("a", 1, type_b.rectangular(0.6))], seed=1)
    assert found.monte_carlo is not None
    assert found.k_rule == "mcm_interval"
    low, high = found.monte_carlo.symmetric
    assert max(high - found.value, found.value - low) == found.U
    assert found.u is not None
    assert found.k == pytest.approx((found.U or 0) / found.u)


def test_bending_is_seen_without_any_rectangular_term() -> None:
    model = Model("a^2", lambda q: q["a"] * q["a"])
    assert bends(model, propagate(model, [known("a", 1, 0.5)]))
    assert not bends(model, propagate(model, [known("a", 1, 0.05)]))


def test_a_model_that_ends_within_reach_counts_as_bent_and_keeps_its_first_order() -> None:
    model = Model("ln a", lambda q: m.log(q["a"]))
    inputs = [known("a", 1, 0.6)]
    assert bends(model, propagate(model, inputs))
    found = both(model, inputs, seed=1)
    assert found.monte_carlo is None
    assert pytest.approx(1.96 * 0.6, abs=0.001) == found.U


def test_where_first_order_vanishes_monte_carlo_gives_the_interval() -> None:
    model = Model("a^2", lambda q: q["a"] * q["a"])
    found = both(model, [known("a", 0, 1)], seed=1)
    assert (found.k_rule, found.reason) == ("mcm_interval", "")
    assert found.u == pytest.approx(sqrt(2), rel=0.02)
    # chi-squared of one degree of freedom: 97.5 % lie below 5.02
    assert pytest.approx(5.02, abs=0.1) == found.U


def test_what_is_required_and_open_is_not_replaced_by_a_simulation() -> None:
    inputs = [known("a", 1, None), stated("b", 0, type_b.rectangular(1))]
    found = both(SUM, inputs, seed=1, required=("a",))
    assert (found.monte_carlo, found.U, found.reason) == (None, None, "not-evaluated: a")


def test_correlated_rectangular_terms_keep_their_first_order() -> None:
    inputs = [known("a", 1, 0.1), stated("b", 0, type_b.rectangular(1))]
    found = both(SUM, inputs, (tied("a", "b", 0.5),), seed=1)
    assert found.monte_carlo is None
    assert found.U is not None
