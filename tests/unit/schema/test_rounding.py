from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.measurands import MEASURANDS
from host.schema.rounding import (
    alike,
    alone,
    display_of,
    outward,
    plain,
    significant,
    to_place_of,
    with_uncertainty,
)

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e30", max_value="1e30")
above_zero = st.decimals(
    allow_nan=False, allow_infinity=False, min_value="1e-15", max_value="1e15"
)


@pytest.mark.parametrize(
    ("value", "expanded", "expected"),
    [
        ("231.4472", "2.0931", ("231.4", "2.1")),
        ("231.4472", "0.0996", ("231.45", "0.10")),
        ("231.4472", "9.96", ("231", "10")),
        ("231.4472", "20.931", ("231", "21")),
        ("231.4472", "209.31", ("230", "210")),
        ("1234567", "12345", ("1235000", "12000")),
        ("0.0001", "3.14", ("0.0", "3.1")),
        ("-0.0001", "3.14", ("0.0", "3.1")),
        ("-5.678", "0.5", ("-5.68", "0.50")),
        ("2.12", "0.0344", ("2.120", "0.034")),
        ("1", "1e-20", ("1.000000000000000000000", "0.000000000000000000010")),
    ],
)
def test_u_has_two_digits_and_the_value_ends_at_the_same_place(
    value: str, expanded: str, expected: tuple[str, str]
) -> None:
    assert with_uncertainty(Decimal(value), Decimal(expanded)) == expected


@pytest.mark.parametrize(
    ("expanded", "expected"), [("2.15", "2.2"), ("2.25", "2.2"), ("2.2500001", "2.3")]
)
def test_halves_go_to_the_even_digit(expanded: str, expected: str) -> None:
    assert with_uncertainty(Decimal(100), Decimal(expanded))[1] == expected


def test_a_u_of_zero_leaves_the_value_its_four_digits() -> None:
    assert with_uncertainty(Decimal("1002.3456"), Decimal(0)) == ("1002", "0")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("231.4472", "231.4"), ("110686", "110700"), ("0.00123456", "0.001235"), ("0", "0"),
     ("9999.6", "10000"), ("0.99996", "1.000"), ("5", "5.000"), ("-0.5", "-0.5000")],
)  # fmt: skip
def test_a_value_alone_has_four_digits(value: str, expected: str) -> None:
    assert alone(Decimal(value)) == expected


def test_limits_end_at_the_place_of_their_value() -> None:
    assert alike([Decimal("4.53291"), Decimal("14.6")], Decimal("4.5689")) == ["4.533", "14.600"]
    assert alike([Decimal("1.26")], Decimal(0)) == ["1"]


