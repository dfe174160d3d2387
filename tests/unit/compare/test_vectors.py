"""Figures from documents (`shared` reference metrology, 7), each with its source."""

from __future__ import annotations

from math import sqrt

import pytest

from host.compare.algorithm_a import algorithm_a
from host.compare.conformity import Limit, conformance_probability, guard_factor
from host.compare.iso5725 import precision
from host.compare.outliers import (
    cochran_critical,
    grubbs_critical,
    mandel_h_critical,
    mandel_k_critical,
)
from host.compare.scores import e_n, z, z_prime, zeta

# TV-21: ISO 5725-2, B.1, sulfur in coal, eight laboratories at four levels.
SULFUR = {
    1: ".71 .71 .70 .71 | .69 .67 .68 | .66 .65 .69 | .67 .65 .66 | .70 .69 .66 .71 .69"
    " | .73 .74 .73 | .71 .71 .69 | .70 .65 .68",
    2: "1.20 1.18 1.23 1.21 | 1.22 1.21 1.22 | 1.28 1.31 1.30 | 1.23 1.18 1.20"
    " | 1.31 1.22 1.22 1.24 | 1.39 1.36 1.37 | 1.20 1.26 1.26 | 1.24 1.22 1.30",
    3: "1.68 1.70 1.68 1.69 | 1.64 1.64 1.65 | 1.61 1.61 1.62 | 1.68 1.66 1.66"
    " | 1.64 1.67 1.60 1.66 1.68 | 1.70 1.73 1.73 | 1.69 1.70 1.68 | 1.67 1.68 1.67",
    4: "3.26 3.26 3.20 3.24 | 3.20 3.20 3.20 | 3.37 3.36 3.38 | 3.16 3.22 3.23"
    " | 3.20 3.19 3.18 3.27 3.24 | 3.27 3.31 3.29 | 3.27 3.24 3.23 | 3.25 3.26 3.26",
}
SULFUR_SAID = {  # level: m, s_r, s_R, N
    1: (0.690, 0.015, 0.026, 27),
    2: (1.252, 0.029, 0.061, 26),
    3: (1.667, 0.017, 0.035, 27),
    4: (3.250, 0.026, 0.058, 27),
}
SULFUR_UNROUNDED = {  # level: s_r, s_R, as the reference gives them
    1: (0.01513, 0.0264),
    2: (0.0288, 0.0606),
    3: (0.0171, 0.0348),
    4: (0.0261, 0.0582),
}


def groups(text: str) -> list[list[float]]:
    return [[float(value) for value in lab.split()] for lab in text.split("|")]


@pytest.mark.parametrize("level", SULFUR)
def test_tv_21_iso_5725_2_b_1_sulfur_in_coal(level: int) -> None:
    m, s_r, s_big, n = SULFUR_SAID[level]
    found = precision(groups(SULFUR[level]))
    assert found.n == n
    assert found.p == 8
    assert found.s_R is not None
    assert (found.m, found.s_r, found.s_R) == pytest.approx((m, s_r, s_big), abs=5e-4)
    assert (found.s_r, found.s_R) == pytest.approx(SULFUR_UNROUNDED[level], abs=5.1e-5)
    assert found.r == pytest.approx(2.8 * found.s_r)
    assert pytest.approx(2.8 * found.s_R) == found.R


def test_tv_22_iso_5725_5_creosote_by_algorithm_a() -> None:
    values = [24.140, 20.155, 19.500, 20.300, 20.705, 17.570, 20.100, 20.940, 21.185]
    found = algorithm_a(values)
    assert (found.x, found.s) == pytest.approx((20.412, 1.070), abs=1e-3)
    assert found.u == pytest.approx(1.25 * found.s / 3)


# TV-23: ISO 13528, E.4, mercury: x_pt 0.044, U 0.0082 (k = 2), sigma_pt 0.0066.
MERCURY = {  # laboratory: x, U, k, then z, z', zeta, E_n as printed
    "L04": (0.013, 0.003, 2.0, -4.70, -3.99, -7.10, -3.55),
    "L23": (0.0135, 0.00108, sqrt(3), -4.62, -3.93, -7.35, -3.69),
    "L03": (0.037, 0.013, 2.0, -1.06, -0.90, -0.91, -0.46),
    "L21": (0.04, 0.03, 2.0, -0.61, -0.51, -0.26, -0.13),
    "L01": (0.053, 0.007, 2.0, 1.36, 1.16, 1.67, 0.83),
}


@pytest.mark.parametrize("lab", MERCURY)
def test_tv_23_iso_13528_e_4_mercury(lab: str) -> None:
    x, expanded, k, *printed = MERCURY[lab]
    x_pt, expanded_pt, sigma = 0.044, 0.0082, 0.0066
    u_pt = expanded_pt / 2
    found = [
        z(x, x_pt, sigma),
        z_prime(x, x_pt, sigma, u_pt),
        zeta(x, x_pt, expanded / k, u_pt),
        e_n(x, x_pt, expanded, expanded_pt),
    ]
    assert [score.value for score in found] == pytest.approx(printed, abs=5.001e-3)


@pytest.mark.parametrize(
    ("y", "u", "limit", "p_c"),
    [
        (-5.47, 0.05, Limit(None, -5.40), 0.919),
        (13.6, 1.8, Limit(12.5, 16.3), 0.663),
    ],
)
def test_tv_28_jcgm_106_specific_risk(y: float, u: float, limit: Limit, p_c: float) -> None:
    assert conformance_probability(y, u, limit) == pytest.approx(p_c, abs=1e-3)


def test_jcgm_106_guard_factor_of_five_percent_on_one_side() -> None:
    assert guard_factor(0.05) == pytest.approx(1.645, abs=5e-4)


@pytest.mark.parametrize(
    ("found", "printed"),
    [  # ISO 5725-2:1994, tables 4 to 7, p = 8, n = 3: 5 % and 1 %
        (cochran_critical(8, 3, 0.05), 0.516),
        (cochran_critical(8, 3, 0.01), 0.615),
        (grubbs_critical(8, 0.05), 2.126),
        (grubbs_critical(8, 0.01), 2.274),
        (mandel_h_critical(8, 0.05), 1.75),
        (mandel_h_critical(8, 0.01), 2.06),
        (mandel_k_critical(8, 3, 0.05), 1.67),
        (mandel_k_critical(8, 3, 0.01), 1.96),
    ],
)
def test_critical_values_are_those_of_the_tables_of_iso_5725_2(
    found: float, printed: float
) -> None:
    digits = len(str(printed).partition(".")[2])
    assert found == pytest.approx(printed, abs=10**-digits)
