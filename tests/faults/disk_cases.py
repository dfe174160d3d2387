"""Disks that are full to the last byte or file, and processes out of bounds (F14, F17)."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from agent.spool import SpoolWriter, read_spool
from agent.streams import disk_reason
from host.errors import FolderError
from host.run.folder import check_writable
from tests.faults.case import Case, Seen, broken, need, reported
from tests.faults.host_cases import outcome, prepared
from tests.faults.programs.spool import COLUMNS
from tests.faults.small import small_disk, why_not
from tests.faults.spool_cases import BATCH, LINES, check_stream, told
from tests.faults.spool_cases import outcome as outcome_of_stream
from tests.faults.traced import Traced, environment, program

PAGE_BYTES = 4096


def stream(place: Path, draw: random.Random) -> Seen:
    """A stream is written until the disk takes no more: whole lines, and the reason says so."""
    with small_disk(place, draw.randint(1, 12) * PAGE_BYTES, 10) as disk:
        writer, written, batch = None, 0, draw.randint(1, 60)
        try:
            writer = SpoolWriter(disk / "source-x.tsv", "source-x", "test", COLUMNS)
            for start in range(0, 100_000, batch):
                writer.extend([(str(i), str(i * 7)) for i in range(start, start + batch)])
                written = start + batch
        except OSError as err:
            need(disk_reason(err).startswith("disk-full"), disk_reason(err))
        end = writer.close() if writer is not None else None
        found = read_spool((disk / "source-x.tsv").read_bytes())
        need(found.faults == (), f"faults {found.faults}")
        need(end is not None and len(found.lines) == end.lines, f"{end}: {len(found.lines)}")
        need(len(found.lines) >= written, f"{len(found.lines)} of {written} lines")
        return reported(f"full after {written} lines, {len(found.lines)} whole", written)


def host(place: Path, draw: random.Random) -> Seen:
    """The host's disk fills between an attempt and the seal; with room again the run goes on."""
    with small_disk(place, 64 * PAGE_BYTES, 60) as disk:
        (place / "device").mkdir()
        folder, spool = prepared(disk)
        moved = place / "device" / "spool"
        shutil.move(spool, moved)  # the device's own disk
        if draw.random() < 0.5:
            fill_names(disk, draw.randint(0, 14))
        else:
            fill_bytes(disk, draw.randint(0, 10))
        done = subprocess.run(
            program("host_half", folder.path, moved),
            capture_output=True, check=False, env=environment(),
        )  # fmt: skip
        for filler in disk.glob("filler*"):
            filler.unlink()
        run = Traced(done.returncode, done.stdout, done.stderr, done.returncode != 0)
        return outcome(run, folder, moved, "disk full")


def fill_names(disk: Path, left: int) -> None:
    """Leave room for so many files."""
    names = []
    try:
        for number in range(1000):
            path = disk / f"filler-{number}"
            path.touch()
            names.append(path)
    except OSError:
        for path in names[:left]:
            path.unlink()


def fill_bytes(disk: Path, left: int) -> None:
    """Leave room for so many pages."""
    with (disk / "filler").open("wb", buffering=0) as file:
        size = 0
        try:
            while True:
                size += file.write(bytes(PAGE_BYTES))
        except OSError:
            file.truncate(max(0, size - left * PAGE_BYTES))


def refused(place: Path, draw: random.Random) -> Seen:
    """A run is refused before it begins where there is less than the reserve."""
    with small_disk(place, draw.randint(1, 16) << 20, 100) as disk:
        try:
            check_writable(disk / "runs")
        except FolderError as err:
            need(not list(disk.iterdir()), "it left something behind")
            return reported(str(err).rpartition(": ")[2])
    raise broken("let begin on a disk without a reserve")


def bounded(what: str, limit: int, low: int, high: int) -> Case:
    """A writer whose process has too little of something."""

    def play(place: Path, draw: random.Random) -> Seen:
        most = draw.randint(low, high)

        def bound() -> None:
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # EFBIG instead, as Python has it
            resource.setrlimit(limit, (most, most))

        run = limited(program("spool", place, LINES, BATCH), bound)
        said = told(run.out)
        check_stream(place, said)
        need(b"Traceback" not in run.err or not said.acknowledged, run.err.decode())
        return outcome_of_stream(said, run, f"{what} {most}")

    return Case("F17", f"ulimit: {what}", play, weight=4)


def limited(argv: list[str], bound: Callable[[], None]) -> Traced:
    done = subprocess.run(
        argv, capture_output=True, check=False, env=environment(), preexec_fn=bound
    )
    return Traced(done.returncode, done.stdout, done.stderr, done.returncode != 0)


CASES = (
    Case("F14", "small disk: stream", stream, why_not, 10),
    Case("F14", "small disk: host", host, why_not, 10),
    Case("F14", "small disk: no reserve", refused, why_not, 3),
    bounded("file size", resource.RLIMIT_FSIZE, 0, 500),
)
