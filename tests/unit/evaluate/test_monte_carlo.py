from dataclasses import replace
from math import inf, isclose, log10, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from host.evaluate import type_b
from host.evaluate.correlations import cholesky
from host.evaluate.draws import Source, standard
from host.evaluate.gum import Model
from host.evaluate.monte_carlo import Adaptive, simulate, tolerance
from host.handover.budget import Input, MonteCarlo
from tests.fakes.inputs import ENERGY_INPUTS, ENERGY_MODEL, known, stated, tied

ONE = Model("a", lambda q: q["a"])
SUM = Model("a + b", lambda q: q["a"] + q["b"])
TRIALS = 20_000
DRAWN = [
    (known("a", 0, 1), stats.norm()),
    (known("a", 0, 1, 5, "t"), stats.t(5)),
    (known("a", 0, 1, 2.5), stats.t(2.5)),
    (stated("a", 0, type_b.rectangular(sqrt(3))), stats.uniform(-sqrt(3), 2 * sqrt(3))),
    (stated("a", 0, type_b.resolution(sqrt(12))), stats.uniform(-sqrt(3), 2 * sqrt(3))),
    (stated("a", 0, type_b.triangular(sqrt(6))), stats.triang(0.5, -sqrt(6), 2 * sqrt(6))),
    (stated("a", 0, type_b.arcsine(sqrt(2))), stats.arcsine(-sqrt(2), 2 * sqrt(2))),
    (stated("a", 0, type_b.trapezoid(2.0, 0.5)), stats.trapezoid(0.25, 0.75, -2, 4)),
]


def of_one(one: Input, trials: int | Adaptive = TRIALS, seed: int = 1) -> MonteCarlo:
    return simulate(ONE, [one], trials=trials, seed=seed, p=0.95)


@pytest.mark.parametrize(("one", "law"), DRAWN, ids=[one.distribution for one, _ in DRAWN])
def test_draws_follow_their_distribution(one: Input, law: stats.rv_continuous) -> None:
    """Kolmogorov and Smirnov: a wrong law of this size would give p far below 1e-4."""
    source = Source.seeded(11)
    drawn = standard(one, lambda: source.uniforms(100_000)) * (one.u or 0)
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-4


def test_uniforms_are_never_0_or_1_and_do_not_depend_on_numpys_own_methods() -> None:
    found = Source.seeded(20260101).uniforms(3)
    words = np.random.PCG64(20260101).random_raw(3)
    assert [float(one) for one in found] == [((int(w) >> 12) + 0.5) / 2**52 for w in words]


def test_the_same_seed_gives_the_same_figures_and_another_gives_others() -> None:
    one = known("a", 10, 1, 9, "t")
    assert of_one(one) == of_one(one)
    assert of_one(one).symmetric != of_one(one, seed=2).symmetric


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e3))
def test_no_digit_is_stated_beyond_what_the_trials_support(centre: float, u: float) -> None:
    found = of_one(known("a", centre, u), trials=2000)
    assert found.u is not None
    unit = 10 ** np.floor(log10(found.u / sqrt(2000)))
    for end in (*found.symmetric, *found.shortest, found.u):
        steps = end / unit
        assert isclose(steps, round(steps), rel_tol=1e-9, abs_tol=1e-3)


@given(st.floats(1e-3, 1e3), st.integers(2, 40))
def test_the_shortest_interval_is_no_longer_than_the_symmetric_one(u: float, nu: int) -> None:
    found = of_one(known("a", 0, u, nu, "t"), trials=2000)
    shortest, symmetric = (end[1] - end[0] for end in (found.shortest, found.symmetric))
    assert shortest <= symmetric * 1.02  # both are rounded


@pytest.mark.parametrize(
    ("nu", "exist"), [(1.0, (False, False)), (2.0, (True, False)), (3.0, (True, True))]
)
def test_a_moment_that_does_not_exist_is_not_stated(nu: float, exist: tuple[bool, bool]) -> None:
    found = of_one(known("a", 5, 1, nu, "t"))
    assert (found.mean is not None, found.u is not None) == exist
    assert found.symmetric[0] < 5 < found.symmetric[1]


def test_t_of_two_degrees_of_freedom_gives_the_interval_of_student() -> None:
    found = of_one(known("a", 0, 1, 2, "t"), trials=400_000)
    assert found.symmetric[1] == pytest.approx(4.303, abs=0.06)


def test_correlated_normal_inputs_are_drawn_together() -> None:
    pair = [known("a", 0, 3), known("b", 0, 4)]
    for r, u in ((1.0, 7.0), (0.5, sqrt(37)), (-1.0, 1.0)):
        found = simulate(SUM, pair, (tied("a", "b", r),), trials=100_000, seed=1, p=0.95)
        assert found.u == pytest.approx(u, rel=0.01)
        assert found.symmetric[1] == pytest.approx(1.96 * u, rel=0.02)


