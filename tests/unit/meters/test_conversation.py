"""Question and answer over real lines, with instruments that misbehave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.clocks import device_clock
from collectors.meters.conversation import Conversation, Manner, NoAnswerError, Restorer
from collectors.meters.line_serial import SerialLine
from collectors.meters.line_tcp import TcpLine
from collectors.meters.protocol import Line, MeterError, Setting, Transcript
from collectors.meters.replies import Missing, identity, number, same
from collectors.meters.transcript import FileTranscript, Unkept
from tests.fakes.meters.scpi_bench import DP832, ScpiBench
from tests.fakes.meters.serving import on_pty, on_tcp

CLOCK = device_clock()
QUICK = Manner(timeout_s=0.2, most_bytes=200)


def over(line: Line, transcript: Transcript | None = None) -> Conversation:
    return Conversation(line, CLOCK, transcript or Unkept(), QUICK)


@contextmanager
def talking_to(bench: ScpiBench) -> Iterator[Conversation]:
    with on_tcp(bench) as port:
        line = TcpLine.open("127.0.0.1", port, timeout_s=5)
        try:
            yield over(line)
        finally:
            line.close()


def test_serial_and_tcp_lines_carry_the_same_conversation() -> None:
    bench = ScpiBench(settings={"VOLT": "5"})
    with talking_to(bench) as talk:
        over_tcp = (talk.ask("*IDN?").text, talk.set("voltage", "VOLT", "12.5"))
    with on_pty(bench) as path:
        line = SerialLine.open(path, baud=9600)
        talk = over(line)
        over_serial = (talk.ask("*IDN?").text, talk.set("voltage", "VOLT", "12.5"))
        line.close()
    assert over_tcp == over_serial
    assert over_tcp == (DP832, Setting("voltage", "12.5", "+1.25000000E+01"))


def test_an_answer_has_a_stamp_before_its_question_and_one_after_it() -> None:
    with talking_to(ScpiBench()) as talk:
        before = CLOCK.now_ns()
        answer = talk.ask("*IDN?")
        assert before <= answer.t0_ns < answer.t1_ns <= CLOCK.now_ns()


def test_the_late_answer_of_a_silent_instrument_is_not_that_of_the_next_question() -> None:
    bench = ScpiBench()
    bench.faults["MEAS:VOLT? CH1"] = [b""]
    bench.faults["*IDN?"] = [b"12.003\n" + DP832.encode() + b"\n"]  # the late one, then its own
    with talking_to(bench) as talk:
        with pytest.raises(NoAnswerError, match="no answer to MEAS:VOLT"):
            talk.ask("MEAS:VOLT? CH1", timeout_s=0.05)
        talk.resync("*IDN?", DP832)
        assert talk.ask("MEAS:CURR? CH1").text == "1.2500"


def test_an_instrument_that_does_not_find_back_into_step_is_refused() -> None:
    bench = ScpiBench()
    bench.faults["*IDN?"] = [b"1\n2\n3\n4\n5\n"]
    with talking_to(bench) as talk, pytest.raises(MeterError, match="no longer answers"):
        talk.resync("*IDN?", DP832)


def test_an_answer_that_is_held_back_can_be_waited_for_again() -> None:
    bench = ScpiBench()
    bench.faults["MEAS:VOLT? CH1"] = [b"12."]
    bench.faults["MORE"] = [b"5\r\n"]
    with talking_to(bench) as talk:
        talk.put("MEAS:VOLT? CH1")
        assert talk.answer(timeout_s=0.05) is None
        with pytest.raises(MeterError, match="before the answer to another"):
            talk.put("*IDN?")
        talk.say("MORE")
        answer = talk.answer(timeout_s=5)
        assert answer is not None
        assert answer.text == "12.5"


def test_what_is_said_unasked_is_refused() -> None:
    bench = ScpiBench()
    bench.faults["*IDN?"] = [DP832.encode() + b"\nhello\n"]
    with talking_to(bench) as talk:
        talk.ask("*IDN?")
        with pytest.raises(MeterError, match="unasked: 'hello"):
            talk.ask("MEAS:VOLT? CH1")


@pytest.mark.parametrize("flood", [b"x" * 201 + b"\n", b"x" * 5000])
def test_a_babbling_instrument_is_cut_off(flood: bytes) -> None:
    bench = ScpiBench()
    bench.faults["*IDN?"] = [flood]
    with talking_to(bench) as talk, pytest.raises(MeterError, match="longer than 200 bytes"):
        talk.ask("*IDN?")


def test_a_line_that_never_falls_silent_is_refused_when_it_is_cleared() -> None:
    bench = ScpiBench()
    bench.faults["GO"] = [b"\xff" * 70_000]
    with talking_to(bench) as talk:
        talk.say("GO")
        with pytest.raises(MeterError, match="does not stop talking"):
            talk.clear()


def test_a_refused_command_says_what_the_error_queue_says() -> None:
    with (
        talking_to(ScpiBench()) as talk,
        pytest.raises(MeterError, match=r'refused NONSENSE 1: .*-113,"Undefined header"'),
    ):
        talk.do("NONSENSE 1")


def test_an_error_queue_that_never_empties_is_refused() -> None:
    bench = ScpiBench()
    bench.errors = ['-350,"Queue overflow"'] * 100
    with talking_to(bench) as talk, pytest.raises(MeterError, match="does not empty"):
        talk.errors()


def test_a_setting_that_reads_back_differently_is_refused() -> None:
    bench = ScpiBench(settings={"VOLT": "5"})
    bench.stuck.add("VOLT")
    with talking_to(bench) as talk, pytest.raises(MeterError, match="set to 12 and reads '5'"):
        talk.set("voltage", "VOLT", "12")


def test_settings_are_put_back_in_reverse_order_and_once() -> None:
    bench = ScpiBench(settings={"VOLT": "5", "OUTP": "1"})
    with talking_to(bench) as talk:
        restorer = Restorer(talk)
        restorer.set_all((("voltage", "VOLT", "12"), ("output", "OUTP", "OFF")))
        back = restorer.restore()
        assert restorer.restore() == ()
    assert [setting.name for setting in back] == ["output", "voltage"]
    assert {head: float(text) for head, text in bench.settings.items()} == {"VOLT": 5, "OUTP": 1}


def test_a_line_whose_far_end_closed_says_so() -> None:
    with on_tcp(ScpiBench()) as port:
        line = TcpLine.open("127.0.0.1", port, timeout_s=5)
    talk = over(line)
    with pytest.raises(MeterError, match=f"tcp:127.0.0.1:{port}: the .*(closed|gone)"):
        talk.ask("*IDN?")
    line.close()
    with pytest.raises(MeterError, match="no connection"):
        TcpLine.open("127.0.0.1", port, timeout_s=1)
    with pytest.raises(MeterError, match="cannot be opened"):
        SerialLine.open("/dev/no-such-port", baud=9600)


def test_a_serial_port_is_held_by_one_run_alone() -> None:
    with on_pty(ScpiBench()) as path:
        line = SerialLine.open(path, baud=9600)
        with pytest.raises(MeterError, match="cannot be opened"):
            SerialLine.open(path, baud=9600)
        line.close()
        with pytest.raises(MeterError, match="gone"):
            line.receive(1, timeout_s=0.1)


def test_a_transcript_keeps_every_byte_both_ways_in_order_and_never_grows_over_its_bound(
    tmp_path: Path,
) -> None:
    bench = ScpiBench()
    bench.faults["*IDN?"] = [b"\xff\x00odd\r\n"]
    kept = FileTranscript.create(tmp_path / "t.jsonl", "a meter", CLOCK, most_bytes=330)
    with on_tcp(bench) as port:
        line = TcpLine.open("127.0.0.1", port, timeout_s=5)
        talk = over(line, kept)
        for _ in range(5):
            talk.ask("*IDN?")
        line.close()
    kept.close()
    header, *rest = map(json.loads, (tmp_path / "t.jsonl").read_text("ascii").splitlines())
    assert (header["clock"], header["meter"]) == (CLOCK.domain, "a meter")
    assert [row[0] for row in rest] == list(range(len(rest)))
    assert [row[2:] for row in rest[:2]] == [
        ["sent", "*IDN?\n"],
        ["received", "\xff\x00odd\r\n"],
    ]
    assert rest[0][1] <= rest[1][1]
    assert rest[-1][2] == "full"
    assert len(rest) < 10


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5000E-01", 0.15), ("+12.", 12.0), (" -.5\r", -0.5), ("0", 0.0), ("104.75E+00", 104.75)],
)
def test_numbers_are_read_as_instruments_write_them(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NAN", "no-data"),
        ("9.91E+37", "no-data"),
        ("", "no-data"),
        ("INF", "overrange"),
        ("-INF", "overrange"),
        ("9.9E+37", "overrange"),
        ("1E+999", "overrange"),
        ("0x10", "not-a-number"),
        ("1_000", "not-a-number"),
        ("infinity", "not-a-number"),
        ("١", "not-a-number"),
        ("1,5", "not-a-number"),
        ("1" * 5000, "not-a-number"),
    ],
)
def test_what_is_no_number_says_why(text: str, code: str) -> None:
    found = number(text)
    assert isinstance(found, Missing)
    assert found.reason.startswith(f"{code}: ")
    assert len(found.reason) < 300


@given(st.text(max_size=80))
def test_any_text_gives_a_finite_number_or_a_reason_and_a_printable_identity(text: str) -> None:
    found = number(text)
    assert isinstance(found, Missing) or abs(found) < 9.9e37
    assert identity(text).said.isascii()
    assert same(text, text)


def test_read_back_compares_numbers_words_and_switches() -> None:
    assert same("0.1", "100.0E-03")
    assert same("ON", "1")
    assert same('"curr"', "CURR")
    assert not same("1", "2")
    assert not same("FALL", "RISE")
