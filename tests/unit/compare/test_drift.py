"""Drift: the slope of values over time, with its uncertainty."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.compare.drift import MIN_POINTS, drift

DAYS = [86_400.0 * day for day in range(20)]


def test_a_slope_and_its_uncertainty_are_those_of_the_textbook() -> None:
    # By hand: t = 0..4, y = 2, 4, 5, 4, 5: slope 0.6, rest 2.4, s(b) = sqrt(0.8 / 10), t = 3.182.
    found = drift([0, 1, 2, 3, 4], [2, 4, 5, 4, 5])
    assert found.slope == pytest.approx(0.6)
    assert pytest.approx(3.18245 * 0.08**0.5, rel=1e-4) == found.U
    assert not found.shown


def test_a_drift_larger_than_its_uncertainty_is_shown() -> None:
    values = [100 - 0.5 * day + (0.1 if day % 2 else -0.1) for day in range(20)]
    assert drift(DAYS, values).shown


def test_noise_alone_shows_a_drift_about_as_often_as_it_says() -> None:
    draw = random.Random(7)  # noqa: S311 - noise, no secret
    shown = sum(drift(DAYS, [draw.gauss(50, 1) for _ in DAYS]).shown for _ in range(400))
    assert 7 <= shown <= 33  # 5 % of 400; three standard deviations are 13


@settings(max_examples=30)
@given(st.lists(st.floats(-1e6, 1e6), min_size=MIN_POINTS, max_size=20), st.floats(-1e6, 1e6))
def test_a_constant_added_to_all_values_changes_no_slope(values: list[float], by: float) -> None:
    a = drift(DAYS[: len(values)], values)
    b = drift(DAYS[: len(values)], [v + by for v in values])
    assert b.slope == pytest.approx(a.slope, abs=1e-9)


@pytest.mark.parametrize(
    ("times", "values", "why"),
    [([0, 1, 2], [1, 2, 3], "too-few"), ([5] * 4, [1, 2, 3, 4], "one-time"), ([], [], "too-few")],
)
def test_too_little_to_judge_says_so_and_shows_nothing(
    times: list[float], values: list[float], why: str
) -> None:
    found = drift(times, values)
    assert found.reason.startswith(why)
    assert not found.shown
