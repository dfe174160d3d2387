from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.equipment.table import Correction, correction_of
from host.equipment.units import scale_of
from host.handover.equipment import Certificate
from tests.fakes.instruments import certificate, gain


def coherent(said: Certificate) -> Correction:
    scale = scale_of(said.unit)
    assert scale is not None
    return correction_of(said, scale)


def corrected(said: Certificate, *indications: float) -> list[float]:
    return [float(x) for x in coherent(said).corrected(np.array(indications))]


def test_a_value_between_two_points_gets_the_correction_of_the_straight_line() -> None:
    # 6 W: half way from +0.010 to +0.030; 31 W: two thirds from +0.030 to -0.030
    assert corrected(certificate(), 6.0, 31.0) == pytest.approx([6.020, 30.990], abs=1e-12)


def test_both_ends_of_the_range_are_inside() -> None:
    assert corrected(certificate(), 1.0, 41.0) == [1.010, 40.970]


def test_beyond_the_range_the_indication_stays() -> None:
    assert corrected(certificate(), 0.999999, 41.000001, 0.0) == [0.999999, 41.000001, 0.0]


def test_a_narrower_range_than_the_points_counts() -> None:
    assert corrected(certificate(range=("2", "12")), 1.5, 12.5) == [1.5, 12.5]


def test_points_in_milliwatt_correct_readings_in_watt() -> None:
    milli = certificate(
        unit="mW", range=("100", "300"), points=(("100", "1", "2"), ("300", "3", "2"))
    )
    assert corrected(milli, 0.2, 0.3) == pytest.approx([0.202, 0.303], abs=1e-15)
    assert coherent(milli).worst_U(0.1, 0.3) == pytest.approx(0.002)


def test_an_end_that_rounds_in_its_last_digit_is_still_inside() -> None:
    milli = certificate(
        unit="mW", range=("100", "300"), points=(("100", "1", "2"), ("300", "3", "2"))
    )
    assert corrected(milli, 0.1 + 0.2) == pytest.approx([0.303], abs=1e-12)


def test_points_in_kelvin_correct_readings_in_celsius() -> None:
    kelvin = certificate(
        unit="K",
        range=("293.15", "313.15"),
        points=(("293.15", "0.1", "0.2"), ("313.15", "0.3", "0.2")),
    )
    assert corrected(kelvin, 30.0, 20.0) == pytest.approx([30.2, 20.1], abs=1e-9)


def test_a_factor_multiplies_inside_its_range_only() -> None:
    assert corrected(gain(), 10.0, 41.5) == pytest.approx([10.1, 41.5])


@pytest.mark.parametrize(
    ("low", "high", "worst"),
    [(1, 1, 0.004), (1, 6, 0.006), (6, 6, 0.006), (2, 41, 0.020), (11, 26, 0.014)],
)
def test_the_worst_U_is_that_of_the_indications_in_use(  # noqa: N802
    low: float, high: float, worst: float
) -> None:
    assert coherent(certificate()).worst_U(low, high) == pytest.approx(worst)


def test_a_U_that_is_largest_in_the_middle_is_found() -> None:  # noqa: N802
    hump = certificate(points=(("1", "0", "0.1"), ("11", "0", "0.9"), ("41", "0", "0.2")))
    assert coherent(hump).worst_U(2, 30) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("low", "high", "half_step"),
    [(1, 5, 0.010), (1, 11, 0.010), (5, 12, 0.030), (11, 41, 0.030), (11, 11, 0.0)],
)
def test_between_points_half_of_the_largest_step_in_use_is_open(
    low: float, high: float, half_step: float
) -> None:
    assert coherent(certificate()).between(low, high) == pytest.approx(half_step)


def test_nothing_is_open_between_the_points_of_a_factor() -> None:
    assert coherent(gain()).between(1, 41) == 0
    assert coherent(gain()).worst_U(1, 41) == 0.004


@given(
    st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=12, unique=True),
    st.lists(st.integers(-400, 400), min_size=12, max_size=12),
)
def test_correcting_the_points_of_a_table_gives_the_table_back(
    at: list[int], corrections: list[int]
) -> None:
    points = tuple(
        (str(x), f"{c / 1000}", "0.1") for x, c in zip(sorted(at), corrections, strict=False)
    )
    said = certificate(range=(points[0][0], points[-1][0]), points=points)
    expected = [float(x) + float(c) for x, c, _ in points]
    assert corrected(said, *(float(p[0]) for p in points)) == expected


@given(st.lists(st.floats(0, 60), min_size=2, max_size=20))
def test_corrected_values_inside_the_range_rise_with_their_indications(found: list[float]) -> None:
    inside = sorted(x for x in found if 1 <= x <= 41)
    after = corrected(certificate(), *inside)
    assert all(a <= b for a, b in pairwise(after))
