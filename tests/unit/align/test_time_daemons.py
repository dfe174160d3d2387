"""What daemons print, good and hostile."""

from __future__ import annotations

import pytest

from host.align.time_daemons import UnusableError, chrony_of, timesyncd_of
from host.handover.timekeeping import Kernel
from tests.fakes.timekeeping import SHOW, STATUS, TRACKING, chrony, printed, timesyncd

KERNEL = Kernel(synchronised=True, adjustment_ppm=0.0, maxerror_s=0.002)


def test_chrony_s_report_gives_the_bound_of_the_reference() -> None:
    source, sync = chrony_of(chrony(), "now")
    # 10 us of offset, 500 us of root dispersion, half of 4 ms of root delay.
    assert sync.bound_s == pytest.approx(10e-6 + 500e-6 + 2e-3, rel=1e-12)
    assert (source.name, source.stratum) == ("chronyd, 203.0.113.5", 2)
    assert source.version.startswith("chronyc (chrony) version 4.3")


def test_a_slow_clock_has_a_negative_offset() -> None:
    assert chrony_of(chrony(), "")[1].offset_s == -1e-5


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("10.0.0.1", "lan"),
        ("169.254.169.123", "lan"),
        ("2001:4860::1", "internet"),
        ("127.0.0.1", ""),
        ("ntp.example.org", ""),
        ("GPS", "gnss"),
        ("PHC0", "ptp"),
    ],
)
def test_the_way_of_utc_is_said_where_the_name_tells_it(name: str, path: str) -> None:
    assert chrony_of(chrony(TRACKING.replace("203.0.113.5", name)), "")[0].path == path


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Normal", "Not synchronised", "not synchronised"),
        ("A9FEA97B", "00000000", "not synchronised"),
        ("A9FEA97B", "7F7F0101", "own clock"),
        ("203.0.113.5", "", "names no source"),
        ("203.0.113.5", "\x1b[2J", "control characters"),
        ("203.0.113.5", "x" * 300, "too long"),
        (",0.000500000,", ",nan,", "no number"),
        (",0.000500000,", ",inf,", "no number"),
        (",0.000500000,", ",-0.0005,", "below zero"),
        (",0.004000000,", ",-0.004,", "below zero"),
        (",0.400,", ",-0.400,", "below zero"),
        (",2,", ",16,", "stratum"),
        (",2,", ",-2,", "stratum"),
        (",2,", "," + "9" * 5000 + ",", "stratum"),
        ("\n", ",more\n", "15 fields"),
        (TRACKING, "", "1 fields"),
    ],
)
def test_a_report_that_cannot_be_used_says_why(old: str, new: str, why: str) -> None:
    with pytest.raises(UnusableError, match=why):
        chrony_of(chrony(TRACKING.replace(old, new)), "")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (printed("506 Cannot talk to daemon\n", 1), "506 Cannot talk"),
        (printed("\x1b[31mno\x07\n", 1), "no"),
        (printed("", -9, "hang"), "hang"),
        (None, "not asked"),
        ("text", "not asked"),
    ],
)
def test_a_program_that_failed_is_quoted_without_control_characters(
    answer: object, why: str
) -> None:
    with pytest.raises(UnusableError, match=why) as caught:
        chrony_of({"tracking": answer}, "")
    assert str(caught.value).isprintable()


def test_timesyncd_s_bound_holds_the_way_to_the_server_and_the_age_of_its_answer() -> None:
    source, sync = timesyncd_of(timesyncd(), KERNEL, "now")
    assert sync.root_delay_s == pytest.approx(1.129e-3 + 201.234e-3)
    assert sync.root_dispersion_s == pytest.approx(30.349e-3 + 2e-3)
    assert sync.bound_s == pytest.approx(2.123e-3 + 32.349e-3 + 202.363e-3 / 2)
    assert (sync.freq_ppm, sync.skew_ppm) == (None, None)
    assert (source.provider, source.path, source.stratum) == ("ntp.example.org", "lan", 2)


def test_timesyncd_without_the_kernel_s_word_is_no_source() -> None:
    for kernel in (None, Kernel(synchronised=False, adjustment_ppm=0.0, maxerror_s=16.0)):
        with pytest.raises(UnusableError, match="kernel"):
            timesyncd_of(timesyncd(), kernel, "")


@pytest.mark.parametrize(
    ("show", "status", "why"),
    [
        (SHOW.replace("Leap=0", "Leap=3"), STATUS, "not synchronised"),
        (SHOW.replace("RootDelay=1.129ms", "RootDelay=-1ms"), STATUS, "below zero"),
        (SHOW.replace("RootDelay=1.129ms", "RootDelay=soon"), STATUS, "no time span"),
        (SHOW, STATUS.replace("-2.123ms", "nan"), "no time span"),
        (SHOW, STATUS.replace("-2.123ms", "\x1b[0m"), "no time span"),
        (SHOW, "", "no time span"),
        ("", STATUS, "not synchronised"),
    ],
)
def test_timesyncd_s_words_that_cannot_be_used_say_why(show: str, status: str, why: str) -> None:
    with pytest.raises(UnusableError, match=why):
        timesyncd_of(timesyncd(show, status), KERNEL, "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+7.493693s", 7.493693),
        ("1min 4s", 64.0),
        ("0", 0.0),
        ("-900us", -9e-4),
        ("10month 2w 1d 13h 28min 23.169258s", 27_642_503.169258),
    ],
)
def test_time_spans_of_systemd_are_read(text: str, seconds: float) -> None:
    changed = STATUS.replace("-2.123ms", text)
    assert timesyncd_of(timesyncd(SHOW, changed), KERNEL, "")[1].offset_s == pytest.approx(seconds)
