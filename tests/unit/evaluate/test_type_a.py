from math import fsum, inf, nan, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from host.evaluate import type_a
from host.evaluate.student import coverage_factor

values = st.floats(-1e3, 1e3)


def test_the_mean_of_observations_has_the_spread_of_the_mean() -> None:
    found = type_a.mean_of([1.0, 2.0, 3.0])
    assert (found.value, found.s, found.nu, found.n) == (2.0, 1.0, 2, 3)
    assert found.u == pytest.approx(1 / sqrt(3))


@pytest.mark.parametrize("few", [[], [5.0]])
def test_fewer_than_two_have_no_u_and_say_why(few: list[float]) -> None:
    for found in (type_a.mean_of(few), type_a.autocorrelated(few)):
        assert (found.u, found.nu) == (None, None)
        assert found.reason.startswith(f"too-few-attempts: {len(few)}")


def test_equal_observations_have_u_of_zero() -> None:
    for found in (type_a.mean_of([3.0] * 9), type_a.autocorrelated([3.0] * 9)):
        assert (found.u, found.nu, found.reason) == (0.0, 8, "")


@pytest.mark.parametrize("bad", [inf, -inf, nan])
def test_an_observation_that_is_no_number_is_refused(bad: float) -> None:
    for evaluate in (type_a.mean_of, type_a.autocorrelated):
        with pytest.raises(ValueError, match="not a number"):
            evaluate([1.0, bad, 2.0])
    with pytest.raises(ValueError, match="not a number"):
        type_a.pooled([[1.0, 2.0], [bad]])


def test_observations_beyond_what_can_be_squared_are_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        type_a.mean_of([1e308, -1e308])


def test_negative_observations_are_values_like_others() -> None:
    assert type_a.mean_of([-1.0, -3.0]).value == -2.0


def test_pooled_spread_weighs_groups_by_their_degrees_of_freedom() -> None:
    found = type_a.pooled([[1.0, 3.0], [10.0, 11.0, 12.0], [7.0]])
    assert found.s == pytest.approx(sqrt((1 * 2 + 2 * 1) / 3))
    assert (found.nu, found.groups) == (3, 2)


def test_groups_of_one_have_no_pooled_spread() -> None:
    found = type_a.pooled([[1.0], [2.0]])
    assert found.s is None
    assert found.reason.startswith("too-few-values")


@given(st.lists(st.lists(values, min_size=4, max_size=4), min_size=2, max_size=6))
def test_variance_within_and_between_makes_up_the_whole(groups: list[list[float]]) -> None:
    found = type_a.anova(groups)
    everything = [one for group in groups for one in group]
    mean = fsum(everything) / len(everything)
    assume(found.s_within > 1e-3 and found.s_between > 1e-3)
    total = fsum((one - mean) ** 2 for one in everything)
    between = 4 * found.nu_between * found.s_between**2
    assert between + found.nu_within * found.s_within**2 == pytest.approx(total, rel=1e-6)
    assert found.u == pytest.approx(found.s_between / sqrt(len(groups)))


def test_groups_without_inner_spread_have_no_f() -> None:
    assert type_a.anova([[1.0, 1.0], [2.0, 2.0]]).F is None


@pytest.mark.parametrize("groups", [[], [[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 2.0], [1.0]]])
def test_an_analysis_of_variance_of_too_little_is_refused(groups: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="an analysis of variance takes"):
        type_a.anova(groups)


@given(st.lists(st.tuples(values, values), min_size=2, max_size=9))
def test_correlation_lies_between_minus_one_and_one(pairs: list[tuple[float, float]]) -> None:
    first, second = [list(side) for side in zip(*pairs, strict=True)]
    assert -1 <= type_a.correlation(first, second) <= 1
    assert type_a.correlation(second, first) == type_a.correlation(first, second)


def test_correlation_of_series_that_do_not_match_is_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        type_a.correlation([1.0, 2.0], [1.0, 2.0, 3.0])


