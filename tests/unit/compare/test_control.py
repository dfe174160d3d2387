"""Control charts: a worked set of values, false alarms, a value that stands out, a small shift."""

import random

import pytest

from host.compare.control import FIRM, control

# Viscosities of 15 batches; Montgomery, Introduction to Statistical Quality Control (individuals
# chart): mean 33.52, mean moving range 0.48, limits 32.24 and 34.80.
VISCOSITY = (33.75, 33.05, 34.00, 33.81, 33.46, 34.02, 33.68, 33.27, 33.49, 33.20, 33.62, 33.00,
             33.54, 33.12, 33.84)  # fmt: skip


def steady(seed: int, count: int) -> list[float]:
    draw = random.Random(seed)  # noqa: S311 - made-up values
    return [draw.gauss(100.0, 1.0) for _ in range(count)]


def test_limits_of_a_textbook_s_values() -> None:
    found = control(VISCOSITY)
    assert (found.centre, found.low, found.high) == pytest.approx((33.52, 32.24, 34.80), abs=0.01)
    assert (found.outside, found.shifted, found.firm) == ((), (), False)


def test_steady_values_raise_few_alarms() -> None:
    found = [control(steady(seed, 30)) for seed in range(200)]
    alarmed = sum(bool(one.outside or one.shifted) for one in found)
    assert alarmed < 40  # 6000 values: 16 false alarms of the one, 12 of the other expected
    assert all(one.firm for one in found)


def test_a_value_that_stands_out_is_named_and_does_not_hide_behind_its_own_spread() -> None:
    values = steady(3, FIRM)
    values[11] += 8.0
    assert control(values).outside == (11,)


def test_a_small_shift_that_stays_shows_in_the_moving_average_alone() -> None:
    values = [x + (1.6 if place >= 15 else 0.0) for place, x in enumerate(steady(5, 30))]
    found = control(values)
    assert not found.outside
    assert found.shifted


@pytest.mark.parametrize(("values", "why"), [([1.0] * 7, "too-few: 7"), ([1.0] * 9, "no-spread")])
def test_without_enough_values_or_any_spread_nothing_is_judged(
    values: list[float], why: str
) -> None:
    found = control(values)
    assert found.reason.startswith(why)
    assert (found.outside, found.shifted, found.firm) == ((), (), False)
