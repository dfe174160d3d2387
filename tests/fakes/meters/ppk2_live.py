"""A PPK2 that streams 100,000 words a second on a pseudo terminal, in real time.

It waits for nobody: what its buffer does not hold is dropped, and its counter goes on. It knows
what it dropped, and what it drew between any two moments.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from tests.fakes.meters.far_lines import tty_pair
from tests.fakes.meters.ppk2_end import Ppk2End, amperes

RATE_HZ = 100_000
BUFFER_WORDS = 16384  # 164 ms
LOW, HIGH = 150, 900  # of the ADC's field, in the range up to 1 A
HIGH_NUMBERS, PERIOD = 4_700, 13_300  # 47 ms of each 133 ms at HIGH
NOISE = 8
TOP_RANGE = 4
START, STOP = 0x06, 0x07
LENGTHS = {0x0C: 2, 0x0D: 3, 0x11: 2}
TICK_S = 0.002


def fields(numbers: np.ndarray) -> np.ndarray:
    """What the ADC reads at each sample; its last bits are never still."""
    noise = (numbers.astype(np.int64) * 2_654_435_761 >> 13) % NOISE
    found: np.ndarray = np.where(numbers % PERIOD < HIGH_NUMBERS, HIGH, LOW) + noise
    return found


@dataclass
class Ppk2Live:
    """vdd_mv: what it feeds. room_words: of its buffer. dropped: numbers that found no room."""

    vdd_mv: int = 3700
    room_words: int = BUFFER_WORDS
    dropped: list[range] = field(default_factory=list)
    begun_ns: int = 0
    made: int = 0
    _waiting: bytes = b""

    def joules(self, start_ns: int, end_ns: int) -> float:
        """What it drew from one moment to another of CLOCK_MONOTONIC_RAW, lost or not."""
        first, last = (round((t - self.begun_ns) * RATE_HZ / 1e9) for t in (start_ns, end_ns))
        volt = self.vdd_mv / 1000
        counts = np.bincount(fields(np.arange(first, last)))
        watts = (volt * amperes(f, TOP_RANGE, volt) for f in range(len(counts)))
        drawn: float = sum(n * w for n, w in zip(counts.tolist(), watts, strict=True)) / RATE_HZ
        return drawn

    def go_on(self, fd: int) -> None:
        """Make what is due by now, drop what finds no room, send what the line takes."""
        now_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        due = int((now_ns - self.begun_ns) * RATE_HZ / 1e9)
        numbers = np.arange(self.made, due)
        room = self.room_words - len(self._waiting) // 4
        if len(numbers) > room:
            first = self.made + room
            joins = self.dropped and self.dropped[-1].stop == first
            self.dropped.append(range(self.dropped.pop().start if joins else first, due))
        kept = numbers[:room]
        words = fields(kept) | TOP_RANGE << 14 | (kept % 64) << 18
        self._waiting += words.astype("<u4").tobytes()
        self.made = due
        with contextlib.suppress(BlockingIOError):
            while self._waiting:
                self._waiting = self._waiting[os.write(fd, self._waiting[:16384]) :]


@contextmanager
def ppk2_live(live: Ppk2Live) -> Iterator[str]:
    """The path of the serial port that it is behind."""
    stop = threading.Event()
    with tty_pair() as (ours, path):
        os.set_blocking(ours, False)
        thread = threading.Thread(target=_serve, args=(live, ours, stop))
        thread.start()
        try:
            yield path
        finally:
            stop.set()
            thread.join()


def _serve(live: Ppk2Live, fd: int, stop: threading.Event) -> None:
    end, kept, streams = Ppk2End(vdd_mv=live.vdd_mv), b"", False
    while not stop.is_set():
        if select.select([fd], [], [], TICK_S)[0]:
            kept += os.read(fd, 4096)
        while kept and len(kept) >= (size := LENGTHS.get(kept[0], 1)):
            command, kept = kept[:size], kept[size:]
            answer = end.hear(command)
            while answer:
                answer = answer[os.write(fd, answer[:2048]) :]
            if command[0] == START:
                live.begun_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
                streams = True
            streams = streams and command[0] != STOP
        if streams:
            live.go_on(fd)
