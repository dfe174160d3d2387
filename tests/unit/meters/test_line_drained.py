"""A serial line that a process of its own takes the bytes from."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from collectors.clocks import DeviceClock, device_clock
from collectors.meters.line_drained import DrainedLine, arrived_ns, drained
from collectors.meters.line_hidraw import HidrawLine
from collectors.meters.line_serial import SerialLine
from collectors.meters.protocol import MeterError
from tests.fakes.clock import SteppingClock
from tests.fakes.meters.far_lines import tty_pair

CLOCK = device_clock()


@contextmanager
def opened(path: str, clock: DeviceClock = CLOCK) -> Iterator[DrainedLine]:
    line = drained(SerialLine.open(path, baud=115200), clock)
    assert isinstance(line, DrainedLine)
    try:
        yield line
    finally:
        line.close()


def children() -> list[psutil.Process]:
    """Those that drain a line; another test may have left its own kind of process running."""
    return [p for p in psutil.Process().children() if any("drain.py" in a for a in p.cmdline())]


def test_bytes_come_with_the_time_at_which_they_came() -> None:
    with tty_pair() as (far, path), opened(path) as line:
        line.send(b"?")
        assert os.read(far, 10) == b"?"
        before_ns = CLOCK.now_ns()
        os.write(far, b"0123456789")
        first = line.receive(4, timeout_s=10)
        came_ns = arrived_ns(line, CLOCK)
        # What a piece holds beyond what is wanted comes next, with the same stamp.
        rest = line.receive(100, timeout_s=10)
        assert (first, rest[:6]) == (b"0123", b"456789")
        assert before_ns <= came_ns <= arrived_ns(line, CLOCK) <= CLOCK.now_ns()
        assert line.receive(100, timeout_s=0.01) == b""


def test_a_line_that_hangs_up_is_gone() -> None:
    with tty_pair() as (far, path), opened(path) as line:
        os.write(far, b"last")
        assert line.receive(100, timeout_s=10) == b"last"
        (process,) = children()
        process.kill()
        with pytest.raises(MeterError, match="the port is gone"):
            line.receive(100, timeout_s=10)


def test_closing_ends_the_process_and_gives_the_port_back() -> None:
    with tty_pair() as (_, path):
        with opened(path) as line:
            assert len(children()) == 1
        line.close()
        assert children() == []
        SerialLine.open(path, baud=115200).close()


def test_reports_of_a_device_stay_whole_and_wait_while_the_host_stands_still() -> None:
    """More than hidraw keeps (64, drivers/hid/hidraw.c), each with the time of its coming."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        line = drained(HidrawLine("hid:/dev/hidraw0", ours.fileno()), CLOCK)
        assert isinstance(line, DrainedLine)
        line.send(b"start")
        assert theirs.recv(100) == b"\0start"
        before_ns = CLOCK.now_ns()
        theirs.send(b"torn")
        for number in range(100):
            theirs.send(bytes((0xAA, number)).ljust(64, b"."))
        assert line.receive(64, timeout_s=10) == b"torn"
        first_ns = arrived_ns(line, CLOCK)
        # One that is cut is not gone on with: the next call gives the next report.
        assert line.receive(2, timeout_s=10) == b"\xaa\0"
        found = [line.receive(64, timeout_s=10) for _ in range(99)]
        assert [(len(one), one[1]) for one in found] == [(64, n) for n in range(1, 100)]
        assert before_ns <= first_ns <= arrived_ns(line, CLOCK) <= CLOCK.now_ns()
        assert line.receive(64, timeout_s=0.01) == b""
        line.close()
        ours.detach()


def test_stamps_of_a_clock_that_is_not_the_hosts_are_not_taken_elsewhere() -> None:
    with tty_pair() as (_, path):
        line = SerialLine.open(path, baud=115200)
        assert drained(line, SteppingClock()) is line
        assert arrived_ns(line, SteppingClock(start_ns=7)) == 7
        line.close()
