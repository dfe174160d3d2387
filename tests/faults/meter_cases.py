"""A meter on the bench that is unplugged, stalls, babbles or is cut off in a run (F7, F11 to F13).

The meter numbers its answers, so that each can be told: every set that it had answered is kept,
no answer stands for another question, and what is sealed afterwards is intact.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import select
import socket
import struct
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.spool import read_spool
from collectors.clocks import device_clock
from collectors.meters import scpi_profile
from collectors.meters.line_serial import SerialLine
from collectors.meters.line_tcp import TcpLine
from collectors.meters.protocol import Line, Transcript
from collectors.meters.scpi import ScpiMeter
from collectors.meters.transcript import KeptLine
from host.align.meters import meters_in
from host.run.folder import create
from host.run.meters import Recorder, recording
from host.run.seal import seal
from tests.fakes.meters.scpi_bench import DP832
from tests.fakes.shells import until
from tests.faults.case import Case, Seen, need, recovered, reported
from tests.faults.host_cases import check_seal

# Answers of a channel carry its thousands and the number of the question.
THOUSANDS = {"MEAS:VOLT? CH1": 1000, "MEAS:CURR? CH1": 2000, "MEAS:POWE? CH1": 3000}
CHANNELS = tuple(THOUSANDS.values())
MOST_GOOD = 60
TIMEOUT_S = 0.1
# Sets that a meter has to give after it stalled: it goes on.
SETS_AFTER = 3

Fault = Callable[["Far", bytes], None]


@dataclass
class Far:
    """The instrument's end of a line. good: answers before the fault, which then has the line."""

    fd: int
    close: Callable[[], None]
    good: int
    fault: Fault
    draw: random.Random
    answered: int = 0
    struck: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self) -> None:
        """Until the host or the fault ends the line."""
        kept = b""
        with contextlib.suppress(OSError):
            while not self.over.is_set():
                if not select.select([self.fd], [], [], 0.02)[0]:
                    continue
                data = os.read(self.fd, 4096)
                if not data:
                    return
                *questions, kept = (kept + data).split(b"\n")
                for question in questions:
                    self._hear(question.decode("latin-1"))

    def _hear(self, question: str) -> None:
        if question in THOUSANDS:
            answer = b"%d\n" % (THOUSANDS[question] + self.answered % 1000)
            if self.answered == self.good:
                self.answered += 1
                self.fault(self, answer)
                self.struck.set()
                return
            self.answered += 1
            self.say(answer)
        elif question == "*IDN?":
            self.say(DP832.encode() + b"\n")
        elif question == "SYST:ERR?":
            self.say(b'0,"No error"\n')

    def say(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.fd, data) :]


def cut(far: Far, answer: bytes) -> None:
    """The line ends, after a part of the answer or before it."""
    far.say(answer[: far.draw.randint(0, len(answer) - 1)])
    far.close()


def stall(far: Far, answer: bytes) -> None:
    """Nothing for a while, and then everything at once."""
    threading.Event().wait(far.draw.uniform(1.2, 1.8) * TIMEOUT_S)
    far.say(answer)


def babble(far: Far, answer: bytes) -> None:
    """Bytes without end and without a line's end."""
    noise = bytes(b for b in far.draw.randbytes(2000) if b != 0x0A)
    far.struck.set()
    while not far.over.is_set():
        far.say(answer.rstrip() + noise)


@contextmanager
def tcp(far: Callable[[int, Callable[[], None]], Far]) -> Iterator[tuple[Far, Line]]:
    """A socket whose end is a reset."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = TcpLine.open("127.0.0.1", server.getsockname()[1], timeout_s=5)
        client, _ = server.accept()
    # Linger for 0 s: close() sends a reset, as a gateway that loses its power does not even.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with client:
        yield far(client.fileno(), client.close), line


@contextmanager
def usb(far: Callable[[int, Callable[[], None]], Far]) -> Iterator[tuple[Far, Line]]:
    """A pseudo terminal whose master closes, as a USB adapter that is pulled out."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    line = SerialLine.open(os.ttyname(theirs), baud=9600)
    os.close(theirs)
    closed = threading.Lock()

    def close() -> None:
        if closed.acquire(blocking=False):
            os.close(ours)

    yield far(ours, close), line
    close()


def beside(fault: Fault, link: str, place: Path, draw: random.Random) -> Seen:
    """A run folder with this meter in it, sealed; what is in it against what was answered."""
    good = draw.randint(3, MOST_GOOD)
    folder, clock = create(place, "run"), device_clock()
    lines = {"tcp": tcp, "usb": usb}[link]
    with lines(lambda fd, close: Far(fd, close, good, fault, draw)) as (far, line):
        serving = threading.Thread(target=far.serve, daemon=True)
        serving.start()
        profile = msgspec.structs.replace(scpi_profile.load("rigol-dp800"), timeout_s=TIMEOUT_S)

        def opened(transcript: Transcript) -> ScpiMeter:
            return ScpiMeter.open(KeptLine(line, clock, transcript), clock, profile, "meter.m1")

        try:
            with recording(folder.data, {"m1": (opened, {})}, clock) as (recorder,):
                until("the fault strikes", far.struck.is_set)
                enough = far.answered + SETS_AFTER * len(CHANNELS)
                until("it ends or goes on", lambda: recorder.failed != "" or far.answered > enough)
        finally:
            far.over.set()
            serving.join(10)
    seal(folder, made_by="faults")
    check_seal(folder)
    return _judged(folder.data, far, good, recorder)


def _judged(data: Path, far: Far, good: int, recorder: Recorder) -> Seen:
    """Sets that were answered whole are there; every reading is of its own question."""
    place = data / "meters/m1/1"
    rows = read_spool((place / "source-m1.tsv").read_bytes()).lines
    metered = meters_in(data, None, same_clock=True)
    need(metered.faults == (), f"{metered.faults}")
    sets = good // len(CHANNELS)
    need(len(rows) >= sets, f"{len(rows)} of {sets} sets are kept")
    for row in rows:
        for thousand, text in zip(CHANNELS, row.fields[-len(CHANNELS) :], strict=True):
            own = text.startswith("!") or thousand <= float(text) < thousand + 1000
            need(own, f"{text} stands for question {thousand}")
    failed = json.loads((place / "end.json").read_bytes())["failed"]
    need(failed == recorder.failed, f"kept {failed!r}, was {recorder.failed!r}")
    need([e.failed for e in metered.ends] == [failed], f"{metered.ends}")
    kept = sets * len(CHANNELS)
    if not failed:
        gaps = sum(text.startswith("!") for row in rows for text in row.fields)
        return recovered(f"went on after {good} answers, {gaps} gaps", kept)
    return reported(f"after {good} answers: {failed[:60]}", kept)


def _case(fault: str, name: str, play: Fault, link: str) -> Case:
    return Case(fault, f"meter: {name}", functools.partial(beside, play, link), weight=6)


CASES = (
    _case("F7", "TCP cut", cut, "tcp"),
    _case("F11", "babbles", babble, "tcp"),
    _case("F12", "unplugged", cut, "usb"),
    _case("F13", "stalls, then bursts", stall, "tcp"),
)
