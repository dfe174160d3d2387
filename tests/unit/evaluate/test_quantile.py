from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.evaluate.quantile import binomial_cdf, order_interval, quantile

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
shares = st.sampled_from([0.05, 0.25, 0.5, 0.9, 0.95, 0.99])


@given(values, st.floats(0, 1))
def test_point_estimates_are_those_of_type_7(found: list[float], share: float) -> None:
    expected = float(np.quantile(found, share, method="linear"))
    assert quantile(sorted(found), share) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_quantile_between_two_values_is_interpolated() -> None:
    assert quantile([1.0, 2.0, 3.0, 10.0], 0.5) == pytest.approx(2.5)
    assert quantile([1.0, 2.0, 3.0, 10.0], 0.95) == pytest.approx(3 + 0.85 * 7)
    assert quantile([4.0], 0.99) == 4.0


def test_a_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        quantile([], 0.5)


@given(st.integers(0, 60), st.integers(-2, 62), st.floats(0.01, 0.99))
def test_binomial_sums_are_those_of_the_counted_cases(n: int, k: int, share: float) -> None:
    exact = sum(comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(min(k, n) + 1))
    assert binomial_cdf(k, n, share) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("n", range(1, 11))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_stated_coverage_is_the_exact_one_by_brute_force(n: int, share: float) -> None:
    """Each value is below the true quantile with probability `share`: try all 2^n cases."""
    ranks = [float(rank) for rank in range(1, n + 1)]
    found = order_interval(ranks, share)
    if found.coverage is None:
        assert (found.low, found.high) == (None, None)
        return
    low = 0.0 if found.low is None else found.low
    high = n + 1.0 if found.high is None else found.high
    exact = 0.0
    for case in product((True, False), repeat=n):
        below = sum(case)
        # sorted, so exactly the first `below` order statistics lie below the quantile
        if low <= below and high > below:
            exact += share**below * (1 - share) ** (n - below)
    assert found.coverage == pytest.approx(exact, abs=1e-12)


@given(n=st.integers(1, 400), share=shares)
def test_each_side_misses_by_at_most_half_of_the_rest_and_no_tighter_rank_does(
    n: int, share: float
) -> None:
    found = order_interval([float(rank) for rank in range(1, n + 1)], share)
    if found.low is not None:
        lower = int(found.low)
        assert binomial_cdf(lower - 1, n, share) <= 0.025
        assert binomial_cdf(lower, n, share) > 0.025
    else:
        assert binomial_cdf(0, n, share) > 0.025
    if found.high is not None:
        upper = int(found.high)
        assert 1 - binomial_cdf(upper - 1, n, share) <= 0.025
        assert upper == 1 or 1 - binomial_cdf(upper - 2, n, share) > 0.025
    else:
        assert 1 - binomial_cdf(n - 1, n, share) > 0.025
    assert (found.reason == "") == (found.low is not None and found.high is not None)


def test_a_median_of_six_lies_between_its_ends_and_of_five_nowhere() -> None:
    six = order_interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.5)
    assert (six.low, six.high) == (1.0, 6.0)
    assert six.coverage == pytest.approx(1 - 2 / 64)
    five = order_interval([1.0, 2.0, 3.0, 4.0, 5.0], 0.5)
    assert (five.low, five.high, five.coverage) == (None, None, None)
    assert five.reason.startswith("too-few-values")


def test_a_p99_of_100_values_has_a_lower_side_only() -> None:
    found = order_interval([float(rank) for rank in range(1, 101)], 0.99)
    assert found.high is None
    assert found.low == 97.0
    assert found.coverage == pytest.approx(1 - binomial_cdf(96, 100, 0.99))
    assert "upper side" in found.reason


def test_368_values_bound_a_p99_on_both_sides_and_367_do_not() -> None:
    # 0.99**n <= 0.025 from n = 368 on
    assert order_interval([float(rank) for rank in range(368)], 0.99).high == 367.0
    assert order_interval([float(rank) for rank in range(367)], 0.99).high is None


def test_a_low_quantile_misses_its_lower_side() -> None:
    found = order_interval([float(rank) for rank in range(1, 21)], 0.05)
    assert found.low is None
    assert found.high is not None
    assert "lower side" in found.reason


def test_the_interval_covers_the_true_p95_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    true = -np.log(0.05)
    drawn = np.sort(rng.exponential(1.0, (3000, 200)), axis=1)
    hits, stated = 0, 0.0
    for row in drawn.tolist():
        found = order_interval(row, 0.95)
        assert found.low is not None
        assert found.high is not None
        assert found.coverage is not None
        hits, stated = hits + (found.low <= true < found.high), found.coverage
    assert hits / 3000 == pytest.approx(stated, abs=0.016)
