from math import floor, inf, isinf, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.evaluate import model as m
from host.evaluate import type_b
from host.evaluate.gum import NO_COMMON_DOF, NOTHING_EVALUATED, Model, propagate
from host.evaluate.student import coverage_factor
from host.handover.budget import Budget, Correlation, Input
from tests.fakes.inputs import known, stated, tied

SUM = Model("a + b", lambda q: q["a"] + q["b"], measurand="m@1", unit="W")
RATIO = Model("a / b", lambda q: q["a"] / q["b"])
estimates = st.floats(0.5, 100)
spreads = st.floats(1e-3, 10)
dofs = st.sampled_from([1.0, 2.0, 9.0, 50.0, inf])


def of_sum(*inputs: Input, ties: tuple[Correlation, ...] = (), p: float = 0.95) -> Budget:
    return propagate(SUM, inputs, ties, p)


def test_a_budget_says_what_it_is_of() -> None:
    found = of_sum(known("a", 1, 0.3), known("b", 2, 0.4))
    assert (found.measurand, found.unit, found.model) == ("m@1", "W", "a + b")
    assert (found.value, found.k_rule) == (3.0, "t_nu_eff")
    assert found.u == pytest.approx(0.5)


@given(estimates, estimates, spreads, spreads)
def test_sensitivities_of_a_ratio_are_its_derivatives(
    a: float, b: float, ua: float, ub: float
) -> None:
    rows = propagate(RATIO, [known("a", a, ua), known("b", b, ub)]).rows
    assert rows[0].c == pytest.approx(1 / b)
    assert rows[1].c == pytest.approx(-a / b**2)
    assert rows[1].contribution == pytest.approx(a / b**2 * ub)


@given(spreads, spreads, dofs, dofs)
def test_effective_degrees_of_freedom_lie_between_the_least_and_the_sum(
    ua: float, ub: float, na: float, nb: float
) -> None:
    found = of_sum(known("a", 1, ua, na), known("b", 2, ub, nb)).nu_eff
    assert found is not None
    assert min(na, nb) * (1 - 1e-9) <= found <= (na + nb) * (1 + 1e-9)


@given(spreads, spreads)
def test_shares_of_independent_inputs_add_up_to_one(ua: float, ub: float) -> None:
    rows = of_sum(known("a", 1, ua), known("b", 2, ub)).rows
    assert sum(row.share or 0 for row in rows) == pytest.approx(1)


@pytest.mark.parametrize("ua", [1e-2, 3.1e-3, 2.9e-3, 2.3e-3, 1.7e-3])
def test_degrees_of_freedom_beyond_a_million_are_truncated_and_not_rounded(ua: float) -> None:
    found = of_sum(known("a", 0, ua, 1), known("b", 0, 1.0))
    assert found.nu_eff is not None
    assert found.nu_eff == pytest.approx((1 + ua**2) ** 2 / ua**4)
    assert found.nu_used == floor(found.nu_eff)


def test_raw_degrees_of_freedom_are_kept_and_truncated_for_k() -> None:
    found = of_sum(known("a", 0, 0.57, 9), known("b", 0, 0.25))
    assert found.nu_eff == pytest.approx(12.796, abs=0.001)
    assert found.nu_used == 12
    assert found.k == coverage_factor(12)


@pytest.mark.parametrize("nu", [1.0, 2.0, 3.0, 7.0])
def test_round_off_does_not_cost_a_degree_of_freedom(nu: float) -> None:
    """Three equal terms have 3 nu; the sum over doubles gives 8.999999999999998 for 9."""
    model = Model("a + b + c", lambda q: q["a"] + q["b"] + q["c"])
    found = propagate(model, [known(one, 1, 0.7, nu, "t") for one in "abc"])
    assert found.nu_eff is not None
    assert found.nu_eff < 3 * nu
    assert found.nu_used == 3 * nu


def test_infinite_degrees_of_freedom_stay_infinite() -> None:
    found = of_sum(known("a", 1, 0.3), known("b", 2, 0.4))
    assert found.nu_eff == found.nu_used == inf
    assert found.k == pytest.approx(1.959964, abs=1e-6)


def test_degrees_of_freedom_beyond_what_doubles_count_are_infinite() -> None:
    found = of_sum(known("a", 1, 1e-20, 4), known("b", 2, 1.0))
    assert found.nu_eff == found.nu_used == inf


def test_no_row_is_dropped_however_small() -> None:
    found = of_sum(known("a", 1, 1.0), known("b", 2, 1e-12))
    assert [row.input.symbol for row in found.rows] == ["a", "b"]
    assert found.rows[1].contribution == pytest.approx(1e-12)


def test_an_input_that_is_not_evaluated_stays_as_a_row_and_adds_nothing() -> None:
    found = of_sum(known("a", 1, 0.3), known("b", 2, None))
    assert found.open_rows == ("b",)
    assert (found.rows[1].c, found.rows[1].contribution, found.rows[1].share) == (None,) * 3
    assert (found.value, found.reason) == (3.0, "")
    assert found.u == pytest.approx(0.3)


def test_without_any_evaluated_input_there_is_no_u_and_it_says_why() -> None:
    found = of_sum(known("a", 1, None), known("b", 2, None))
    assert (found.u, found.nu_eff, found.k, found.U) == (None,) * 4
    assert found.reason == NOTHING_EVALUATED


def test_a_required_input_that_is_open_leaves_no_expanded_uncertainty() -> None:
    inputs = [known("a", 1, None, distribution="t"), known("b", 2, 0.4)]
    found = propagate(SUM, inputs, required=("a",))
    assert (found.U, found.k, found.reason) == (None, None, "not-evaluated: a")
    assert found.u == pytest.approx(0.4)


