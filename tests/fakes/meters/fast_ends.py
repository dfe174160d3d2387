"""Fast meters at the ends of their lines, each sending something known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from collectors.meters.avhzy import Avhzy
from collectors.meters.fnirsi import Fnirsi
from collectors.meters.km003c import Km003cQueue
from collectors.meters.monsoon import Monsoon
from collectors.meters.ppk2 import Ppk2, Wanted
from collectors.meters.protocol import FastMeter
from collectors.protocol import Clock
from tests.fakes.meters import usb_frames as frames
from tests.fakes.meters.far_lines import far_end
from tests.fakes.meters.libraries import Hvpm, hvpm_packet
from tests.fakes.meters.ppk2_end import Ppk2End, stream, word

CALIBRATED = [(1000, 2000, 16000, 0x10), (33000, 60000, 16000, 0x30)]


def avhzy(heard: bytes) -> list[bytes]:
    """Answers each command; after the start 300 samples of 5 V and 1 A, ten of them lost."""
    found = []
    while heard:
        size = 7 + int.from_bytes(heard[1:5], "little")
        payload, heard = heard[5 : size - 2], heard[size:]
        found.append(frames.avhzy_frame(bytes((4, 0, payload[2], 0x80))))
        if payload[1] == 9:
            stamps = [7_000_000 + 1000 * n for n in range(300) if not 100 <= n < 110]
            found += [frames.avhzy_sample(payload[2], 5.0, 1.0, own_us) for own_us in stamps]
    return found


def fnirsi(_: bytes) -> list[bytes]:
    """A report for every report."""
    return [frames.fnirsi_report([(500000, 100000, 251)] * 4)]


class Queue:
    """A KM003C that has ten more samples each time it is asked."""

    def __init__(self) -> None:
        self.tick = 0

    def __call__(self, asked: bytes) -> list[bytes]:
        if asked[0] != 0x0C:
            return [bytes((0x05, asked[1], 0, 0))]
        ticks = range(self.tick, self.tick + 10)
        self.tick += 10
        return [frames.km003c_queue(asked[1], [(t, 5_000_000, 1_000_000) for t in ticks])]


def packets() -> list[bytes | OSError]:
    """An HVPM's calibration, and then five packets of three samples each."""
    packet = hvpm_packet(0, [(1200, 12000, 16000, 0)] * 3)
    return [hvpm_packet(0, CALIBRATED), *[packet] * 5]


@contextmanager
def fast_meter(kind: str, clock: Clock, name: str) -> Iterator[FastMeter]:
    """A meter of this kind, not begun."""
    if kind == "monsoon":
        yield Monsoon(Hvpm(packets()), clock, name=name)
    elif kind == "avhzy":
        with far_end(avhzy) as line:
            yield Avhzy(line, clock, name=name)
    elif kind == "fnirsi":
        with far_end(fnirsi, whole=True) as line:
            yield Fnirsi(line, clock, name=name)
    elif kind == "km003c":
        with far_end(Queue(), whole=True) as line:
            yield Km003cQueue(line, clock, name=name)
    else:
        end = Ppk2End(stream([word(900, 4, n) for n in range(1050)]))
        with far_end(lambda heard: [end.hear(one) for one in commands(heard)]) as line:
            yield Ppk2(line, clock, Wanted("source", 3700), name)


def commands(heard: bytes) -> Iterator[bytes]:
    """Whole commands of a PPK2's host."""
    while heard:
        size = {0x0C: 2, 0x0D: 3, 0x11: 2}.get(heard[0], 1)
        yield heard[:size]
        heard = heard[size:]
