"""A page says of each meter whether it is in time, with lag, U and bound, in both languages."""

from __future__ import annotations

import pytest

from host.handover.pulses import WHY, Lag, PulseCheck
from host.record.pulses import pulses_of
from host.report.html_pulses import pulses
from tests.unit.report.page_reader import PageReader

LAG = Lag(3_182_965, 984_501.0, 0.9976, 9.99, 72, 1.0)
IN_TIME = PulseCheck(
    "wall",
    "meter.wall.power",
    "agrees",
    "",
    ("before", "after"),
    LAG,
    (LAG, LAG),
    -10_901_144,
    167_817_989,
)


def words_of(check: PulseCheck) -> str:
    reader = PageReader()
    reader.feed(pulses(pulses_of([check])[0]))
    return " ".join(reader.words.split())


def test_a_meter_in_time_shows_lag_u_bound_correlation_and_step() -> None:
    said = words_of(IN_TIME)
    for part in (
        "时间一致",
        "in time",
        "lag 3.18 ms",
        "U (k = 2) 1.97 ms",
        "allowed from -10.9 ms",
        "to 168 ms",
        "correlation 0.998",
        "step of power 9.99 W",
        "after 3.18 ms",
    ):
        assert part in said, said


@pytest.mark.parametrize("reason", WHY)
def test_a_meter_that_was_not_judged_says_why_in_both_languages(reason: str) -> None:
    said = words_of(PulseCheck("wall", "meter.wall.power", "not-judged", reason, ()))
    for part in ("未判定", "not judged", WHY[reason].zh, WHY[reason].en):
        assert part in said
    assert "lag" not in said.replace(WHY[reason].en, "")


def test_what_is_no_number_stays_as_it_is_written() -> None:
    entry = {**pulses_of([IN_TIME])[0], "lag_ns": "<b>soon</b>", "verdict": "perhaps"}
    reader = PageReader()
    reader.feed(pulses(entry))
    assert "<b>soon</b>" in reader.words
    assert "perhaps" in reader.words
    assert "b" not in reader.elements
