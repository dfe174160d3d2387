"""Bound, rate and corrections of the clocks, with numbers worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from host.align.time_corrections import Span
from host.align.time_folder import host_timekeeping_in, timekeeping_in
from host.align.time_moment import moment_of, wall_of
from host.align.timekeeping import UNCOMPARED_PPM, clock_facts, timekeeping_of
from host.errors import FolderError
from host.handover.timekeeping import Timekeeping
from tests.fakes.timekeeping import (
    SHOW,
    START_NS,
    TRACKING,
    chrony,
    kernel,
    pair,
    said,
    timesyncd,
)

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


def judged(after: dict[str, Any] | None = None, **before: Any) -> Timekeeping:  # noqa: ANN401
    """One session: `before` changes the reading before it, `after` is the one after it."""
    first = moment_of(said(**before))
    last = moment_of(said(pair=pair(MINUTE, -20.0)) if after is None else after)
    return timekeeping_of([Span(first, last)])


def test_the_bound_is_the_larger_one_of_before_and_after() -> None:
    worse = chrony(TRACKING.replace("0.000500000", "0.000900000"))
    time = judged(said(pair=pair(MINUTE, -20.0), chrony=worse))
    assert time.utc_bound_s == pytest.approx(10e-6 + 900e-6 + 2e-3)


def test_a_clock_that_runs_fast_without_correction_has_a_positive_rate_on_raw() -> None:
    # chrony: 20 ppm fast, skew 0.4, residual 0.1; the kernel takes 20 ppm off: nothing unsteered.
    rate = judged().rate
    assert rate.how == "compared_to_utc"
    assert rate.ppm == pytest.approx(20.0)
    assert rate.half_width_ppm == pytest.approx(0.5)


def test_the_pair_of_clocks_has_the_same_sign_as_the_daemon_s_frequency() -> None:
    # timesyncd states no frequency; REALTIME follows UTC, slower than RAW by 20 ppm, for a day.
    changes = {"chrony": {}, "timesyncd": timesyncd(), "kernel": kernel(-20.0)}
    time = judged(said(pair=pair(24 * HOUR, -20.0), **changes), **changes)
    assert time.source is not None
    assert time.source.daemon == "systemd-timesyncd"
    assert time.rate.how == "compared_to_utc"
    assert time.rate.ppm == pytest.approx(20.0, abs=1e-3)
    # |offset| 2.123 ms + dispersion 32.349 ms + half the delay 101.1815 ms, twice, in 86400 s.
    assert time.rate.half_width_ppm == pytest.approx(2 * 0.1356535 / 86400 * 1e6, rel=1e-3)


def test_a_leap_second_within_the_run_is_no_rate_of_the_clock() -> None:
    # A second is inserted: REALTIME shows one less than went by, 12 ppm of a day.
    announced = timesyncd(SHOW.replace("Leap=0", "Leap=1"))
    before = {"chrony": {}, "timesyncd": announced, "kernel": kernel(-20.0)}
    after = {"chrony": {}, "timesyncd": timesyncd(), "kernel": kernel(-20.0)}
    time = judged(said(pair=pair(24 * HOUR, -20.0, -(10**9)), **after), **before)
    assert (time.rate.how, time.rate.ppm) == ("manufacturer", 0.0)
    assert time.corrections.stepped is True
    assert time.source is not None


def test_a_run_too_short_for_the_bounds_keeps_the_maker_s_figure() -> None:
    # The same bounds in a minute are 4522 ppm: that says less than 500 ppm.
    changes = {"chrony": {}, "timesyncd": timesyncd()}
    time = judged(said(pair=pair(MINUTE, -20.0), **changes), **changes)
    assert (time.rate.how, time.rate.ppm) == ("manufacturer", 0.0)
    assert time.rate.half_width_ppm == UNCOMPARED_PPM
    assert time.source is not None


def test_what_the_kernel_does_not_correct_is_not_known() -> None:
    # chronyd only watches (-x): it says 20 ppm, the kernel corrects by nothing.
    time = judged(said(pair=pair(MINUTE), kernel=kernel(0.0)), kernel=kernel(0.0))
    assert time.rate.half_width_ppm == pytest.approx(20.5)


def test_two_frequencies_of_one_run_widen_the_range() -> None:
    later = chrony(TRACKING.replace("20.000", "23.000"))
    time = judged(said(pair=pair(MINUTE, -21.5), chrony=later, kernel=kernel(-23.0)))
    assert time.rate.ppm == pytest.approx(21.5)
    assert time.rate.half_width_ppm == pytest.approx(2.0)


def test_a_daemon_that_the_clocks_contradict_is_not_believed() -> None:
    # In 24 h REALTIME moved against RAW by 80 ppm more than the daemon's 20 ppm explain.
    time = judged(said(pair=pair(24 * HOUR, -100.0)))
    assert time.rate.how == "manufacturer"
    assert "disagree" in time.rate.source.en


def test_a_corrected_clock_has_only_the_unknown_left() -> None:
    after = said(pair=pair(MINUTE, -20.0), interval_clock="boottime")
    rate = judged(after, interval_clock="boottime").rate
    assert rate.ppm == pytest.approx(0.0)
    assert rate.half_width_ppm == pytest.approx(0.5)


def test_a_wall_clock_that_jumped_was_stepped() -> None:
    time = judged(said(pair=pair(MINUTE, -20.0, step_ns=-5_000_000)))
    found = time.corrections
    assert (found.stepped, found.slewed, found.suspended) == (True, False, False)
    assert found.step_ns == -5_000_000


@pytest.mark.parametrize(("step_ns", "stepped"), [(400, False), (401, True)])
def test_a_jump_within_the_brackets_of_both_readings_is_none(
    *, step_ns: int, stepped: bool
) -> None:
    assert judged(said(pair=pair(MINUTE, 0.0, step_ns))).corrections.stepped is stepped


@pytest.mark.parametrize(("ppm", "slewed"), [(-20.0, False), (-29.0, False), (-31.0, True)])
def test_a_rate_beyond_what_the_kernel_s_correction_explains_is_a_slew(
    *, ppm: float, slewed: bool
) -> None:
    assert judged(said(pair=pair(MINUTE, ppm))).corrections.slewed is slewed


def test_a_correction_that_changed_by_more_than_the_limit_is_a_slew() -> None:
    time = judged(said(pair=pair(MINUTE, -26.0), kernel=kernel(-32.0)))
    assert time.corrections.slewed is True


def test_the_kernel_s_correction_counts_as_the_mean_of_both_ends() -> None:
    # 9 ppm more at the end: 4.5 ppm more in the mean, so 15 ppm more are 10.5 too many.
    for ppm, slewed in ((-34.0, False), (-35.0, True)):
        time = judged(said(pair=pair(MINUTE, ppm), kernel=kernel(-29.0)))
        assert time.corrections.slewed is slewed


def test_a_changed_length_of_the_tick_is_a_correction_too() -> None:
    # 10 001 us for 10 000 us is 100 ppm; with 120 ppm off, 20 ppm are taken off.
    said_so = {**kernel(-120.0), "tick_us": 10_001}
    found = moment_of(said(kernel=said_so)).kernel
    assert found is not None
    assert found.adjustment_ppm == pytest.approx(-20.0)


def test_a_run_with_suspend_is_not_compared_by_its_clocks() -> None:
    # RAW stood still for an hour of 24: that is no rate.
    changes = {"chrony": {}, "timesyncd": timesyncd()}
    last = said(pair=pair(24 * HOUR, -20.0, suspended_ns=HOUR), **changes)
    assert judged(last, **changes).rate.how == "manufacturer"


def test_without_the_kernel_s_word_only_more_than_it_can_correct_is_a_slew() -> None:
    for ppm, slewed in ((-100.0, None), (-501.0, True)):
        time = judged(said(pair=pair(MINUTE, ppm), kernel=None), kernel=None)
        assert time.corrections.slewed is slewed


def test_suspend_is_seen_and_is_no_step() -> None:
    found = judged(said(pair=pair(MINUTE, -20.0, suspended_ns=10**9))).corrections
    assert (found.stepped, found.suspended) == (False, True)


def test_after_a_reboot_corrections_are_not_known() -> None:
    found = judged(said(pair=pair(MINUTE), boot_id="boot-2")).corrections
    assert (found.stepped, found.slewed, found.suspended) == (None, None, None)
    assert found.reason.en.startswith("Not known")


def test_a_session_that_was_cut_off_earns_no_source() -> None:
    first, last = moment_of(said()), moment_of(said(pair=pair(MINUTE, -20.0)))
    time = timekeeping_of([Span(first, None), Span(first, last)])
    assert (time.source, time.utc_bound_s, time.sessions) == (None, None, 2)
    assert time.rate.how == "manufacturer"
    assert "before and after" in time.absent.en


def test_a_source_that_was_lost_in_the_run_is_none_and_says_why() -> None:
    time = judged(
        said(pair=pair(MINUTE), chrony=chrony(TRACKING.replace("Normal", "Not synchronised")))
    )
    assert (time.source, time.utc_bound_s) == (None, None)
    assert "chronyd is not synchronised" in time.absent.en


def test_two_servers_of_one_daemon_are_both_named() -> None:
    other = chrony(TRACKING.replace("203.0.113.5", "203.0.113.9").replace(",2,", ",3,"))
    source = judged(said(pair=pair(MINUTE, -20.0), chrony=other)).source
    assert source is not None
    assert source.provider == "203.0.113.5, 203.0.113.9"
    assert source.stratum == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"pair": None},
        {"pair": {"raw0_ns": "-1"}},
        {"pair": {**pair(0), "realtime_ns": "9" * 19}},
        {"pair": {**pair(0), "raw1_ns": "0"}},
        {"kernel": {"frequency_ppm": "x"}},
        {"kernel": {"frequency_ppm": 10**400, "tick_us": 1, "maxerror_us": 1}},
        {"kernel": kernel(maxerror_us=-1)},
        {"clocks": "none"},
        {"clocks": [{"api": []}, {"api": "CLOCK_X"}, 3]},
        {"chrony": []},
    ],
)
def test_a_hostile_answer_leaves_things_out_and_breaks_nothing(changes: dict[str, Any]) -> None:
    time = judged(said(**changes), **changes)
    assert time.rate.half_width_ppm <= UNCOMPARED_PPM
    assert time.first is not None


def test_budgets_get_the_clock_as_the_device_said_it() -> None:
    facts = clock_facts(judged(), "monotonic_raw", 7)
    assert (facts.resolution_ns, facts.read_cost_ns) == (1, 40)
    assert facts.rate_how == "compared_to_utc"
    assert facts.rate_half_width_ppm == pytest.approx(0.5)


def test_a_folder_from_before_has_no_source_and_the_maker_s_rate(tmp_path: Path) -> None:
    time = timekeeping_in(tmp_path)
    assert (time.source, time.first, time.sessions) == (None, None, 0)
    facts = clock_facts(time, "monotonic_raw", 7)
    assert (facts.resolution_ns, facts.read_cost_ns, facts.rate_how) == (7, None, "manufacturer")


def test_sessions_of_a_folder_are_read_in_their_order(tmp_path: Path) -> None:
    for number in range(1, 12):
        suffix = "" if number == 1 else f"-{number}"
        for name in ("time-before", "time-after"):
            answer = said(boot_id=f"boot-{number}")
            (tmp_path / f"{name}{suffix}.json").write_text(json.dumps(answer))
    time = timekeeping_in(tmp_path)
    assert time.sessions == 11
    assert time.last is not None
    assert time.last.boot_id == "boot-11"


def test_the_host_s_readings_are_apart_from_the_device_s_and_may_be_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / "time-before.json").write_text(json.dumps(said()))
    assert host_timekeeping_in(tmp_path) is None
    for name, at in (("before", pair(0)), ("after", pair(MINUTE, -20.0))):
        reading = said(pair=at, boot_id="boot-9")
        (tmp_path / f"host-time-{name}.json").write_text(json.dumps(reading))
    device, host = timekeeping_in(tmp_path), host_timekeeping_in(tmp_path)
    assert (device.sessions, device.source) == (1, None)  # its second reading is missing
    assert host is not None
    assert host.source is not None
    assert (host.sessions, host.first and host.first.boot_id) == (1, "boot-9")


def test_a_file_that_is_no_object_is_named(tmp_path: Path) -> None:
    (tmp_path / "time-before.json").write_text("[1]")
    with pytest.raises(FolderError, match=r"time-before\.json"):
        timekeeping_in(tmp_path)


def test_wall_clock_stamps_are_rfc_3339() -> None:
    assert wall_of(START_NS) == "2026-11-24T03:30:00.000000Z"
