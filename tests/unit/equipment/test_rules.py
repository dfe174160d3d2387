from __future__ import annotations

import datetime

import pytest

from host.equipment.rules import certificate_faults, faults
from host.handover.equipment import Certificate, Equipment, Limit, Surrounding
from host.handover.text import Txt
from tests.fakes.instruments import certificate, equipment, gain, instrument

AMBIENT = "ambient_temperature"


def around(*said: Surrounding) -> Equipment:
    return equipment(environment=said)


def limited(limit: Limit) -> Equipment:
    return equipment(instrument(specification=(limit,)))


@pytest.mark.parametrize(
    "said",
    [
        certificate(),
        certificate(k="1"),
        certificate(k="1.00", nu="1"),
        certificate(due=datetime.date(2026, 1, 1)),
        certificate(due=None),
        certificate(drift_per_year="0"),
        certificate(temperature=("23", "23")),
        gain(),
    ],
)
def test_a_certificate_at_the_edge_of_what_is_allowed_has_no_fault(said: Certificate) -> None:
    assert not list(certificate_faults(said))


def test_a_range_without_width_is_a_fault() -> None:
    found = list(certificate_faults(gain(range=("5", "5"))))
    assert found == ["its range is [5, 5]; the first must be the smaller"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Surrounding(AMBIENT, "23", "Cel", "0.3", "0.9"), "k = 0.9 is below 1"),
        (Surrounding(AMBIENT, "23", "Cel", "-0.3", "2"), "U = -0.3; an uncertainty is above 0"),
        (Surrounding(AMBIENT, "23", "Cel", "0.3"), "U and k stand together or not at all"),
        (Surrounding(AMBIENT, "23", "Cel", None, "2"), "U and k stand together or not at all"),
        (Surrounding(AMBIENT, "23", "V"), "its unit V does not fit; it is measured in Cel"),
        (Surrounding(AMBIENT, "23", "parsec"), "its unit parsec is not known here"),
        (Surrounding(AMBIENT, "1e999", "Cel"), "holds what is no finite number"),
        (Surrounding(AMBIENT, "23", "Cel", instrument="t9"), "names the instrument t9"),
        (Surrounding("noise", "23", "Pa"), "is not one of ambient_temperature"),
    ],
)
def test_surroundings_that_say_nothing_are_faults(said: Surrounding, sentence: str) -> None:
    (found,) = faults(around(said))
    assert sentence in found


@pytest.mark.parametrize(
    "said",
    [
        Surrounding(AMBIENT, "-23.4", "Cel"),
        Surrounding(AMBIENT, "296.4", "K", "0.3", "1", "board-sensor"),
        Surrounding("relative_humidity", "45", "%"),
        Surrounding("noise", "0.02", "Pa", name=Txt("声压", "sound pressure")),
    ],
)
def test_surroundings_that_are_plain_have_no_fault(said: Surrounding) -> None:
    assert not list(faults(around(said)))


def test_one_quantity_twice_is_a_fault() -> None:
    one = Surrounding(AMBIENT, "23", "Cel")
    assert list(faults(around(one, one))) == ["environment ambient_temperature is given twice"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Limit("gain", "0", "1", "D", "1"), "gain has the limit 0, which is no positive"),
        (Limit("offset", "-1", "W", "D", "1"), "offset has the limit -1, which is no positive"),
        (Limit("offset", "1e999", "W", "D", "1"), "which is no positive finite number"),
        (Limit("gain", "0.1", "W", "D", "1"), "gain is in W; it must be in 1"),
        (Limit("refresh", "0.1", "W", "D", "1"), "refresh is in W; it must be in s"),
        (Limit("offset", "0.1", "furlong", "D", "1"), "a unit that is not known here"),
    ],
)
def test_limits_that_cannot_be_used_are_faults(said: Limit, sentence: str) -> None:
    (found,) = faults(limited(said))
    assert sentence in found


@pytest.mark.parametrize(("part", "unit"), [("gain", "%"), ("refresh", "ms"), ("offset", "mV")])
def test_limits_in_a_unit_with_prefix_have_no_fault(part: str, unit: str) -> None:
    assert not list(faults(limited(Limit(part, "0.1", unit, "D", "1"))))  # type: ignore[arg-type]


def test_an_instrument_that_nothing_is_read_from_is_a_fault_unless_it_is_ambient() -> None:
    silent = instrument(channels=(), certificate=())
    assert list(faults(equipment(silent))) == [
        "instrument board-sensor gives no channels; only a kind = ambient may"
    ]
    assert not list(faults(equipment(instrument(kind="ambient", channels=(), certificate=()))))
