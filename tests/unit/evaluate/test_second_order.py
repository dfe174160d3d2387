from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.evaluate import model as m
from host.evaluate.gum import Model, propagate
from host.evaluate.second_order import second_order_u
from tests.fakes.inputs import known

spreads = st.floats(1e-3, 5)
centres = st.floats(-5, 5)
PRODUCT = Model("a b", lambda q: q["a"] * q["b"])


@given(centres, centres, spreads, spreads)
def test_a_product_has_exactly_the_variance_of_its_normal_factors(
    a: float, b: float, ua: float, ub: float
) -> None:
    exact = sqrt((a * ub) ** 2 + (b * ua) ** 2 + (ua * ub) ** 2)
    found = second_order_u(
        PRODUCT, [known("a", a, ua), known("b", b, ub)], sqrt((a * ub) ** 2 + (b * ua) ** 2)
    )
    assert found == pytest.approx(exact, rel=1e-6)


@given(centres, spreads)
def test_a_square_has_exactly_the_variance_of_its_normal_root(a: float, u: float) -> None:
    model = Model("a^2", lambda q: q["a"] * q["a"])
    exact = sqrt((2 * a * u) ** 2 + 2 * u**4)
    assert second_order_u(model, [known("a", a, u)], abs(2 * a * u)) == pytest.approx(
        exact, rel=1e-6
    )


def test_a_straight_model_has_no_second_order() -> None:
    model = Model("a + 3 b", lambda q: q["a"] + 3 * q["b"])
    inputs = [known("a", 1, 0.5), known("b", 2, 0.5)]
    assert second_order_u(model, inputs, 1.0) == pytest.approx(1.0)


def test_it_is_stated_only_where_a_first_order_term_vanishes() -> None:
    assert propagate(PRODUCT, [known("a", 1, 0.1), known("b", 2, 0.1)]).second_order is None
    found = propagate(PRODUCT, [known("a", 0, 0.1), known("b", 2, 0.1)])
    assert found.second_order == pytest.approx(sqrt(0.2**2 + 0.01**2))


def test_a_model_without_a_value_nearby_has_none() -> None:
    model = Model("sqrt(a) + b c", lambda q: m.sqrt(q["a"]) + q["b"] * q["c"])
    inputs = [known("a", 1, 0.9), known("b", 0, 1), known("c", 0, 1)]
    assert propagate(model, inputs).second_order is None
    with pytest.raises(ValueError, match="has no value"):
        second_order_u(model, inputs, 1.0)


def test_inputs_that_are_not_evaluated_take_no_part() -> None:
    assert second_order_u(PRODUCT, [known("a", 0, None), known("b", 0, 1)], 0.0) == 0.0