@given(decimals, decimals)
def test_bounds_in_a_text_hold_what_the_bounds_hold(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    said_low, said_high = (Decimal(each) for each in outward(low, high))
    assert said_low <= low or low == high
    assert said_high >= high or low == high
    place = max((high - low) / 20, max(abs(low), abs(high)) / 10**5)
    assert max(low - said_low, said_high - high) <= place or low == high


@given(decimals, above_zero)
def test_rounding_moves_value_and_u_by_at_most_half_a_place(
    value: Decimal, expanded: Decimal
) -> None:
    shown, u = with_uncertainty(value, expanded)
    digits = u.replace(".", "").strip("0")
    assert 1 <= len(digits) <= 2
    place = Decimal(1).scaleb(-len(u.partition(".")[2])) if "." in u else None
    assert abs(Decimal(u) - expanded) <= expanded / 20
    if place is not None:
        assert len(shown.partition(".")[2]) == len(u.partition(".")[2])
        assert abs(Decimal(shown) - value) <= place / 2 + abs(value) * Decimal("1e-27")


@given(decimals, st.integers(1, 6))
def test_significant_digits_are_never_more_than_asked(value: Decimal, digits: int) -> None:
    text = plain(abs(significant(value, digits))).replace(".", "").strip("0")
    assert len(text) <= digits


@pytest.mark.parametrize(
    ("unit", "value", "shown", "text"),
    [
        ("s", 1.0, "1.000", "s"),
        ("s", 0.9996, "999.6", "ms"),
        ("s", -0.5, "-500.0", "ms"),
        ("s", 0.0, "0", "s"),
        ("By", 1048576.0, "1.000", "MiB"),
        ("{token}/s", 0.5, "0.5000", "token/s"),
        ("J/{token}", 0.25, "250.0", "mJ/token"),
        ("J/By", 0.25, "250.0", "mJ/B"),
        ("Hz", 3.2e9, "3200", "MHz"),
        ("Hz", 50.0, "50.00", "Hz"),
        ("W", 0.5, "0.5000", "W"),
        ("J", 0.5, "500.0", "mJ"),
        ("J", 1.0, "1.000", "J"),
        ("J/{token}", 1.0, "1.000", "J/token"),
        ("J/By", 1.0, "1.000", "J/B"),
        ("Hz", 1e6, "1.000", "MHz"),
        ("By/s", 868.25, "868.2", "B/s"),
        ("1", 0.5, "0.5000", ""),
        ("mol", 2.0, "2.000", "mol"),
    ],
)
def test_units_are_shown_as_people_write_them(
    unit: str, value: float, shown: str, text: str
) -> None:
    display = display_of(unit, value)
    assert (alone(display.of(value)), display.unit) == (shown, text)


@pytest.mark.parametrize("unit", sorted({d.unit for d in MEASURANDS.values()} | {"unknown"}))
@pytest.mark.parametrize("value", [0.0, 1e-9, -1e-9, 0.5, 1.0, 1e12])
def test_every_unit_of_the_catalogue_can_be_shown_at_any_size(unit: str, value: float) -> None:
    display = display_of(unit, value)
    assert display.of(value) / display.factor == Decimal(repr(value))


def test_scaling_is_decimal_so_that_no_binary_noise_is_rounded() -> None:
    assert str(display_of("s", 0.1).of(0.1)) == "100.0"


@pytest.mark.parametrize(
    ("value", "expanded", "expected"),
    [
        (-231.4472, 2.0931, ("-231.4", "2.1")),
        (-0.04, 3.14, ("0.0", "3.1")),
        (6.02214076e23, 1.5e15, ("602214076000000000000000", "1500000000000000")),
        (5e-10, 1.049e-12, ("0.0000000005000", "0.0000000000010")),
        (1.0, 1.05, ("1.0", "1.0")),
        (1.0, 1.0500001, ("1.0", "1.1")),
    ],
)
def test_negative_huge_and_tiny_values_end_where_u_ends(
    value: float, expanded: float, expected: tuple[str, str]
) -> None:
    assert with_uncertainty(Decimal(repr(value)), Decimal(repr(expanded))) == expected


doubles = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=5e-324, allow_nan=False, allow_infinity=False)


@given(doubles, positive)
def test_any_two_doubles_can_be_stated_and_u_loses_less_than_a_twentieth(
    value: float, expanded: float
) -> None:
    shown, u = with_uncertainty(Decimal(repr(value)), Decimal(repr(expanded)))
    exact = Decimal(repr(expanded))
    assert 1 <= len(u.replace(".", "").strip("0")) <= 2
    assert exact - Decimal(u) <= exact / 20
    assert "e" not in (shown + u).lower()
    assert not shown.startswith("-") or float(shown) != 0


@given(doubles, positive)
def test_a_value_and_its_mirror_are_rounded_alike(value: float, expanded: float) -> None:
    up, down = (
        with_uncertainty(sign * Decimal(repr(value)), Decimal(repr(expanded))) for sign in (1, -1)
    )
    assert up[1] == down[1]
    assert Decimal(up[0]) == -Decimal(down[0])


@given(doubles, positive)
def test_an_end_of_an_interval_has_as_many_decimals_as_u(value: float, expanded: float) -> None:
    end = to_place_of(Decimal(repr(value)), Decimal(repr(expanded)))
    u = with_uncertainty(Decimal(0), Decimal(repr(expanded)))[1]
    assert len(end.partition(".")[2]) == len(u.partition(".")[2])
