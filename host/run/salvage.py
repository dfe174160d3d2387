"""Keeps what an attempt left on the device when its agent or its host ended in the middle."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from agent.spool import SpoolFormatError, StreamEnd, read_spool
from host.artefacts.files import sha256_file
from host.run.attempts import Bench, role_fields, role_in
from host.run.collect import MAX_STREAMS, STREAM, collect_logs, write_attempt
from host.run.far_spool import numbers_in, streams_in
from host.run.fetch import PULLS, whole

# Nobody states how long a stream is that its writer did not end; a day at 1 kHz is below this.
MAX_STREAM_BYTES = 16 << 30


def salvage(bench: Bench, number: int, reason: str) -> None:
    """Collect the streams that lie in the spool and state the attempt as incomplete.

    The counts are what can be read now: nobody stated them, and the reason says so.
    """
    spool = bench.spool / f"{number:03d}"
    goal = bench.folder.attempt(number)
    goal.mkdir(parents=True, exist_ok=True)
    ends = tuple(_fetched(bench, spool, goal, name) for name in _streams(bench, spool))
    collect_logs(bench.pulls, spool, goal)
    write_attempt(
        bench.folder,
        number,
        {
            "status": "incomplete",
            "reason": reason,
            "streams": [
                {
                    "stream": e.stream,
                    "lines": e.lines,
                    "size_bytes": e.size_bytes,
                    "sha256": e.sha256,
                }
                for e in ends
            ],
            "engine": {},
            **role_fields(role_in(bench.plan, bench.folder, number)),
        },
    )
    bench.journal.note("attempt_salvaged", {"number": number, "reason": reason})


def left_behind(bench: Bench) -> list[int]:
    """Attempts that are in the spool or the folder without having been collected."""
    known = {*numbers_in(bench.transport, bench.spool), *bench.folder.attempts()}
    return sorted(n for n in known if not (bench.folder.attempt(n) / "attempt.json").exists())


def _streams(bench: Bench, spool: PurePosixPath) -> list[str]:
    return streams_in(bench.transport, spool, STREAM)[:MAX_STREAMS]


def _fetched(bench: Bench, spool: PurePosixPath, goal: Path, stream: str) -> StreamEnd:
    """Bring one stream; what is read here is what is stated."""
    path = goal / f"{stream}.tsv"
    lines, sound, pulls = 0, False, 0
    while not sound and pulls < PULLS:
        whole(bench.pulls, spool / path.name, path, MAX_STREAM_BYTES)
        lines, sound = _read(path)
        pulls += 1
        if not sound:
            bench.journal.note("pull_damaged", {"file": path.name})
    return StreamEnd(stream, lines, path.stat().st_size, sha256_file(path))


def _read(path: Path) -> tuple[int, bool]:
    """Number of lines, and whether there is no fault but a torn last one.

    A fault may be the writer's or the transfer's; nobody stated a hash, so it is pulled again.
    """
    try:
        found = read_spool(path.read_bytes())
    except SpoolFormatError:
        return 0, False
    return len(found.lines), all(fault.fault == "torn" for fault in found.faults)
