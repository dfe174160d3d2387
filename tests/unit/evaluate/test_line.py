"""The straight line through pairs that are uncertain in both, against a second implementation."""

from __future__ import annotations

import pytest
from GTC import type_b, ureal

from host.evaluate.line import line_through

# Pearson's data with York's weights (Lybanon, Am. J. Phys. 52 (1984) 22).
X = [0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4]
Y = [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5]
U_X = [w**-0.5 for w in (1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0)]
U_Y = [w**-0.5 for w in (1.0, 1.8, 4.0, 8.0, 20, 20, 70, 70, 100, 500)]


def test_the_published_line_of_pearsons_data_is_found() -> None:
    found = line_through(X, Y, U_X, U_Y)
    assert found.gain == pytest.approx(-0.480533407, abs=5e-10)
    assert found.offset == pytest.approx(5.47991022, abs=5e-9)
    scale = (11.8663532 / 8) ** 0.5  # the published sum of squares over n - 2
    assert found.u_gain / scale == pytest.approx(0.057985, abs=1e-5)
    assert found.u_offset / scale == pytest.approx(0.294971, abs=1e-5)


def test_covariance_is_that_of_gtcs_fit() -> None:
    """Another algorithm and other formulas of u (Krystek and Anton 2011), alike for good data."""
    x, y, u = [5.0, 7.0, 9.0, 11.0], [5.07, 6.90, 8.78, 10.62], 0.02
    fit = type_b.line_fit_wtls([ureal(v, u) for v in x], [ureal(v, u) for v in y])
    offset, gain = fit.a_b
    found, scale = line_through(x, y, [u] * 4, [u] * 4), fit.ssr / 2
    assert found.gain == pytest.approx(gain.x, rel=1e-6)
    assert found.u_gain == pytest.approx(gain.u * scale**0.5, rel=1e-3)
    expected = offset.get_correlation(gain) * offset.u * gain.u * scale
    assert found.covariance == pytest.approx(expected, rel=1e-3)


def test_pairs_without_noise_on_a_line_leave_nothing_open() -> None:
    found = line_through([1, 2, 3], [1.33, 2.26, 3.19], [0, 0, 0], [0, 0, 0])
    assert found.gain == pytest.approx(0.93)
    assert found.offset == pytest.approx(0.4)
    assert found.u_gain < 1e-12


@pytest.mark.parametrize("x", [[1.0, 2.0], [3.0, 3.0, 3.0]])
def test_too_few_pairs_and_pairs_at_one_place_make_no_line(x: list[float]) -> None:
    with pytest.raises(ValueError, match="no line"):
        line_through(x, x, x, x)
