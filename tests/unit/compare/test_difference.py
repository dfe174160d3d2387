from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.compare.critical import student
from host.compare.difference import covariance, difference, ratio
from tests.fakes.compared import measured, term

values = st.floats(min_value=0.1, max_value=1e6)
shares = st.floats(min_value=1e-6, max_value=0.1)
freedoms = st.one_of(st.integers(1, 200).map(float), st.just(inf))


def test_independent_results_add_their_variances_and_share_degrees_of_freedom() -> None:
    # Sandia ENGR224 (TV-16): u 0.57 with nu 9, u 0.25 with infinite nu.
    found = difference(measured(10.0, 0.57, 9), measured(13.0, 0.25))
    assert found.value == 3.0
    assert found.u == pytest.approx(sqrt(0.57**2 + 0.25**2))
    assert found.nu_eff == pytest.approx(12.8, abs=0.05)
    assert found.nu_used == 12
    assert pytest.approx(student(0.975, 12)) == found.k
    assert pytest.approx(found.k * found.u) == found.U


@given(values, values, shares, shares, freedoms, freedoms)
def test_swapping_the_records_turns_the_sign_and_inverts_the_ratio(
    a: float, b: float, share_a: float, share_b: float, nu_a: float, nu_b: float
) -> None:
    x, y = measured(a, a * share_a, nu_a), measured(b, b * share_b, nu_b)
    there, back = difference(x, y), difference(y, x)
    assert there.value == -back.value
    assert (there.u, there.nu_eff, there.U) == pytest.approx((back.u, back.nu_eff, back.U))
    over, under = ratio(x, y), ratio(y, x)
    if over is not None and under is not None:
        assert over.value * under.value == pytest.approx(1)
        assert over.U / over.value == pytest.approx(under.U / under.value)


@given(values, values, shares, freedoms, st.floats(min_value=1e-3, max_value=1e3))
def test_another_unit_scales_the_difference_and_leaves_the_ratio(
    a: float, b: float, share: float, nu: float, factor: float
) -> None:
    x, y = measured(a, a * share, nu), measured(b, b * share, nu)
    x2 = measured(a * factor, a * share * factor, nu)
    y2 = measured(b * factor, b * share * factor, nu)
    assert pytest.approx(factor * difference(x, y).U, rel=1e-9) == difference(x2, y2).U
    first, second = ratio(x, y), ratio(x2, y2)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert (first.value, first.U) == pytest.approx((second.value, second.U), rel=1e-9)


@given(values, shares, freedoms, st.floats(min_value=0.0, max_value=1e5))
def test_an_error_that_is_all_there_is_and_common_cancels_fully(
    a: float, share: float, nu: float, more: float
) -> None:
    row = term(a * share, nu)
    x, y = measured(a, a * share, nu, [row]), measured(a + more, a * share, nu, [row])
    found = difference(x, y, [(row, row)])
    assert found.u == 0
    assert found.U == 0


def test_a_common_gain_error_cancels_in_the_ratio_and_not_in_the_difference() -> None:
    gain_a, gain_b = term(0.01 * 50), term(0.01 * 80)  # 1 % of each value
    x, y = measured(50.0, 0.5, inf, [gain_a]), measured(80.0, 0.8, inf, [gain_b])
    both = [(gain_a, gain_b)]
    quotient = ratio(x, y, both)
    assert quotient is not None
    assert quotient.u == 0
    assert difference(x, y, both).u == pytest.approx(0.01 * 30)


def test_common_errors_of_opposite_sense_add_up() -> None:
    up, down = term(0.3), term(-0.4)
    found = difference(measured(5, 0.3), measured(6, 0.4), [(up, down)])
    assert found.u == pytest.approx(0.7)
    assert covariance([(up, down)]) == pytest.approx(-0.12)


def test_degrees_of_freedom_are_those_of_what_does_not_cancel() -> None:
    shared = term(3.0, 4)  # dominates, from few observations, and cancels
    own = 0.1
    u = sqrt(3.0**2 + own**2)
    nu = u**4 / (3.0**4 / 4 + own**4 / 20)
    found = difference(measured(5, u, nu), measured(6, u, nu), [(shared, shared)])
    assert found.u == pytest.approx(own * sqrt(2))
    assert found.nu_eff == pytest.approx(40, rel=1e-6)


@pytest.mark.parametrize(("a", "u"), [(0.0, 1.0), (-2.0, 0.1), (1.0, 0.52), (1.0, 5.0)])
def test_no_ratio_to_a_value_that_may_be_zero(a: float, u: float) -> None:
    assert ratio(measured(a, u), measured(3.0, 0.1)) is None


def test_a_difference_without_u_is_refused() -> None:
    with pytest.raises(ValueError, match="value and u"):
        difference(measured(1.0, None), measured(2.0, 0.1))


@pytest.mark.parametrize(
    ("n_a", "n_b", "s_b"), [(3, 3, 1.0), (5, 5, 1.0), (10, 10, 1.0), (5, 10, 3.0), (3, 10, 0.3)]
)
def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says(
    n_a: int, n_b: int, s_b: float
) -> None:
    """Normal replicates, nominal 95 %; Welch with truncated nu errs on the side of covering."""
    trials, rng = 4000, np.random.default_rng(13)
    a, b = rng.normal(10, 1, (trials, n_a)), rng.normal(12, s_b, (trials, n_b))
    found = (b.mean(axis=1) - a.mean(axis=1)).tolist()
    u_a = (a.std(axis=1, ddof=1) / sqrt(n_a)).tolist()
    u_b = (b.std(axis=1, ddof=1) / sqrt(n_b)).tolist()
    covered = sum(
        abs(d - 2) <= difference(measured(10, x, n_a - 1), measured(12, y, n_b - 1)).U
        for d, x, y in zip(found, u_a, u_b, strict=True)
    )
    assert 0.94 <= covered / trials <= 0.985
