"""The time block: decimal strings, both languages, and words that are earned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from host.align.time_corrections import Span
from host.align.time_moment import moment_of
from host.align.timekeeping import timekeeping_of
from host.handover.timekeeping import Timekeeping
from host.record.time import NO_UTC, time_of
from host.schema.canonical import quoted
from tests.fakes.records import sample_facts
from tests.fakes.timekeeping import TRACKING, chrony, pair, said
from tests.fakes.traces import example_run

MINUTE = 60 * 10**9
SAME = {"same_clock": True, "exchanges": 200, "host_clock": "monotonic_raw@boot-1"}
RUN = replace(example_run(), clock="monotonic_raw@boot-1")


APART = {**SAME, "same_clock": False}


def block(
    after: dict[str, Any] | None = None,
    exchange: dict[str, Any] | None = None,
    host: Timekeeping | None = None,
) -> dict[str, Any]:
    """The block of one session that followed chronyd; `after` is its last reading."""
    first = moment_of(said())
    last = moment_of(after or said(pair=pair(MINUTE, -20.0)))
    time = timekeeping_of([Span(first, last)])
    clock = SAME if exchange is None else exchange
    facts = replace(sample_facts(), clock=clock, timekeeping=time, host_timekeeping=host)
    return time_of(RUN, facts)


def of_host(**last: Any) -> Timekeeping:  # noqa: ANN401 - JSON of any shape
    """A host that follows another server than the device does; `last`: its last reading."""
    other = {"chrony": chrony(TRACKING.replace("203.0.113.5", "198.51.100.7"))}
    readings = (said(**other), said(**{**other, "pair": pair(MINUTE, -20.0), **last}))
    first, after = (moment_of({**reading, "boot_id": "boot-9"}) for reading in readings)
    return timekeeping_of([Span(first, after)])


def test_a_source_read_before_and_after_is_named_with_its_bound_in_both_languages() -> None:
    found = block()
    assert found["utc_source"]["name"] == "chronyd, 203.0.113.5"
    assert float(found["utc_bound_s"]) == pytest.approx(0.00251)
    assert found["traceability_text"]["en"].startswith(
        "Time stamps refer to UTC via chronyd, 203.0.113.5 with a bound of 0.00251 s"
    )
    assert (
        "durations use monotonic_raw with rate 20 ppm (u = 0.289 ppm)"
        in (found["traceability_text"]["en"])
    )
    assert (
        "时间戳经chronyd, 203.0.113.5参照UTC，误差界为 0.00251 s"
        in (found["traceability_text"]["zh"])
    )


@pytest.mark.parametrize(
    "after",
    [
        said(chrony=chrony(TRACKING.replace("Normal", "Not synchronised"))),
        said(chrony=chrony(TRACKING.replace(",0.000500000,", ",-1,"))),
        said(chrony=chrony("")),
    ],
)
def test_a_source_at_one_end_alone_is_not_traceable_to_utc(after: dict[str, Any]) -> None:
    found = block(after)
    assert found["utc_source"] == "none"
    assert "utc_bound_s" not in found
    assert found["traceability_text"] == {"zh": "未溯源至UTC", "en": "not traceable to UTC"}
    assert found["utc_source_reason"]["en"]


def test_labels_of_another_machine_do_not_inherit_the_device_s_source() -> None:
    found = block(exchange=APART)
    assert found["traceability_text"]["en"] == NO_UTC.en
    assert "host" in found["utc_source_reason"]["en"]
    assert "host" not in found
    assert "labels" not in [clock["use"] for clock in found["clocks"]]


def test_labels_of_another_machine_have_that_machine_s_own_source_and_clock() -> None:
    found = block(exchange=APART, host=of_host())
    assert found["utc_source"]["provider"] == "198.51.100.7"
    assert found["utc_source"]["machine"] == "host"
    text = found["traceability_text"]
    assert text["en"].startswith(
        "Time stamps refer to UTC via the host's chronyd, 198.51.100.7 with a bound of 0.00251 s"
    )
    assert "经主机的chronyd, 198.51.100.7参照UTC" in text["zh"]
    # Durations stay with the device's clock and what its own daemon says of it.
    assert "durations use monotonic_raw with rate 20 ppm (u = 0.289 ppm)" in text["en"]
    labels = [c["device"] for c in found["clocks"] if c["use"] == "labels"]
    assert labels == ["host"]
    assert found["host"]["sync_after"]["bound_s"] == found["utc_bound_s"]
    assert quoted(found) == found


def test_a_step_of_the_host_s_clock_is_the_host_s_and_not_the_device_s() -> None:
    found = block(exchange=APART, host=of_host(pair=pair(MINUTE, -20.0, step_ns=10**9)))
    assert (found["host"]["stepped"], found["host"]["step_ns"]) == (True, str(10**9))
    assert (found["stepped"], found["durations_void"]) == (False, False)


def test_a_host_without_a_source_says_why_and_never_takes_the_device_s() -> None:
    found = block(exchange=APART, host=of_host(chrony=chrony("")))
    assert found["utc_source"] == "none"
    assert found["utc_source_reason"]["en"]
    assert found["host"]["sync_after"] is None


def test_on_one_machine_the_host_is_not_spoken_of_twice() -> None:
    assert block(host=of_host()) == block()


def test_a_rate_that_was_not_compared_is_not_said_to_be() -> None:
    # Nothing takes the daemon's 600 ppm off, and 0.1 s of bound at both ends say less in a minute.
    loose = chrony(TRACKING.replace("0.004000000", "0.200000000").replace("20.000", "600.0"))
    readings = (said(chrony=loose), said(chrony=loose, pair=pair(MINUTE, -20.0)))
    first, last = (moment_of(reading) for reading in readings)
    time = timekeeping_of([Span(first, last)])
    found = time_of(RUN, replace(sample_facts(), clock=SAME, timekeeping=time))
    assert found["rate"]["how"] == "manufacturer"
    assert found["traceability_text"]["en"].startswith("Time stamps refer to UTC")
    assert "not compared to UTC" in found["traceability_text"]["en"]
    assert "未与UTC比对" in found["traceability_text"]["zh"]


def test_numbers_are_decimal_strings() -> None:
    found = block()
    assert quoted(found) == found
    assert found["sync_before"]["skew_ppm"] == "0.4"
    assert found["sync_before"]["time"] == "2026-11-24T03:30:00.000000Z"
    assert found["rate"]["u_ppm"] == str(float(found["rate"]["half_width_ppm"]) / 3**0.5)


def test_a_step_leaves_durations_on_an_undisciplined_clock_valid() -> None:
    found = block(said(pair=pair(MINUTE, -20.0, step_ns=10**9)))
    assert (found["stepped_or_slewed"], found["stepped"]) == (True, True)
    assert found["step_ns"] == str(10**9)
    assert found["durations_void"] is False


def test_a_slew_leaves_durations_on_an_undisciplined_clock_valid() -> None:
    found = block(said(pair=pair(MINUTE, -120.0)))
    assert (found["slewed"], found["durations_void"]) == (True, False)


def test_a_slew_voids_durations_on_a_disciplined_clock() -> None:
    readings = (said(), said(pair=pair(MINUTE, -120.0)))
    first, last = (moment_of({**s, "interval_clock": "boottime"}) for s in readings)
    run = replace(RUN, clock="boottime@boot-1")
    time = timekeeping_of([Span(first, last)])
    found = time_of(run, replace(sample_facts(), clock=SAME, timekeeping=time))
    assert (found["stepped_or_slewed"], found["durations_void"]) == (True, True)


def test_corrections_that_nobody_could_see_are_null_and_say_why() -> None:
    found = block(said(boot_id="boot-2"))
    assert found["stepped_or_slewed"] is None
    assert found["corrections_text"]["en"].startswith("Not known")


def test_an_older_run_has_the_plain_word_and_its_clock() -> None:
    found = time_of(RUN, replace(sample_facts(), timekeeping=None))
    assert (found["utc_source"], found["traceability_text"]["zh"]) == ("none", "未溯源至UTC")
    assert [clock["id"] for clock in found["clocks"]] == ["monotonic_raw"]


def test_the_clock_of_durations_and_that_of_labels_are_marked() -> None:
    uses = {clock["id"]: clock["use"] for clock in block()["clocks"]}
    assert uses == {"monotonic_raw": "durations", "boottime": None, "realtime": "labels"}
