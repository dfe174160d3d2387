"""SPEC PTDaemon: ranging and testing against a double, and the double against a second client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.clocks import device_clock
from collectors.meters.hookup import Given, Hookup
from collectors.meters.line_tcp import TcpLine
from collectors.meters.protocol import MeterError
from collectors.meters.ptdaemon import PtDaemon, PtdPlan
from collectors.meters.ptdaemon_log import Limits, LogSample, sample
from collectors.meters.replies import Missing
from collectors.meters.table import opener
from collectors.meters.transcript import Unkept
from collectors.reading import Gap, Reading
from tests.fakes.meters.ptdaemon import Ptd, fields, is_log_line
from tests.fakes.meters.ptdaemon_client import Client, highest
from tests.fakes.meters.serving import on_tcp

CLOCK = device_clock()
RANGING = PtdPlan("run1", 0.0, None)
TESTING = PtdPlan("run1", 0.0, Limits(231.0, 0.66))
OWN_MS = 1742565902250  # 2025-03-21 14:05:02.250 as if UTC: the double's first second


def nothing(_: float) -> None: ...


@contextmanager
def daemon(
    double: Ptd, plan: PtdPlan, wait: Callable[[float], None] = nothing
) -> Iterator[PtDaemon]:
    with on_tcp(double) as port:
        line = TcpLine.open("127.0.0.1", port, timeout_s=5)
        try:
            yield PtDaemon.open(line, CLOCK, plan, "meter.ptd", wait)
        finally:
            line.close()


def by_word(found: tuple[Reading | Gap, ...]) -> dict[str, float | str]:
    """Value or reason, by the last word of the channel."""
    return {
        each.channel.rpartition(".")[2]: each.value if isinstance(each, Reading) else each.reason
        for each in found
    }


def test_a_second_client_finds_the_double_to_be_what_mlperf_talks_to() -> None:
    double = Ptd()
    with on_tcp(double) as port:
        client = Client(port)
        assert client.command("Hello") == "Hello, PTDaemon here!"
        assert "version=1.11.1-" in client.command("Identify")
        assert client.command("RR") == "Ranges,1,-1.0000,0,300.0000"
        assert client.command("SR,V,Auto") == "Range V changed"
        assert client.command("SR,A,0.7150") == "Range A changed"
        assert client.command("RR") == "Ranges,0,0.7150,1,-1.0000"
        assert client.command("Stop") == "Error: no measurement to stop"
        assert client.command("Go,1000,0,x_ranging") == (
            "Starting untimed measurement, maximum 500000 samples at 1000ms with 0 rampup samples"
        )
        double.second(fields(90.0, 229.5, 0.45))
        double.second(fields(120.0, 230.5, 0.65))
        assert client.command("Stop") == "Stopping untimed measurement"
        double.second(fields(999.0))
        samples = client.samples()
        client.close()
    assert [line for line in double.log if not is_log_line(line)] == []
    assert [s["Watts"] for s in samples] == ["90.000000", "120.000000"]
    assert {s["Mark"] for s in samples} == {"x_ranging"}
    assert (str(highest(samples, "Volts")), str(highest(samples, "Amps"))) == (
        "230.500000",
        "0.650000",
    )


def test_a_ranging_run_finds_the_limits_that_a_testing_run_fixes() -> None:
    double = Ptd()
    with daemon(double, RANGING) as ptd:
        assert ptd.identity.model == "YokogawaWT310"
        assert ptd.identity.firmware == "PTDaemon 1.11.1-0b8c5f3e-20240910"
        ptd.begin()
        assert double.ranges == {"A": None, "V": None}
        double.second(fields(90.0, 229.5, 0.4))
        double.second(fields(120.0, 231.0, 0.6))
        ptd.end()
        assert double.ranges == {"A": None, "V": 300.0}  # as they were before
        limits = ptd.limits()
        assert [by_word(ptd.read(timeout_s=5))["power"] for _ in range(2)] == [90.0, 120.0]
        assert ptd.read(timeout_s=5) == ()
    assert limits == Limits(231.0, 1.1 * 0.6)

    double.steps_up_to = {"A": 1.0}  # the analyzer takes the next range that it has
    with daemon(double, PtdPlan("run1", 10.0, limits)) as ptd:
        found = {s.name: (s.wanted, s.found) for s in ptd.begin()}
        assert found["range A, fixed"] == ("0.66", "fixed, 1")
        assert double.ranges == {"A": 1.0, "V": 231.0}
        assert double.mark == "run1_testing"


def test_readings_have_the_stamps_of_the_question_and_the_daemons_own_time_beside_them() -> None:
    double = Ptd()
    double.mark = "another_testing"
    double.second(fields(1.0), seconds=-1)  # of another run: not ours
    double.second(fields(2.0))
    with daemon(double, TESTING) as ptd:
        ptd.begin()
        before_ns = CLOCK.now_ns()
        double.second(fields(115.0))
        found = ptd.read(timeout_s=5)
        channels = ptd.describe()
    assert [each.channel for each in found] == [channel.name for channel in channels]
    assert by_word(found) == {
        "power": 115.0,
        "voltage": 230.0,
        "current": 0.5,
        "power_factor": 1.0,
        "uncertainty": 0.42,
        "own_time": OWN_MS,
    }
    assert all(isinstance(r, Reading) and before_ns < r.t0_ns < r.t1_ns for r in found)
    assert channels[0].tier == "A-"


def test_reading_waits_for_the_next_second_and_gives_none_twice() -> None:
    double, waits = Ptd(), 0

    def wait(_: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 4:  # the first one settles the range, three polls find nothing new
            double.second(fields(100.0))

    with daemon(double, TESTING, wait) as ptd:
        ptd.begin()
        assert by_word(ptd.read(timeout_s=60))["power"] == 100.0
        assert ptd.read(timeout_s=0) == ()
    assert waits == 4


def test_power_that_is_too_uncertain_is_a_gap_in_a_testing_run_only() -> None:
    double = Ptd()
    double.uncertainty = "1.350000"
    powers = []
    for plan in (TESTING, RANGING):
        with daemon(double, plan) as ptd:
            ptd.begin()
            double.second(fields(2.0))
            found = by_word(ptd.read(timeout_s=5))
            powers.append(found["power"])
            assert (found["voltage"], found["uncertainty"]) == (230.0, 1.35)
    assert powers == ["uncertainty: 1.35 % is over 1 %", 2.0]


def test_an_uncertainty_that_is_not_known_is_not_taken_for_a_small_one() -> None:
    double = Ptd()
    double.uncertainty = "-1.000000"
    with daemon(double, TESTING) as ptd:
        ptd.begin()
        double.second(fields(2.0))
        found = by_word(ptd.read(timeout_s=5))
    assert str(found["power"]).startswith("uncertainty: not known")
    assert found["uncertainty"] == "no-data: -1"


def test_left_out_seconds_and_a_clock_that_goes_back_are_gaps() -> None:
    double = Ptd()
    with daemon(double, TESTING) as ptd:
        ptd.begin()
        for watts, seconds in ((1.0, 1.0), (2.0, 3.0), (3.0, -1.5), (4.0, 1.0)):
            double.second(fields(watts), seconds=seconds)
        powers = [by_word(ptd.read(timeout_s=5))["power"] for _ in range(5)]
    assert powers == [
        1.0,
        "missed-sample: 2 of them",
        2.0,
        "time-backwards: of the daemon's clock",
        4.0,
    ]


def test_a_clock_that_goes_back_onto_stamps_that_were_there_is_a_gap_once() -> None:
    double = Ptd()
    with daemon(double, TESTING) as ptd:
        ptd.begin()
        for watts in (1.0, 2.0):
            double.second(fields(watts))
        found = [by_word(ptd.read(timeout_s=5))["power"] for _ in range(2)]
        double.second(fields(3.0), seconds=-1.0)
        found.append(by_word(ptd.read(timeout_s=5))["power"])
        assert ptd.read(timeout_s=0.01) == ()
        double.second(fields(4.0), seconds=2.0)
        found.append(by_word(ptd.read(timeout_s=5))["power"])
    assert found == [1.0, 2.0, "time-backwards: of the daemon's clock", 4.0]


def test_what_the_analyzer_does_not_have_is_a_gap() -> None:
    double = Ptd()
    with daemon(double, TESTING) as ptd:
        ptd.begin()
        double.second("Watts,-1.000000,Volts,NAN,Amps,x")
        found = by_word(ptd.read(timeout_s=5))
    assert found["power"] == "no-data: '-1.000000'"
    assert str(found["voltage"]).startswith("no-data")
    assert str(found["current"]).startswith("not-a-number")
    assert found["power_factor"] == "no-such-field: PF"


@pytest.mark.parametrize("wording", ["RL", "DC-RL"])
def test_older_daemons_are_asked_in_their_own_wording(wording: str) -> None:
    double = Ptd(knows=wording)
    with daemon(double, TESTING) as ptd:
        ptd.begin()
        double.second(fields(7.0))
        assert by_word(ptd.read(timeout_s=5))["power"] == 7.0


def test_an_analyzer_that_does_not_take_the_range_is_refused() -> None:
    double = Ptd()
    double.steps_up_to = {"A": 0.5}
    with (
        daemon(double, TESTING) as ptd,
        pytest.raises(MeterError, match=r"range A reads fixed 0\.5, not fixed"),
    ):
        ptd.begin()
    assert double.mark is None


def test_a_server_that_is_no_daemon_and_a_mark_that_is_none_are_refused() -> None:
    double = Ptd()
    double.hello = "220 mail.example ESMTP"
    with pytest.raises(MeterError, match="is no PTDaemon: '220"), daemon(double, RANGING):
        pass
    with (
        pytest.raises(MeterError, match="is no mark"),
        daemon(Ptd(), PtdPlan("a,b\r\nStop", 0.0, None)),
    ):
        pass


def test_a_ranging_run_without_any_current_finds_no_limits() -> None:
    double = Ptd()
    with daemon(double, RANGING) as ptd:
        ptd.begin()
        double.second("Watts,0.000000,Volts,230.000000,Amps,0.000000,PF,-1.000000")
        ptd.end()
        with pytest.raises(MeterError, match="no voltage or no current"):
            ptd.limits()


def test_a_daemon_opens_by_its_address() -> None:
    with on_tcp(Ptd()) as port:
        settings: dict[str, Given] = {"mark": "a", "settle_s": 0.001, "volts": 230, "amps": 1}
        address = f"tcp:127.0.0.1:{port}"
        found = opener("ptdaemon")(Hookup("meter.ptd", address, settings, CLOCK, Unkept()))
        found.begin()
        assert len(found.end()) == 2
        found.close()


def test_log_lines_of_several_channels_name_their_values_by_channel() -> None:
    line = (
        "Time,03-21-2025 14:05:02.250,Watts,3.0,Volts,230.0,Amps,0.1,PF,0.9,"
        "Ch1,Watts,1.0,Ch2,Watts,2.0,Mark,x_testing\r\n"
    )
    found = sample(line)
    assert isinstance(found, LogSample)
    assert (found.own_ms, found.mark) == (OWN_MS, "x_testing")
    assert [found.values[name] for name in ("Watts", "Ch1.Watts", "Ch2.Watts")] == [3.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Time,03-21-2025 14:05:02.250,Watts,3.0,Mark",  # torn
        "Time,03-21-2025 14:05:02.250,Watts,3.0",
        "Time,02-30-2025 14:05:02.250,Watts,3.0,Mark,x",
        "Time,2025-03-21T14:05:02.250,Watts,3.0,Mark,x",
        "Notification,something,Watts,3.0,Mark,x",
    ],
)
def test_a_line_that_is_no_sample_says_why(line: str) -> None:
    assert isinstance(sample(line), Missing)


@given(st.lists(st.sampled_from(["Time", "Mark", "Ch1", "Watts", "", "é", "1"]), max_size=12))
def test_no_line_breaks_the_parser(words: list[str]) -> None:
    found = sample("Time,03-21-2025 14:05:02.250," + ",".join(words))
    assert isinstance(found, LogSample | Missing)