def ar1(phi: float, n: int, trials: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Rows of a stationary series x_i = phi x_(i-1) + e_i with mean 0 and e of variance 1."""
    noise = np.random.Generator(np.random.PCG64(20260102)).standard_normal((trials, n))
    rows = np.empty((trials, n))
    rows[:, 0] = noise[:, 0] / sqrt(1 - phi**2)
    for i in range(1, n):
        rows[:, i] = phi * rows[:, i - 1] + noise[:, i]
    return rows


def true_u(phi: float, n: int) -> float:
    """Standard deviation of the mean of such a series, exactly."""
    rho = [phi**lag for lag in range(n)]
    return sqrt(type_a.inflation_of(rho, n, n - 1) / (1 - phi**2) / n)


def test_with_the_true_correlations_the_formula_is_exact() -> None:
    """Zhang's R against the sum over the whole matrix."""
    n, phi = 12, 0.7
    total = sum(phi ** abs(i - j) for i in range(n) for j in range(n))
    assert type_a.inflation_of([phi**lag for lag in range(n)], n, n - 1) == pytest.approx(
        total / n
    )


def zhang_2006() -> list[float]:
    lines = (Path(__file__).parents[2] / "data" / "zhang2006.txt").read_text().splitlines()
    return [float(each) for line in lines if line[0] != "#" for each in line.split()]


def test_zhang_s_rule_gives_zhang_s_figures() -> None:
    """TV-19: Zhang, Metrologia 43 (2006) S276, figure 1 and section 4."""
    samples = zhang_2006()
    found, naive = type_a.autocorrelated_zhang(samples), type_a.mean_of(samples)
    assert (found.n, found.lags) == (400, 13)
    assert found.u == pytest.approx(0.3776, abs=0.001)  # 0.3782 from points read off the plot
    assert found.inflation == pytest.approx(3.9, abs=0.05)
    assert naive.u == pytest.approx(0.0965, abs=0.0001)


def test_our_rule_takes_in_more_of_zhang_s_slow_swings() -> None:
    """Beside TV-19: slower parts than Zhang's 13 lags are counted, few independent ones left."""
    found = type_a.autocorrelated(zhang_2006())
    assert found.lags == 50
    assert found.u == pytest.approx(0.5262, abs=0.0005)
    assert found.nu == pytest.approx(2.96, abs=0.005)


def test_zhang_s_rule_leaves_independent_samples_as_they_are() -> None:
    row = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    found, naive = type_a.autocorrelated_zhang(row), type_a.mean_of(row)
    assert found.u == pytest.approx(naive.u)
    assert (found.nu, found.lags) == (6, 0)
    assert type_a.autocorrelated_zhang([3.0] * 9).u == 0
    assert type_a.autocorrelated_zhang([3.0]).reason.startswith("too-few")


# Mean u over the true one, coverage of nominal 95 %, and that of 1.96 s / sqrt(n), as found from
# 4000 series (2000 of the longest). phi = 0.95 lasts some 40 samples, so that 200 are worth five.
AR1_SEEN = [
    (-0.5, 200, 1.73, 1.000, 1.000),
    (0.0, 200, 1.07, 0.960, 0.949),
    (0.5, 200, 1.05, 0.958, 0.742),
    (0.8, 200, 1.04, 0.955, 0.477),
    (0.8, 1000, 1.04, 0.951, 0.478),
    (0.95, 200, 0.88, 0.937, 0.231),
    (0.95, 2000, 1.04, 0.952, 0.230),
]
SERIES = 500
SCATTER = 0.03  # three standard deviations of a share of 0.95 among 500; of 0.5, 0.067


@pytest.mark.parametrize(("phi", "n", "ratio", "coverage", "naive"), AR1_SEEN)
def test_autocorrelated_samples_get_the_u_of_their_mean(
    phi: float, n: int, ratio: float, coverage: float, naive: float
) -> None:
    rows = [[float(one) for one in row] for row in ar1(phi, n, SERIES)]
    found = [type_a.autocorrelated(row) for row in rows]
    us = [one.u or 0.0 for one in found]
    inside = [
        abs(one.value or 0.0) <= coverage_factor(one.nu or 1) * u
        for one, u in zip(found, us, strict=True)
    ]
    plain = [abs(one.value or 0.0) <= 1.96 * (one.s or 0.0) / sqrt(n) for one in found]
    assert fsum(us) / len(us) / true_u(phi, n) == pytest.approx(ratio, abs=0.05)
    assert sum(inside) / len(inside) == pytest.approx(coverage, abs=SCATTER)
    assert sum(plain) / len(plain) == pytest.approx(naive, abs=0.067)


@given(st.lists(values, min_size=2, max_size=60))
def test_u_is_never_below_that_of_independent_samples(samples: list[float]) -> None:
    found, naive = type_a.autocorrelated(samples), type_a.mean_of(samples)
    assert found.u is not None
    assert naive.u is not None
    assert found.u >= naive.u * (1 - 1e-9)
    assert found.nu is not None
    assert 1 <= found.nu <= len(samples) - 1


@given(st.lists(values, min_size=8, max_size=40), st.sampled_from([0.5, 4.0]))
def test_u_scales_with_the_unit(samples: list[float], factor: float) -> None:
    once, scaled = (
        type_a.autocorrelated(samples),
        type_a.autocorrelated([factor * one for one in samples]),
    )
    assert once.u is not None
    assert scaled.u == pytest.approx(factor * once.u, rel=1e-9, abs=1e-300)
