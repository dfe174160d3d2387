"""Keeps what an attempt left on the device when its agent or its host ended in the middle."""

from __future__ import annotations

from pathlib import Path

from agent.spool import SpoolFormatError, StreamEnd, read_spool
from host.artefacts.files import sha256_file
from host.run.attempts import Bench, role_fields, role_in
from host.run.collect import STREAM, collect, write_attempt


def salvage(bench: Bench, number: int, reason: str) -> None:
    """Collect the streams that lie in the spool and state the attempt as incomplete.

    The counts are what can be read now: nobody stated them, and the reason says so.
    """
    spool = bench.spool / f"{number:03d}"
    ends = tuple(_end(path) for path in sorted(Path(spool).glob("*.tsv")) if _known(path))
    collect(bench.transport, spool, bench.folder, number, ends)
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
    spool = Path(bench.spool)
    spooled = [int(p.name) for p in spool.glob("*") if p.name.isdigit()] if spool.is_dir() else []
    known = set(spooled) | set(bench.folder.attempts())
    return sorted(n for n in known if not (bench.folder.attempt(n) / "attempt.json").exists())


def _known(path: Path) -> bool:
    return STREAM.fullmatch(path.stem) is not None and path.is_file() and not path.is_symlink()


def _end(path: Path) -> StreamEnd:
    try:
        lines = len(read_spool(path.read_bytes()).lines)
    except SpoolFormatError:
        lines = 0
    return StreamEnd(path.stem, lines, path.stat().st_size, sha256_file(path))
