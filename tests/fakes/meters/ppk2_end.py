"""A PPK2 on a pseudo terminal, from Nordic's own program and not from ours.

Hears one-byte opcodes with their arguments, tells its metadata, and sends words from a script.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fakes.meters.far_lines import tty_pair

R = (1003.3506, 101.5865, 10.3027, 0.9636, 0.0564)
GS = (0.0, 112.7890, 18.0115, 2.0217, 0.0729)
GI = (1.0, 0.9695, 0.9609, 0.9519, 0.9582)
O = (112.9420, 75.4627, 64.6020, 50.4983, 89.1400)  # noqa: E741  # the metadata's own name
S = (0.000000048, 0.000000596, 0.000005281, 0.000062577, 0.002940743)
I = (-0.000000104, -0.000001443, 0.000036439, -0.000374119, -0.009388455)  # noqa: E741
UG = (1.0, 1.0, 1.02, 1.0, 1.0)
_LENGTHS = {0x0C: 2, 0x0D: 3, 0x11: 2}  # of opcode and arguments; all others stand alone


def word(adc: int, measuring_range: int, counter: int, logic: int = 0) -> int:
    """adc: the 14-bit field itself."""
    return adc | measuring_range << 14 | (counter % 64) << 18 | logic << 24


def stream(words: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def amperes(field14: int, at: int, vdd_v: float) -> float:
    """What Nordic's program makes of one word."""
    base = (field14 * 4 - O[at]) * (1.8 / 163840 / R[at])
    return UG[at] * (base * (GS[at] * base + GI[at]) + S[at] * vdd_v + I[at])


@dataclass
class Ppk2End:
    """sent: what goes out after the start command. tells: lines of the metadata to change."""

    sent: bytes = b""
    tells: dict[str, str] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)
    vdd_mv: int = 3700
    mode: int = 2
    deaf_to: frozenset[int] = frozenset()

    def metadata(self) -> bytes:
        rows = {"Calibrated": "1"}
        for name, values in (("R", R), ("GS", GS), ("GI", GI), ("O", O), ("S", S), ("I", I)):
            rows |= {f"{name}{at}": f"{value:.9f}" for at, value in enumerate(values)}
        rows |= {"VDD": str(self.vdd_mv), "HW": "9173", "mode": str(self.mode)}
        rows |= {f"UG{at}": f"{value}" for at, value in enumerate(UG)} | {"IA": "56"} | self.tells
        return "\n".join([*(f"{name}: {text}" for name, text in rows.items()), "END"]).encode()

    def hear(self, command: bytes) -> bytes:
        """The answer to one whole command."""
        self.heard.append(command)
        if command[0] in self.deaf_to:
            return b""
        if command[0] == 0x0D:
            self.vdd_mv = command[1] * 256 + command[2]
        if command[0] == 0x11:
            self.mode = command[1]
        return {0x19: self.metadata(), 0x06: self.sent}.get(command[0], b"")


@contextmanager
def ppk2_end(end: Ppk2End) -> Iterator[str]:
    """The path of the serial port that it is behind."""
    stop, told = os.pipe()
    with tty_pair() as (ours, path):
        thread = threading.Thread(target=_serve, args=(end, ours, stop))
        thread.start()
        try:
            yield path
        finally:
            os.close(told)
            thread.join()
            os.close(stop)


def _serve(end: Ppk2End, fd: int, stop: int) -> None:
    kept = b""
    while stop not in select.select([fd, stop], [], [])[0]:
        kept += os.read(fd, 4096)
        while kept and len(kept) >= (size := _LENGTHS.get(kept[0], 1)):
            command, kept = kept[:size], kept[size:]
            _send(fd, stop, end.hear(command))


def _send(fd: int, stop: int, data: bytes) -> None:
    """All of it, unless the test is over."""
    while data:
        ready = select.select([stop], [fd], [])
        if ready[0]:
            return
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(fd, data[:2048]) :]
