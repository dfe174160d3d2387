from collections.abc import Callable
from math import inf, isinf, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.evaluate import type_b
from host.evaluate.type_b import Evaluated

widths = st.floats(0, 1e12)


def test_a_certificate_gives_u_by_its_k() -> None:
    found = type_b.normal(0.5, 2.0, 50)
    assert found == Evaluated(0.25, 50, "normal", U=0.5, k=2.0)


@pytest.mark.parametrize(
    ("found", "u", "half_width"),
    [
        (type_b.rectangular(3.0), sqrt(3), 3.0),
        (type_b.triangular(6.0), sqrt(6), 6.0),
        (type_b.arcsine(2.0), sqrt(2), 2.0),
        (type_b.trapezoid(6.0, 0.5), sqrt(7.5), 6.0),
        (type_b.resolution(6.0), sqrt(3), 3.0),
    ],
    ids=["rectangular", "triangular", "arcsine", "trapezoid", "resolution"],
)
def test_half_widths_give_u_by_their_distribution(
    found: Evaluated, u: float, half_width: float
) -> None:
    assert found.u == pytest.approx(u, rel=1e-15)
    assert found.half_width == half_width
    assert isinf(found.nu)


@given(widths)
def test_a_trapezoid_lies_between_triangle_and_rectangle(a: float) -> None:
    assert type_b.trapezoid(a, 0).u == pytest.approx(type_b.triangular(a).u)
    assert type_b.trapezoid(a, 1).u == pytest.approx(type_b.rectangular(a).u)


@given(widths)
def test_distributions_of_one_width_are_ordered_by_what_lies_far_out(a: float) -> None:
    order = [type_b.triangular(a).u, type_b.trapezoid(a, 0.5).u, type_b.rectangular(a).u]
    order.append(type_b.arcsine(a).u)
    assert order == sorted(order)


@pytest.mark.parametrize("bad", [inf, -inf, nan, -1.0])
@pytest.mark.parametrize(
    "make",
    [
        lambda a: type_b.normal(a, 2),
        type_b.rectangular,
        type_b.triangular,
        type_b.arcsine,
        lambda a: type_b.trapezoid(a, 0.5),
        type_b.resolution,
        type_b.dof_of_unreliability,
    ],
    ids=["normal", "rectangular", "triangular", "arcsine", "trapezoid", "resolution", "dof"],
)
def test_what_is_no_finite_number_from_0_on_is_refused(
    make: Callable[[float], object], bad: float
) -> None:
    with pytest.raises(ValueError, match="must be a finite number from 0 on"):
        make(bad)


@pytest.mark.parametrize("k", [None, 0.0, 0.99, -2.0, inf, nan])
def test_a_certificate_without_a_usable_k_is_refused(k: float | None) -> None:
    with pytest.raises(ValueError, match=r"coverage factor k"):
        type_b.normal(1.0, k)


@pytest.mark.parametrize("nu", [0.0, 0.5, -1.0, nan])
def test_less_than_one_degree_of_freedom_is_refused(nu: float) -> None:
    with pytest.raises(ValueError, match="start at 1"):
        type_b.rectangular(1.0, nu)


@pytest.mark.parametrize("beta", [-0.1, 1.1, nan, inf])
def test_a_trapezoid_has_a_top_no_wider_than_its_base(beta: float) -> None:
    with pytest.raises(ValueError, match="top over base"):
        type_b.trapezoid(1.0, beta)


def test_zero_width_is_a_value() -> None:
    assert type_b.rectangular(0.0).u == 0.0


def test_what_is_exactly_known_has_infinite_degrees_of_freedom() -> None:
    assert isinf(type_b.dof_of_unreliability(0.0))


def test_more_than_71_percent_unreliability_leaves_no_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        type_b.dof_of_unreliability(0.72)
