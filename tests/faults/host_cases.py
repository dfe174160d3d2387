"""The host killed, or its disk failing, between an attempt and the seal (F1, F14 to F17)."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

import msgspec

from agent.spool import Column, SpoolWriter, read_spool
from agent.streams import end_fields
from host.align.bag import check_bag
from host.run.folder import RunFolder, create, write_json
from tests.faults.case import Case, Seen, WrongSealError, need, recovered, reported
from tests.faults.programs.host_half import go_on
from tests.faults.traced import Traced, traced, why_not

ATTEMPTS, LINES = 2, 12
STREAMS = ("events", "source-x")
TAGS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")
STATUSES = ("valid", "void", "incomplete")


@functools.cache
def plan() -> dict[str, Any]:
    from tests.fakes.records import sample_plan

    found: dict[str, Any] = msgspec.to_builtins(sample_plan(ATTEMPTS))
    return found


def prepared(place: Path) -> tuple[RunFolder, Path]:
    """A run folder with its plan, and a spool in which every attempt has ended."""
    folder = create(place, "run")
    write_json(folder.data / "plan.json", plan())
    spool = place / "spool"
    for number in range(1, ATTEMPTS + 1):
        attempt = spool / f"{number:03d}"
        attempt.mkdir(parents=True)
        ends = [written(attempt, name) for name in STREAMS]
        said = {"number": number, "status": "valid", "reason": "", "streams": ends}
        (spool / f"{number:03d}.json").write_text(json.dumps(said))
    return folder, spool


def written(attempt: Path, name: str) -> dict[str, Any]:
    writer = SpoolWriter(attempt / f"{name}.tsv", name, "test", (Column("t_ns", "ns"),))
    writer.extend([(str(i),) for i in range(LINES)])
    return end_fields(writer.close())


def touched(folder: RunFolder) -> tuple[Path, ...]:
    """Every path that the host may write in the folder; faults strike these calls alone."""
    names = [folder.data / f"journal.tsv{end}" for end in ("", ".part")]
    for number in range(1, ATTEMPTS + 1):
        attempt = folder.attempt(number)
        names += [attempt, *(attempt / f"{name}.tsv" for name in STREAMS)]
        names += [attempt / "attempt.json", attempt / "attempt.json.part"]
    names += [folder.path / f"{tag}{end}" for tag in TAGS for end in ("", ".part")]
    return (folder.path, folder.data, folder.data / "attempts", *names)


def check_seal(folder: RunFolder) -> None:
    """Raises WrongSealError for a folder that is called sealed and is not intact."""
    found = check_bag(folder.path) if folder.sealed else ()
    if found:
        raise WrongSealError(f"sealed, and {[f.rule for f in found]}")


def check_kept(folder: RunFolder) -> int:
    """Every attempt has a status and every line that was stated. Gives the number of lines."""
    lines = 0
    for number in range(1, ATTEMPTS + 1):
        path = folder.attempt(number)
        stated = json.loads((path / "attempt.json").read_bytes())
        need(stated["status"] in STATUSES, f"attempt {number} has status {stated['status']!r}")
        for name in STREAMS:
            found = read_spool((path / f"{name}.tsv").read_bytes())
            need(len(found.lines) == LINES, f"attempt {number} lost lines of {name}: {stated}")
            lines += len(found.lines)
    return lines


def outcome(run: Traced, folder: RunFolder, spool: Path, what: str) -> Seen:
    """What the run left, and that the next start makes it whole without a hand."""
    need(b"Traceback" not in run.err, f"{what}: {run.err.decode(errors='replace')[-800:]}")
    check_seal(folder)
    whole = folder.sealed
    if not whole:
        go_on(folder.path, spool)
        check_seal(folder)
    need(folder.sealed, "the next start did not seal")
    lines = check_kept(folder)
    said = run.out.decode().splitlines()[-1:] or [f"ended with {run.status}"]
    make = recovered if whole or run.status < 0 else reported
    return make(f"{what}: {said[0][:100]}", lines, fired=run.fired)


def host(row: str, fault: str, most: int, weight: int = 8) -> Case:
    def play(place: Path, draw: random.Random) -> Seen:
        folder, spool = prepared(place)
        n = draw.randint(1, most)
        argv = ("host_half", folder.path, spool)
        run = traced(fault, n, argv, place / "trace", touched(folder))
        return outcome(run, folder, spool, f"{fault} at call {n}")

    return Case(row, f"host: {fault}", play, why_not, weight)


RENAMES = "rename,renameat,renameat2"
CASES = (
    host("F1", "write:signal=SIGKILL", 17),
    host("F1", "fsync:signal=SIGKILL", 30),
    host("F1", f"{RENAMES}:signal=SIGKILL", 6),
    host("F1", "openat:signal=SIGKILL", 60),
    host("F14", "write:error=ENOSPC", 17),
    host("F14", "openat:error=ENOSPC", 40),
    host("F15", "write:error=EIO", 17),
    host("F15", "fsync:error=EIO", 30),
    host("F15", "close:error=EIO", 60, 4),
    host("F15", "read:error=EIO", 30),
    host("F15", f"{RENAMES}:error=EIO", 6),
    host("F16", "write:retval=7", 17),
    host("F16", "read:retval=0", 30),
    host("F16", f"{RENAMES}:retval=0", 6),
    host("F17", "openat:error=EMFILE", 60),
)