def test_inputs_observed_together_are_drawn_from_one_t_distribution() -> None:
    pair = [known("a", 0, 3, 4, "t"), known("b", 0, 4, 4, "t")]
    found = simulate(SUM, pair, (tied("a", "b", 0.5),), trials=400_000, seed=1, p=0.95)
    assert found.symmetric[1] == pytest.approx(2.776 * sqrt(37), rel=0.01)


@pytest.mark.parametrize(
    "other", [stated("b", 0, type_b.rectangular(1)), known("b", 0, 1, 7)], ids=["ends", "other nu"]
)
def test_correlated_inputs_that_have_no_joint_distribution_are_refused(other: Input) -> None:
    with pytest.raises(ValueError, match="only if normal"):
        simulate(
            SUM, [known("a", 0, 1), other], (tied("a", "b", 0.5),), trials=2000, seed=1, p=0.95
        )


def test_correlations_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        cholesky([[1, 1, 0.5], [1, 1, -0.5], [0.5, -0.5, 1]])
    with pytest.raises(ValueError, match="cannot hold"):
        cholesky([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])


@pytest.mark.parametrize("apart", [0.002, 1.2e-7, 1e-9])
def test_correlations_of_inputs_that_are_nearly_one_can_hold(apart: float) -> None:
    # a, b = (1, apart) scaled to length 1, c across a: the third depends on both exactly
    length = sqrt(1 + apart**2)
    a_b, b_c = 1 / length, apart / length
    matrix = [[1.0, a_b, 0.0], [a_b, 1.0, b_c], [0.0, b_c, 1.0]]
    factor = np.array(cholesky(matrix))
    assert factor @ factor.T == pytest.approx(np.array(matrix), abs=1e-12)


@given(st.lists(st.lists(st.floats(-1, 1), min_size=3, max_size=3), min_size=3, max_size=3))
def test_a_factor_gives_the_matrix_back(rows: list[list[float]]) -> None:
    lengths = [sqrt(sum(x * x for x in row)) for row in rows]
    if min(lengths) < 0.1:
        return
    unit = [[x / length for x in row] for row, length in zip(rows, lengths, strict=True)]
    matrix = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in unit] for a in unit]
    for i in range(3):
        matrix[i][i] = 1.0
    lower = np.array(cholesky(matrix))
    assert lower @ lower.T == pytest.approx(np.array(matrix), abs=1e-11)


def test_what_is_not_evaluated_stands_at_its_estimate() -> None:
    found = simulate(SUM, [known("a", 1, 1), known("b", 5, None)], trials=2000, seed=1, p=0.95)
    assert found.mean == pytest.approx(6, abs=0.1)


def test_no_spread_at_all_is_a_value_too() -> None:
    found = of_one(known("a", 5.1, 0.0, 2, "t"))
    assert (found.mean, found.u, found.symmetric, found.delta) == (5.1, 0.0, (5.1, 5.1), 0.0)
    assert found.gum_validated


def test_adaptive_trials_stop_when_two_digits_are_stable() -> None:
    found = simulate(ENERGY_MODEL, ENERGY_INPUTS, trials=Adaptive(2, 5_000_000), seed=3, p=0.95)
    assert found.trials % 10_000 == 0
    assert found.trials >= 20_000
    assert found.u == pytest.approx(5.945e-4, abs=tolerance(5.945e-4))


def test_adaptive_trials_that_do_not_settle_are_refused() -> None:
    with pytest.raises(ValueError, match="do not give 3 stable digits"):
        of_one(known("a", 0, 1), trials=Adaptive(3, 20_000))


@pytest.mark.parametrize(
    ("u", "delta"), [(0.0593, 0.0005), (9.94, 0.05), (0.0994, 0.0005), (1.0, 0.05), (0.0, 0.0)]
)
def test_tolerance_is_half_a_unit_of_the_second_digit(u: float, delta: float) -> None:
    assert tolerance(u) == delta


def test_tolerance_knows_a_digit_that_is_rounded_up() -> None:
    assert tolerance(0.0999) == 0.005


@pytest.mark.parametrize("trials", [0, -5, 1999])
def test_too_few_trials_for_the_interval_are_refused(trials: int) -> None:
    with pytest.raises(ValueError, match="too few: at least 2000"):
        of_one(known("a", 0, 1), trials=trials)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 on"):
        of_one(known("a", 0, 1), seed=-1)


def test_a_model_without_a_value_for_some_draws_is_refused() -> None:
    model = Model("1 / sqrt(a)", lambda q: q["a"] ** -0.5)
    with pytest.raises(ValueError, match="no value for some draws"):
        simulate(model, [known("a", 1, 1)], trials=2000, seed=1, p=0.95)


def test_an_input_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="estimate is inf"):
        of_one(replace(known("a", 0, 1), estimate=inf))
