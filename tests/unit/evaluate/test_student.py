from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.evaluate.student import coverage_factor, student_t

floats = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("p", "nu", "k"),
    # JCGM 100:2008, table G.2
    [(0.6827, 1, 1.84), (0.95, 1, 12.71), (0.9973, 5, 5.51), (0.90, 20, 1.72), (0.99, 11, 3.11)],
)
def test_coverage_factors_are_those_of_the_gum_table(p: float, nu: int, k: float) -> None:
    assert coverage_factor(nu, p) == pytest.approx(k, abs=0.005)


def test_ten_repeat_powers_give_the_worked_type_a_term() -> None:
    powers = [5.132, 5.118, 5.140, 5.125, 5.129, 5.121, 5.137, 5.126, 5.133, 5.119]
    found = student_t(powers)
    assert found.u == pytest.approx(2.3805e-3, rel=1e-4)
    assert found.nu == 9
    assert found.k == pytest.approx(2.262, abs=5e-4)


def test_two_values_have_one_degree_of_freedom() -> None:
    found = student_t([1.0, 3.0])
    assert found.s == pytest.approx(2**0.5)
    assert found.u == pytest.approx(1.0)
    assert found.nu == 1
    assert pytest.approx(12.706, abs=5e-4) == found.U


def test_one_value_has_no_spread_and_says_why() -> None:
    found = student_t([5.0])
    assert (found.s, found.u, found.nu, found.k, found.U) == (None,) * 5
    assert found.reason.startswith("too-few-attempts: 1")
    assert student_t([]).n == 0


def test_equal_values_have_a_spread_of_zero_which_is_a_value() -> None:
    found = student_t([7.0, 7.0, 7.0])
    assert (found.s, found.u, found.U) == (0.0, 0.0, 0.0)
    assert found.reason == ""


def test_what_differs_only_in_the_last_bits_is_equal() -> None:
    third = 1e9 / 3
    assert student_t([third, third * (1 + 2e-16), third]).U == 0.0
    assert student_t([third, third * (1 + 1e-11), third]).U != 0.0


@given(st.lists(floats, min_size=2, max_size=5))
def test_the_order_of_attempts_does_not_matter(values: list[float]) -> None:
    expected = student_t(values)
    for order in permutations(values):
        assert student_t(order) == expected


@given(st.lists(floats, min_size=2, max_size=20), floats, st.floats(0.001, 1000))
def test_spread_ignores_an_offset_and_follows_a_scale(
    values: list[float], offset: float, scale: float
) -> None:
    moved = student_t([scale * value + offset for value in values])
    expected = student_t(values)
    assert expected.U is not None
    assert pytest.approx(scale * expected.U, rel=1e-6, abs=1e-6) == moved.U


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_interval_covers_95_of_100_true_means(n: int) -> None:
    rng = np.random.default_rng(20260105)
    trials = 4000
    drawn = rng.normal(100.0, 5.0, (trials, n))
    hits = 0
    for row in drawn:
        expanded = student_t(row.tolist()).U
        assert expanded is not None
        hits += abs(float(row.mean()) - 100.0) <= expanded
    # 0.95 +- 4 standard deviations of a share of 4000
    assert hits / trials == pytest.approx(0.95, abs=0.014)
