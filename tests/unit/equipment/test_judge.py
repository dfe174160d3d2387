from __future__ import annotations

import datetime

import pytest

from host.equipment import words
from host.equipment.judge import Days, days_of, latest, out_of_date, tier_of, too_warm, years_since
from host.handover.equipment import Surrounding
from tests.fakes.instruments import certificate, equipment

FIRST, LAST = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        (FIRST, FIRST, True),
        (LAST, LAST, True),
        (FIRST, LAST, True),
        (FIRST - DAY, FIRST, False),
        (LAST, LAST + DAY, False),
        (None, None, False),
    ],
    ids=str,
)
def test_a_certificate_holds_from_its_calibration_to_its_due_date_both_inside(
    start: datetime.date | None, end: datetime.date | None, *, holds: bool
) -> None:
    assert (out_of_date(certificate(), Days(start, end)) is None) is holds


def test_a_certificate_without_a_due_date_does_not_hold() -> None:
    assert out_of_date(certificate(due=None), Days(FIRST, FIRST)) == words.NO_DUE


def test_the_days_of_a_run_are_those_of_its_labels() -> None:
    said = {"start": "2026-01-01T23:59:59Z", "end": "2026-01-02T00:00:01Z"}
    assert days_of(said) == Days(FIRST, FIRST + DAY)


def test_a_run_without_labels_has_no_days() -> None:
    assert days_of({"start": "", "end": "soon"}) == Days(None, None)


def test_of_several_certificates_the_newest_valid_one_counts() -> None:
    old = certificate(number="old", due=datetime.date(2027, 12, 31))
    new = certificate(number="new", calibrated=datetime.date(2026, 6, 1))
    future = certificate(number="future", calibrated=datetime.date(2026, 9, 1))
    run = Days(datetime.date(2026, 7, 1), datetime.date(2026, 7, 1))
    assert latest((future, new, old), run) is new
    assert latest((future, old), run) is old
    assert latest((), run) is None


def test_a_year_has_365_and_a_quarter_days() -> None:
    days = Days(FIRST, datetime.date(2030, 1, 1))
    assert years_since(certificate(), days) == 4.0


@pytest.mark.parametrize(
    ("said", "good", "earned"),
    [
        ("A-", True, "A"),
        ("A-", False, "A-"),
        ("A", True, "A"),
        ("A", False, "A-"),
        ("B", True, "B"),
        ("B", False, "B"),
        ("C", True, "C"),
        ("C", False, "C"),
        ("", True, ""),
    ],
)
def test_only_a_meter_is_lifted_and_only_by_a_certificate_that_holds(
    said: str, earned: str, *, good: bool
) -> None:
    assert tier_of(said, good=good) == earned


@pytest.mark.parametrize(
    ("value", "unit", "fits"),
    [
        ("18", "Cel", True),
        ("28", "Cel", True),
        ("17.9", "Cel", False),
        ("28.1", "Cel", False),
        ("296.15", "K", True),
        ("310", "K", False),
    ],
)
def test_the_surroundings_must_be_those_of_the_calibration(
    value: str, unit: str, *, fits: bool
) -> None:
    around = equipment(environment=(Surrounding(words.AMBIENT, value, unit),))
    assert (too_warm(certificate(temperature=("18", "28")), around) is None) is fits


def test_surroundings_that_nobody_wrote_down_say_nothing() -> None:
    assert too_warm(certificate(temperature=("18", "28")), equipment()) is None
