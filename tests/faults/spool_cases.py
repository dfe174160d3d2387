"""Streams and messages of the agent whose system calls fail (F14 to F17)."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agent.said import NAME, kept_lines
from agent.spool import StreamEnd, read_spool
from agent.wire import decode
from collectors.clocks import device_clock
from host.run.collect import collect
from host.run.fetch import Pulls
from host.run.folder import create
from host.transport.local import Local
from tests.faults.case import Case, Seen, need, recovered, reported
from tests.faults.traced import Traced, traced, why_not

LINES, BATCH = 24, 3
STREAM = "source-x"
WRITES = LINES // BATCH + 1  # the header is one
# Bytes of one batch differ with the digits in it; a lie of any length must be found.
LENGTHS = (1, 7, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class Told:
    """What a writer said: how many lines were written, its end, and its error."""

    acknowledged: int
    end: StreamEnd | None
    error: str


def told(out: bytes) -> Told:
    acknowledged, end, error = 0, None, ""
    for line in out.decode().splitlines():
        word, _, rest = line.partition(" ")
        if word == "ack":
            acknowledged = int(rest)
        elif word == "end":
            end = StreamEnd(**json.loads(rest))
        elif word == "error":
            error = rest
    return Told(acknowledged, end, error)


def check_stream(place: Path, said: Told) -> None:
    """Every acknowledged line reads back as it was, and the host takes none for whole that is not.

    Raises BrokenError.
    """
    path = place / f"{STREAM}.tsv"
    if not path.exists():
        need(said.acknowledged == 0, f"no file, and {said.acknowledged} lines acknowledged")
        return
    data = path.read_bytes()
    found = read_spool(data)  # a stream that has its name has its header
    whole = [line.fields for line in found.lines]
    due = [(str(i), str(i * 7)) for i in range(len(whole))]
    need(whole == due, "the lines are not those that were written")
    need(len(whole) >= said.acknowledged, f"{len(whole)} of {said.acknowledged} lines are there")
    if said.end is not None:
        check_end(place, said.end, data, len(whole))


def check_end(place: Path, end: StreamEnd, data: bytes, lines: int) -> None:
    """A count that was stated holds, or else the host says that it does not."""
    folder = create(place / "host", "run")
    pulls = Pulls(Local(), device_clock(), lambda *_: None)
    damaged = collect(pulls, PurePosixPath(place), folder, 1, (end,))
    right = end.size_bytes == len(data) and end.lines == lines
    need(right or damaged.startswith("transfer-damaged"), f"{end} of {lines} lines went unnoticed")


def outcome(said: Told, run: Traced, what: str) -> Seen:
    kept = f"{what}: {said.acknowledged} of {LINES} lines acknowledged"
    if said.acknowledged == LINES and not said.error:
        return recovered(kept, said.acknowledged, fired=run.fired)
    why = said.error or f"ended with {run.status}"
    return reported(f"{kept}, {why}", said.acknowledged, fired=run.fired)


def written_as(row: str, fault: str, most: int, weight: int = 10) -> Case:
    def play(place: Path, draw: random.Random) -> Seen:
        n = draw.randint(1, most)
        kind = fault.format(length=draw.choice(LENGTHS))
        goals = (place, place / f"{STREAM}.tsv", place / f"{STREAM}.tsv.part")
        argv = ("spool", place, LINES, BATCH)
        run = traced(kind, n, argv, place / "trace", goals)
        said = told(run.out)
        need(b"Traceback" not in run.err, run.err.decode(errors="replace"))
        check_stream(place, said)
        return outcome(said, run, f"{kind} at call {n}")

    return Case(row, f"stream: {fault}", play, why_not, weight)


def said_as(row: str, fault: str, most: int) -> Case:
    """Messages of a session whose n-th call fails; the next session of the run goes on."""

    def play(place: Path, draw: random.Random) -> Seen:
        n = draw.randint(1, most)
        kind = fault.format(length=draw.choice((1, 9, 31)))
        log = place / NAME
        run = traced(kind, n, ("talk", place, LINES), place / "trace", (log,))
        need(b"Traceback" not in run.err, run.err.decode(errors="replace"))
        words = [line.split() for line in run.out.decode().splitlines()]
        kept = [int(word[1]) for word in words if word[0] == "ack"]
        found = [decode(raw)["number"] for raw in kept_lines(log)]
        gone = sorted(set(kept) - set(found))
        need(not gone, f"{kind} at {n}: messages {gone} were kept and are not there")
        need(found == sorted(set(found)), f"messages out of order or twice: {found}")
        again = traced("write:delay_enter=1", 1, ("talk", place, 2), place / "trace", ())
        need(again.status == 0, f"the next session cannot go on: {again.err!r}")
        need(len(list(kept_lines(log))) == len(found) + 2, "the next session lost a message")
        detail = f"{kind} at call {n}: {len(kept)} of {LINES} messages acknowledged"
        make = recovered if len(kept) == LINES else reported
        return make(detail, len(kept), fired=run.fired)

    return Case(row, f"said.jsonl: {fault}", play, why_not, 6)


CASES = (
    written_as("F15", "write:error=EIO", WRITES),
    written_as("F15", "fsync,fdatasync:error=EIO", 1, 4),
    written_as("F15", "close:error=EIO", 1, 4),
    written_as("F15", "openat:error=EIO", 1, 2),
    written_as("F15", "rename,renameat,renameat2:error=EIO", 1, 2),
    written_as("F16", "rename,renameat,renameat2:retval=0", 1, 2),
    written_as("F1", "rename,renameat,renameat2:signal=SIGKILL", 1, 2),
    written_as("F14", "write:error=ENOSPC", WRITES),
    written_as("F14", "openat:error=ENOSPC", 1, 2),
    written_as("F14", "write:error=EDQUOT", WRITES),
    written_as("F16", "write:retval={length}", WRITES, 14),
    written_as("F17", "openat:error=EMFILE", 1, 4),
    written_as("F17", "write:error=ENOMEM", WRITES, 4),
    written_as("F4", "write:signal=SIGKILL", WRITES),
    said_as("F14", "write:error=ENOSPC", LINES),
    said_as("F15", "write:error=EIO", LINES),
    said_as("F16", "write:retval={length}", LINES),
    said_as("F4", "write:signal=SIGKILL", LINES),
)
