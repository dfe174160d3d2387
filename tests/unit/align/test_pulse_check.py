"""A meter is in time, out of time, or not judged with a reason: never silently good."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from host.align.meters import Metered
from host.align.pulse_check import Known, barred, checked
from host.align.pulses import Pattern
from host.handover.pulses import RESPONSE_NS, WHY, K, PulseCheck
from host.handover.trace import Series
from tests.fakes.pulse_bench import patterns, series

MS = 10**6
S = 10**9
CLOCK = "monotonic_raw@boot"


def known(played: tuple[Pattern, ...], **over: object) -> Known:
    found = Known(played, frozenset({CLOCK}), CLOCK, 100_000, 2.0)
    return replace(found, **over)  # type: ignore[arg-type]


def check(one: Series, by: Known) -> PulseCheck:
    (found,) = checked(Metered((one,)), by)
    return found


@pytest.mark.parametrize("offset_ms", [0, 20, -2])
def test_a_meter_whose_readings_show_the_pulses_in_time_agrees(offset_ms: int) -> None:
    played = patterns()
    found = check(series(played, offset_ms * MS), known(played, offset_bound_ns=3 * MS))
    assert (found.verdict, found.reason, found.patterns) == ("agrees", "", ("before", "after"))
    assert found.lag is not None
    assert abs(found.lag.lag_ns - offset_ms * MS) <= 2 * MS
    assert all(one and abs(one.lag_ns - offset_ms * MS) <= 3 * MS for one in found.each)
    # One reading period and the device's own response are allowed on the late side alone.
    assert found.low_ns == -(round(K * found.lag.u_ns) + 3 * MS)
    assert found.high_ns == -found.low_ns + 100 * MS + RESPONSE_NS


@pytest.mark.parametrize("offset_ms", [400, -400, -20, 200])
def test_a_log_that_is_shifted_is_out_of_time(offset_ms: int) -> None:
    played = patterns()
    found = check(series(played, offset_ms * MS), known(played))
    assert (found.verdict, found.reason) == ("outside", "")


def test_a_log_that_is_shifted_further_than_is_looked_shows_no_pattern() -> None:
    played = patterns()
    found = check(series(played, 3 * S), known(played))
    assert (found.verdict, found.reason) == ("not-judged", "pattern-not-seen")


def test_the_replayed_log_of_another_run_is_not_taken_for_ours() -> None:
    """Its stamps are moved so that it fits, as a forger would; its code is another one."""
    for seed in range(2, 12):
        found = check(series(patterns(seed)), known(patterns()))
        assert (found.verdict, found.reason) == ("not-judged", "pattern-not-seen")


def test_a_meter_at_its_neighbour_is_not_taken_for_ours() -> None:
    played = patterns()
    idle = tuple(replace(one, load=np.zeros_like(one.load)) for one in played)
    found = check(series(idle), known(played))
    assert (found.verdict, found.reason) == ("not-judged", "pattern-not-seen")


def test_a_step_below_that_of_the_plan_is_not_judged() -> None:
    played = patterns()
    found = check(series(played), known(played, least_step_w=3.5))
    assert (found.verdict, found.reason) == ("not-judged", "step-too-small")


def test_a_time_that_is_not_certain_is_none() -> None:
    """On and off in turn fits again two bits later, and again."""
    t_ns = S + np.arange(101, dtype=np.int64) * 200 * MS
    load = (np.arange(100) % 2).astype(np.float64)
    swing = (Pattern("swing", t_ns, load, 200 * MS),)
    found = check(series(swing), known(swing))
    assert found.lag is not None
    assert found.lag.correlation > 0.99
    assert (found.verdict, found.reason) == ("not-judged", "ambiguous")


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"patterns": (), "stamped": frozenset()}, "not-played"),
        ({"stamped": frozenset({"monotonic_raw@another-boot"})}, "other-clock"),
        ({"offset_bound_ns": None}, "not-aligned"),
    ],
)
def test_what_cannot_be_compared_is_not_judged(over: dict[str, object], reason: str) -> None:
    played = patterns()
    found = check(series(played), known(played, **over))
    assert (found.verdict, found.reason, found.lag) == ("not-judged", reason, None)


@pytest.mark.parametrize("count", [0, 2, 25])
def test_readings_that_are_too_few_are_not_judged(count: int) -> None:
    played = patterns()
    whole = series(played)
    few = replace(
        whole, t0_ns=whole.t0_ns[:count], t1_ns=whole.t1_ns[:count], values=whole.values[:count]
    )
    found = check(few, known(played))
    assert (found.verdict, found.reason) == ("not-judged", "few-readings")


def test_a_meter_that_was_lost_before_the_last_pattern_is_not_judged_by_the_first() -> None:
    played = patterns()
    whole = series(played)
    until = whole.t1_ns < played[1].t_ns[0]
    lost = replace(
        whole, t0_ns=whole.t0_ns[until], t1_ns=whole.t1_ns[until], values=whole.values[until]
    )
    found = check(lost, known(played))
    assert (found.verdict, found.reason) == ("not-judged", "few-readings")
    assert check(lost, known(played[:1])).verdict == "agrees"


def test_a_reading_that_is_no_number_leaves_the_meter_not_judged() -> None:
    played = patterns()
    whole = series(played)
    odd = np.where(np.arange(len(whole.values)) == 40, np.nan, whole.values)
    assert check(replace(whole, values=odd), known(played)).reason == "few-readings"


@pytest.mark.parametrize("set_back", [False, True])
def test_a_counter_of_energy_is_judged_by_its_differences(*, set_back: bool) -> None:
    played = patterns()
    whole = series(played)
    energy = np.cumsum(whole.values * 0.1)
    if set_back:
        energy[60:] -= energy[60]
    like = {"quantity": "energy", "kind": "counter", "unit": "J", "averaging_s": None}
    found = check(replace(whole, values=energy, **like), known(played))  # type: ignore[arg-type]
    assert (found.verdict, found.reason) == ("agrees", "")
    assert found.lag is not None
    assert abs(found.lag.lag_ns) < 5 * MS


def test_an_average_over_a_time_that_is_not_stated_is_one_since_the_reading_before() -> None:
    played = patterns()
    whole = series(played, averaging_s=None)
    kept = np.ones(len(whole.values), dtype=bool)
    kept[[35, 36, 50]] = False  # the readings after these stand for one period still
    cut = replace(
        whole, t0_ns=whole.t0_ns[kept], t1_ns=whole.t1_ns[kept], values=whole.values[kept]
    )
    found = check(cut, known(played))
    assert found.verdict == "agrees"
    assert found.lag is not None
    assert abs(found.lag.lag_ns) < 3 * MS


def test_recordings_of_one_channel_are_judged_together() -> None:
    played = patterns()
    whole = series(played)
    half = len(whole.values) // 2
    parts = [
        replace(whole, t0_ns=whole.t0_ns[at], t1_ns=whole.t1_ns[at], values=whole.values[at])
        for at in (slice(None, half), slice(half, None))
    ]
    (found,) = checked(Metered(tuple(parts)), known(played))
    assert found.verdict == "agrees"
    assert found.lag is not None
    assert found.lag.readings == pytest.approx(len(whole.values) - 80, abs=6)


def test_all_channels_of_a_meter_that_is_out_of_time_are_barred_and_no_others() -> None:
    played = patterns()
    late = series(played, 400 * MS)
    volts = replace(late, channel="meter.wall.voltage", quantity="voltage")
    other = replace(series(played), channel="meter.other.power", source="other")
    metered = Metered((late, volts, other))
    checks = checked(metered, known(played))
    assert [(c.channel, c.verdict) for c in checks] == [
        ("meter.other.power", "agrees"),
        ("meter.wall.power", "outside"),
    ]
    marked = barred(metered, checks)
    assert [s.barred.partition(":")[0] for s in marked.series] == [
        "meter-out-of-time",
        "meter-out-of-time",
        "",
    ]
    assert "400 ms late" in marked.series[0].barred


def test_every_reason_is_said_in_both_languages() -> None:
    for words in WHY.values():
        assert words.en.isascii()
        assert not words.zh.isascii()
