"""Vectors of the `shared` reference metrology, section 7: law of propagation."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import pytest

from host.evaluate import model as m
from host.evaluate import type_a, type_b
from host.evaluate.gum import Model, propagate
from host.evaluate.student import coverage_factor
from host.handover.budget import Budget
from tests.fakes.inputs import ENERGY_INPUTS, ENERGY_MODEL, known, seen, stated, tied


@dataclass(frozen=True)
class Vector:
    """One expected figure: `tolerance` as the reference states it."""

    source: str
    found: float | None
    expected: float
    tolerance: float


END_GAUGE = propagate(
    Model(
        "l = l_s + d - l_s (da th + a_s dth)",
        lambda q: (
            q["l_s"]
            + (q["d"] + q["d_rand"] + q["d_sys"])
            - q["l_s"] * (q["da"] * (q["th"] + q["th_cycle"]) + q["a_s"] * q["dth"])
        ),
    ),
    [
        known("l_s", 50_000_623, 25, 18),
        known("d", 215, 5.8, 24, "t"),
        known("d_rand", 0, 3.9, 5),
        known("d_sys", 0, 6.7, 8),
        stated("a_s", 11.5e-6, type_b.rectangular(2e-6)),
        stated("da", 0, type_b.rectangular(1e-6, 50)),
        stated("dth", 0, type_b.rectangular(0.05, 2)),
        known("th", -0.1, 0.2),
        stated("th_cycle", 0, type_b.arcsine(0.5)),
    ],
    p=0.99,
)

VOLTAGE = [5.007, 4.994, 5.005, 4.990, 4.999]
CURRENT = [19.663e-3, 19.639e-3, 19.640e-3, 19.685e-3, 19.678e-3]
PHASE = [1.0456, 1.0438, 1.0468, 1.0428, 1.0433]


IMPEDANCE_INPUTS = [seen("V", VOLTAGE), seen("I", CURRENT), seen("phi", PHASE)]
IMPEDANCE_TIES = [
    tied("V", "I", type_a.correlation(VOLTAGE, CURRENT)),
    tied("V", "phi", type_a.correlation(VOLTAGE, PHASE)),
    tied("I", "phi", type_a.correlation(CURRENT, PHASE)),
]
R, X, Z = (
    propagate(Model(name, function), IMPEDANCE_INPUTS, IMPEDANCE_TIES)
    for name, function in (
        ("R = V/I cos(phi)", lambda q: q["V"] / q["I"] * m.cos(q["phi"])),
        ("X = V/I sin(phi)", lambda q: q["V"] / q["I"] * m.sin(q["phi"])),
        ("Z = V/I", lambda q: q["V"] / q["I"]),
    )
)


def r_of(a: Budget, b: Budget) -> float:
    """Correlation of two results of the same inputs, from sensitivities (JCGM 100, H.2.3)."""
    ties = {frozenset((tie.a, tie.b)): tie.r for tie in IMPEDANCE_TIES}
    total = 0.0
    for one in a.rows:
        for two in b.rows:
            r = ties.get(frozenset((one.input.symbol, two.input.symbol)), 1.0)
            total += (one.c or 0) * (one.input.u or 0) * (two.c or 0) * (two.input.u or 0) * r
    return total / ((a.u or 0) * (b.u or 0))


# Day means over 10.0 V in uV above it, spreads in uV (JCGM 100, H.5)
DAYS = type_a.anova_of_means(
    [10 + day * 1e-6 for day in (172, 116, 13, 144, 106, 31, 60, 125, 163, 41)],
    [day * 1e-6 for day in (60, 77, 111, 101, 67, 93, 80, 73, 88, 86)],
    5,
)

SUM = Model("a + b", lambda q: q["a"] + q["b"])
TWO_TERMS = propagate(SUM, [known("a", 0, 0.57, 9), known("b", 0, 0.25)])
XRF = propagate(
    Model("a / b * c", lambda q: q["a"] / q["b"] * q["c"]),
    [
        known("a", 0.1820, 0.00093, 9),
        known("b", 0.1823, 0.00058, 19),
        known("c", 0.6978, 0.0026, 19),
    ],
)

ENERGY = propagate(ENERGY_MODEL, ENERGY_INPUTS)


def part(budget: Budget, symbol: str, field: str) -> float:
    (row,) = [row for row in budget.rows if row.input.symbol == symbol]
    return float(getattr(row, field))


VECTORS = [
    Vector("TV-01 l", END_GAUGE.value, 50_000_838, 0.5),
    Vector("TV-01 u_c", END_GAUGE.u, 31.664, 0.0005),
    Vector("TV-01 u(d)", sqrt(5.8**2 + 3.9**2 + 6.7**2), 9.7, 0.05),
    Vector("TV-01 component l_s", part(END_GAUGE, "l_s", "contribution"), 25, 0.0005),
    Vector("TV-01 component dth", part(END_GAUGE, "dth", "contribution"), 16.599, 0.0005),
    Vector("TV-01 component d_sys", part(END_GAUGE, "d_sys", "contribution"), 6.7, 0.0005),
    Vector("TV-01 component d", part(END_GAUGE, "d", "contribution"), 5.8, 0.0005),
    Vector("TV-01 component d_rand", part(END_GAUGE, "d_rand", "contribution"), 3.9, 0.0005),
    Vector("TV-01 component da", part(END_GAUGE, "da", "contribution"), 2.887, 0.0005),
    Vector("TV-01 component a_s", part(END_GAUGE, "a_s", "contribution"), 0, 0),
    Vector("TV-01 component th", part(END_GAUGE, "th", "contribution"), 0, 0),
    Vector("TV-01 nu_eff", END_GAUGE.nu_eff, 16.75, 0.005),
    Vector("TV-01 nu for k", END_GAUGE.nu_used, 16, 0),
    Vector("TV-01 U99", END_GAUGE.U, 92.5, 0.5),
    Vector("TV-01 second order u", END_GAUGE.second_order, 33.8, 0.05),
    Vector("TV-02 R", R.value, 127.732, 1e-3),
    Vector("TV-02 X", X.value, 219.847, 1e-3),
    Vector("TV-02 Z", Z.value, 254.260, 1e-3),
    Vector("TV-02 u(R)", R.u, 0.071, 1e-3),
    Vector("TV-02 u(X)", X.u, 0.2956, 1e-3),
    Vector("TV-02 u(Z)", Z.u, 0.236, 1e-3),
    Vector("TV-02 r(R,X)", r_of(R, X), -0.588, 1e-3),
    Vector("TV-02 r(R,Z)", r_of(R, Z), -0.485, 1e-3),
    Vector("TV-02 r(X,Z)", r_of(X, Z), 0.993, 1e-3),
    Vector("TV-02 nu", Z.nu_eff, 4, 1e-9),
    Vector("TV-04 mean", DAYS.value, 10.000097, 0.5e-6),
    Vector("TV-04 s_b", DAYS.s_within, 85e-6, 0.5e-6),
    Vector("TV-04 s of day means", DAYS.s_between, 57e-6, 0.5e-6),
    Vector("TV-04 u", DAYS.u, 18e-6, 0.5e-6),
    Vector("TV-04 F", DAYS.F, 2.262, 0.0005),
    Vector("TV-04 F.95(9,40)", DAYS.F_critical, 2.12, 0.005),
    *(
        Vector(f"TV-05 t({p}, {nu})", coverage_factor(nu, p), k, 0.005)
        for p, nu, k in (
            (0.6827, 1, 1.84),
            (0.95, 1, 12.71),
            (0.9973, 5, 5.51),
            (0.90, 20, 1.72),
            (0.99, 11, 3.11),
            (0.9545, inf, 2.00),
            (0.95, 20, 2.09),
        )
    ),
    Vector("TV-16 nu of two terms", TWO_TERMS.nu_eff, 12.8, 0.05),
    Vector("TV-16 XRF", XRF.value, 0.6967, 0.0001),
    Vector("TV-16 XRF u", XRF.u, 0.00494, 0.00001),
    Vector("TV-16 XRF nu", XRF.nu_eff, 27.6, 0.1),
    Vector("TV-16 XRF U", XRF.U, 0.0101, 0.00005),
    Vector("TV-29 10 %", type_b.dof_of_unreliability(0.10), 50, 0),
    Vector("TV-29 25 %", type_b.dof_of_unreliability(0.25), 8, 0),
    Vector("TV-29 50 %", type_b.dof_of_unreliability(0.50), 2, 0),
    Vector("TV-32 E", ENERGY.value, 0.2003125, 1e-9),
    Vector("TV-32 u", ENERGY.u, 5.926005e-4, 1e-9),
    Vector("TV-32 nu_eff", ENERGY.nu_eff, 7435.62, 0.005),
    Vector("TV-32 k", ENERGY.k, 1.96028, 0.000005),
    Vector("TV-32 U", ENERGY.U, 1.16166e-3, 1e-8),
    Vector("TV-32 u(P)", ENERGY_INPUTS[0].u, 2.3805e-3, 1e-7),
    Vector("TV-32 u(G)", ENERGY_INPUTS[1].u, 2.88675e-3, 1e-8),
    Vector("TV-32 u(O)", ENERGY_INPUTS[2].u, 2.3094e-3, 1e-8),
    Vector("TV-32 u(t)", ENERGY_INPUTS[3].u, 1.1547e-3, 1e-8),
    *(
        Vector(f"TV-32 {field} of {symbol}", part(ENERGY, symbol, field), expected, tolerance)
        for symbol, field, expected, tolerance in (
            ("P", "c", 0.0390625, 1e-9),
            ("G", "c", 0.2003125, 1e-9),
            ("O", "c", 0.0390625, 1e-9),
            ("t", "c", 3.33854e-3, 5e-9),
            ("P", "contribution", 9.2987e-5, 1e-9),
            ("G", "contribution", 5.78252e-4, 1e-9),
            ("O", "contribution", 9.0211e-5, 1e-9),
            ("t", "contribution", 3.8550e-6, 1e-9),
            ("P", "share", 0.025, 0.0005),
            ("G", "share", 0.952, 0.0005),
            ("O", "share", 0.023, 0.0005),
            ("t", "share", 0.00004, 0.000005),
        )
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.source)
def test_the_engine_gives_the_published_figure(vector: Vector) -> None:
    assert vector.found is not None
    assert abs(vector.found - vector.expected) <= vector.tolerance


def test_the_days_differ_by_more_than_chance() -> None:
    assert DAYS.F is not None
    assert DAYS.F_critical < DAYS.F
