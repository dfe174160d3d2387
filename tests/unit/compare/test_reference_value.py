from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.compare.algorithm_a import algorithm_a
from host.compare.reference_value import Entry, reference_value
from host.errors import UsageError

LABS = [Entry("A", 10.0, 0.1), Entry("B", 10.3, 0.2), Entry("C", 9.9, 0.2), Entry("D", 10.1, 0.4)]


def test_the_reference_is_the_mean_weighted_by_inverse_squares() -> None:
    found = reference_value(LABS)
    weights = [1 / e.u**2 for e in LABS]
    assert found.value == pytest.approx(
        sum(w * e.value for w, e in zip(weights, LABS, strict=True)) / sum(weights)
    )
    assert found.u == pytest.approx(1 / sqrt(sum(weights)))
    assert sum(e.weight for e in found.equivalences) == pytest.approx(1)
    assert found.consistent
    assert found.birge == pytest.approx(sqrt(found.chi2 / 3))


def test_degrees_of_equivalence_of_contributors_and_of_others() -> None:
    labs = [*LABS[:3], Entry("D", 10.1, 0.4, contributor=False)]
    found = reference_value(labs)
    for entry, e in zip(labs, found.equivalences, strict=True):
        w = e.weight if entry.contributor else 0.0
        assert pytest.approx(entry.value - found.value) == e.D
        assert e.u**2 == pytest.approx((1 - 2 * w) * entry.u**2 + found.u**2)
        assert pytest.approx(2 * e.u) == e.U
    assert found.equivalences[3].weight == 0
    assert found.nu == 2


def test_an_outlier_beyond_two_and_a_half_is_flagged_and_stays_in() -> None:
    labs = [*LABS, Entry("E", 11.2, 0.3)]
    found = reference_value(labs)
    assert [e.label for e in found.equivalences if e.outlier] == ["E"]
    assert not found.consistent
    assert found.birge > 1
    assert found.equivalences[4].weight > 0


def test_common_errors_enter_by_the_covariance_matrix() -> None:
    shared = 0.09**2
    matrix = [[e.u**2 if i == j else shared for j in range(4)] for i, e in enumerate(LABS)]
    found = reference_value(LABS, matrix)
    assert found.u > reference_value(LABS).u
    assert found.u >= sqrt(shared) * 0.99


@pytest.mark.parametrize(
    ("entries", "matrix"),
    [
        (LABS[:1], None),
        ([LABS[0], Entry("B", 1.0, 0.0)], None),
        (LABS[:2], [[0.01, 0.02], [0.02, 0.04]]),  # fully correlated: no new information
        (LABS[:2], [[1.0, 0.0], [0.0, 1.0]]),
        (LABS[:2], [[0.01]]),
        (LABS[:2], [[0.01, 0.001], [0.002, 0.04]]),
    ],
)
def test_what_gives_no_reference_value_is_refused(
    entries: list[Entry], matrix: list[list[float]] | None
) -> None:
    with pytest.raises(UsageError):
        reference_value(entries, matrix)


def test_equal_values_have_a_robust_mean_without_spread() -> None:
    found = algorithm_a([3.0, 3.0, 3.0])
    assert (found.x, found.s, found.u) == (3.0, 0.0, 0.0)


def test_where_most_values_are_equal_the_start_is_the_standard_deviation_and_is_named() -> None:
    found = algorithm_a([3.0, 3.0, 3.0, 3.0, 5.0])
    assert found.start == "standard deviation"
    assert 3.0 <= found.x < 3.4


def test_one_value_has_no_robust_mean() -> None:
    with pytest.raises(UsageError, match="needs 2 values"):
        algorithm_a([1.0])


@given(
    st.lists(st.floats(0, 100).map(lambda x: round(x, 3)), min_size=3, max_size=30),
    st.floats(0.01, 1e3),
)
def test_the_robust_mean_scales_with_the_unit_and_stays_among_the_values(
    values: list[float], factor: float
) -> None:
    found, scaled = algorithm_a(values), algorithm_a([factor * x for x in values])
    assert min(values) - 1e-9 <= found.x <= max(values) + 1e-9
    assert scaled.x == pytest.approx(factor * found.x, rel=1e-6, abs=1e-6 * factor)
    assert scaled.s == pytest.approx(factor * found.s, rel=1e-5, abs=1e-6 * factor)


def test_one_wild_value_hardly_moves_the_robust_mean() -> None:
    calm = [9.8, 9.9, 10.0, 10.0, 10.1, 10.2, 10.3]
    assert algorithm_a([*calm, 1000.0]).x == pytest.approx(10.0, abs=0.15)
