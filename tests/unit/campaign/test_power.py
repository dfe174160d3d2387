"""The stated number of blocks is that of the test that is applied, slope and widening included."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from host.campaign.analyse import LEVEL, Unit, contrast, ratio_of
from host.campaign.power import chance_of_claim, student_power
from host.compare.critical import student

CASES = 1_500


def claimed(units: int, shift: float, *, sloped: bool) -> float:
    """Share of simulated campaigns with normal noise of spread 1 % that claim a difference."""
    draw = np.random.default_rng([units, 20261128])
    hits = 0
    for _ in range(CASES):
        logs = 0.01 * (draw.normal(size=units) + shift)
        distances = draw.choice([-1.0, 1.0], size=units) if sloped else np.zeros(units)
        them = [Unit(float(y), float(x)) for y, x in zip(logs, distances, strict=True)]
        found = contrast(them, units, "randomised" if sloped else "abba")
        assert found != "few"
        hits += ratio_of(found).p_value <= LEVEL
    return hits / CASES


@pytest.mark.no_cover
@pytest.mark.parametrize(("units", "sloped"), [(10, False), (10, True), (18, True)])
def test_simulated_claims_are_as_many_as_is_said(units: int, *, sloped: bool) -> None:
    shift = 3.6 / sqrt(units)
    said = chance_of_claim(units, shift, LEVEL, sloped=sloped)
    sd = sqrt(said * (1 - said) / CASES)
    assert claimed(units, shift, sloped=sloped) == pytest.approx(said, abs=3 * sd)


def test_without_widening_it_is_the_power_of_students_t() -> None:
    # G*Power 3.1, paired t test, two-sided 5 %: d = 0.5 takes 44 pairs for a power of 0.90.
    powers = [
        float(student_power(n - 1, 0.5 * sqrt(n), student(1 - LEVEL / 2, n - 1))) for n in (43, 44)
    ]
    assert powers[0] < 0.90 <= powers[1]
    assert 0.88 < chance_of_claim(44, 0.5, LEVEL, sloped=False) < powers[1]
