from __future__ import annotations

import datetime

import pytest

from host.sign.moments import days_after, moment


def test_a_day_lasts_from_midnight_to_midnight_utc() -> None:
    found = moment("2026-11-24")
    assert found.first.isoformat() == "2026-11-24T00:00:00+00:00"
    assert found.last.isoformat() == "2026-11-24T23:59:59.999999+00:00"


def test_an_instant_is_turned_into_utc() -> None:
    found = moment("2026-11-24T08:30:00.5+08:00")
    assert found.first == found.last
    assert found.first == datetime.datetime(2026, 11, 24, 0, 30, 0, 500_000, datetime.UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-13-01", "2026-02-30", "20261124", "2026-11-24T08:30:00",
     "2026-11-24 08:30:00Z",
     "2026-11-24T08:30Z", "2026-11-24T25:00:00Z", "2026-11-24\n", "٢٠٢٦-11-24", "2026-W10-1"],
)  # fmt: skip
def test_what_is_no_date_or_leaves_its_zone_open_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each form of wrong has its own words
        moment(text)


def test_a_key_of_a_year_ends_on_the_same_day_but_for_leap_years() -> None:
    assert days_after("2026-11-24T03:30:00Z", 365) == "2027-11-24"
    assert days_after("2027-11-24T03:30:00Z", 365) == "2028-11-23"


def test_a_time_without_parts_of_a_second_may_be_any_of_them() -> None:
    found = moment("2026-11-24T08:30:00Z")
    assert (found.last - found.first).total_seconds() == pytest.approx(1, abs=1e-5)
    assert found.last < moment("2026-11-24T08:30:01Z").first
