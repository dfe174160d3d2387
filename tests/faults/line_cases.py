"""Serial lines that are unplugged in the middle of a line (F11, F12), as a pseudo-terminal.

An unplugged line reads as its end, with no error (or EIO): whoever reads must take neither a
torn line nor the silence for a reading.
"""

from __future__ import annotations

import os
import pty
import random
import threading
import tty
from pathlib import Path

from agent.pipes import read_lines
from agent.spool import SpoolFormatError, header, line, read_spool
from tests.faults.case import Case, Seen, need, reported
from tests.faults.programs.spool import COLUMNS

LINES = 20


def unplugged(place: Path, draw: random.Random) -> Seen:
    data = header("x", "test", COLUMNS)
    data += b"".join(line(i, (str(i), str(i * 7))) for i in range(LINES))
    cut = draw.randint(1, len(data) - 1)
    near, far = pty.openpty()
    tty.setraw(far)
    os.write(near, data[:cut])
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.extend(read_lines(far)), daemon=True)
    reader.start()
    whole = [one for one in data[:cut].splitlines(keepends=True) if one.endswith(b"\n")]
    looks = 20_000  # a closed master takes with it what the kernel has not handed over yet
    while looks and len(heard) < len(whole):
        threading.Event().wait(0.001)
        looks -= 1
    os.close(near)
    reader.join(20)
    need(not reader.is_alive(), "the end of the line was not noticed")
    os.close(far)
    need(heard == whole, f"{len(heard)} of {len(whole)} lines; {heard[-1:]}")
    return reported(f"cut after {cut} bytes, {len(heard)} of {len(whole)} whole lines taken")


def garbled(place: Path, draw: random.Random) -> Seen:
    """Bytes of a stream that noise has changed: no line that was hit is taken for a reading."""
    good = [line(i, (str(i), str(i * 7))) for i in range(LINES)]
    data = bytearray(header("x", "test", COLUMNS) + b"".join(good))
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(data))
        if draw.random() < 0.3:
            del data[at : at + draw.randint(1, 12)]
        else:
            data[at] = draw.randrange(256)
    try:
        found = read_spool(bytes(data))
    except SpoolFormatError as err:
        return reported(str(err)[:80])
    due = {i: (str(i), str(i * 7)) for i in range(LINES)}
    for one in found.lines:
        need(due.get(one.seq) == one.fields, f"noise was taken for {one}")
    missing = LINES - len({one.seq for one in found.lines})
    need(missing == 0 or len(found.faults) > 0 or lost_at_the_end(found.lines), "no fault told")
    return reported(f"{missing} lines hit, {len(found.faults)} faults told", 0)


def lost_at_the_end(lines: tuple[object, ...]) -> bool:
    """Lines that are missing behind the last are known by the count that is stated, not here."""
    return len(lines) < LINES


CASES = (
    Case("F12", "serial line unplugged", unplugged, weight=8),
    Case("F11", "stream: noise", garbled, weight=12),
)