def test_a_required_input_that_is_missing_altogether_leaves_none_either() -> None:
    found = propagate(SUM, [known("a", 1, 0.1), known("b", 2, 0.4)], required=("c",))
    assert found.reason == "not-evaluated: c"


def test_no_spread_throughout_gives_an_expanded_uncertainty_of_zero() -> None:
    found = of_sum(known("a", 1, 0.0, 2, "t"), known("b", 2, 0.0))
    assert (found.u, found.U, found.nu_used, found.reason) == (0.0, 0.0, 2.0, "")
    assert (found.rows[0].c, found.rows[0].contribution, found.rows[0].share) == (1.0, 0.0, 0.0)


def test_full_correlation_adds_or_cancels() -> None:
    a, b = known("a", 1, 0.3), known("b", 2, 0.4)
    assert of_sum(a, b, ties=(tied("a", "b", 1.0),)).u == pytest.approx(0.7)
    assert of_sum(a, b, ties=(tied("a", "b", -1.0),)).u == pytest.approx(0.1)


def test_inputs_observed_together_keep_their_common_degrees_of_freedom() -> None:
    found = of_sum(known("a", 1, 0.3, 4), known("b", 2, 0.4, 4), ties=(tied("a", "b", 0.5),))
    assert found.nu_eff == pytest.approx(4)
    assert found.u == pytest.approx(sqrt(0.09 + 0.16 + 0.12))


@pytest.mark.parametrize("nu", [9.0, inf])
def test_correlated_inputs_not_observed_together_have_no_nu_and_it_is_said(nu: float) -> None:
    found = of_sum(known("a", 1, 0.3, 4), known("b", 2, 0.4, nu), ties=(tied("a", "b", 0.5),))
    assert found.u == pytest.approx(sqrt(0.37))
    assert (found.nu_eff, found.nu_used, found.k, found.U) == (None,) * 4
    assert found.reason == NO_COMMON_DOF


def test_a_correlation_with_what_has_no_spread_is_of_no_consequence() -> None:
    found = of_sum(known("a", 1, 0.3, 4), known("b", 2, None), ties=(tied("a", "b", 0.5),))
    assert found.u == pytest.approx(0.3)
    assert found.nu_eff == pytest.approx(4)


def test_an_input_outside_the_model_has_no_influence() -> None:
    found = of_sum(known("a", 1, 0.3), known("b", 2, 0.0), known("z", 5, 9.0))
    assert found.u == pytest.approx(0.3)
    assert found.rows[2].c == 0.0


def test_where_first_order_vanishes_no_interval_is_claimed() -> None:
    found = propagate(Model("a^2", lambda q: q["a"] * q["a"]), [known("a", 0, 1.0)])
    assert (found.u, found.U) == (0.0, None)
    assert found.reason.startswith("first-order-vanishes")
    assert found.second_order == pytest.approx(sqrt(2))


def test_the_same_budget_comes_out_the_same_each_time() -> None:
    inputs = [stated("a", 1, type_b.rectangular(0.1)), known("b", 2, 0.4, 5, "t")]
    assert propagate(RATIO, inputs) == propagate(RATIO, inputs)
    assert isinf(inputs[0].nu)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (known("a", inf, 0.1), "estimate is inf"),
        (known("a", nan, 0.1), "estimate is nan"),
        (known("a", 1, -0.1), "u is -0.1"),
        (known("a", 1, inf), "u is inf"),
        (known("a", 1, 0.1, 0.5), "start at 1, not 0.5"),
        (known("a", 1, 0.1, nan), "start at 1, not nan"),
        (known("b", 1, 0.1), "two inputs are called b"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_input_that_is_no_number_is_refused_in_one_sentence(bad: Input, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        of_sum(bad, known("b", 2, 0.4))


@pytest.mark.parametrize(
    ("ties", "said"),
    [
        ((tied("a", "b", 1.1),), "beyond -1 to 1"),
        ((tied("a", "b", nan),), "beyond -1 to 1"),
        ((tied("a", "c", 0.1),), "unknown input"),
        ((tied("a", "a", 1.0),), "twice or of itself"),
        ((tied("a", "b", 0.1), tied("b", "a", 0.1)), "twice or of itself"),
    ],
)
def test_a_correlation_that_cannot_be_is_refused(ties: tuple[Correlation, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        of_sum(known("a", 1, 0.3), known("b", 2, 0.4), ties=ties)


@pytest.mark.parametrize("p", [0.0, 1.0, 95.0, nan])
def test_a_probability_lies_between_0_and_1(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        of_sum(known("a", 1, 0.3), known("b", 2, 0.4), p=p)


def test_a_model_without_a_value_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="a / b has no value at its inputs"):
        propagate(RATIO, [known("a", 1, 0.3), known("b", 0, 0.4)])


def test_correlations_that_contradict_each_other_are_refused() -> None:
    model = Model("a + b + c", lambda q: q["a"] + q["b"] + q["c"])
    ties = [tied("a", "b", 0.9), tied("b", "c", 0.9), tied("a", "c", -0.9)]
    with pytest.raises(ValueError, match="cannot hold at the same time"):
        propagate(model, [known(one, 1, 1) for one in "abc"], ties)


def test_a_model_whose_input_is_not_given_says_which() -> None:
    with pytest.raises(ValueError, match="needs the input 'b'"):
        propagate(SUM, [known("a", 1, 0.3)])


def test_a_model_without_a_slope_is_refused() -> None:
    with pytest.raises(ValueError, match="no slope"):
        propagate(Model("sqrt(a)", lambda q: m.sqrt(q["a"])), [known("a", 0, 1.0)])
