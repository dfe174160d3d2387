"""A push, and the collecting of a run, over a way to a device that breaks in the middle."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from host.deploy.layout import Store, Watch
from host.deploy.store import put
from host.errors import HostError, UnreachableError
from host.run.attempts import keep
from host.run.salvage import left_behind, salvage
from host.run.seal import seal
from host.transport.base import Transport
from tests.faults.case import Seen, broken, need, recovered, reported
from tests.faults.host_cases import check_kept, check_seal, prepared
from tests.faults.programs.host_half import bench_of
from tests.faults.store_cases import check_objects

Connect = Callable[[], Transport]


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder of a device, as it is called there and as this machine sees it."""

    there: PurePosixPath
    here: Path


@dataclass(frozen=True, slots=True)
class Push:
    """A file of random bytes that goes to a store in chunks. at: where it is broken, in bytes."""

    file: Path
    sha256: str
    size: int
    chunk_bytes: int
    at: int

    @classmethod
    def drawn(
        cls, place: Path, draw: random.Random, chunk_bytes: int, least_bytes: int = 0
    ) -> Push:
        size = max(chunk_bytes, least_bytes) + draw.randint(1, chunk_bytes)
        data = draw.randbytes(size)
        file = place / "model.gguf"
        file.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        return cls(file, sha256, size, chunk_bytes, draw.randint(1, size - 1))

    def to(self, transport: Transport, ground: Ground, watch: Watch) -> int:
        """Put it there; how many bytes of an earlier push were used."""
        store = Store(ground.there / "store", 0, wait_s=5.0, chunk_bytes=self.chunk_bytes)
        return put(transport, store, self.file, self.sha256, watch).resumed_bytes


def pushed(
    push: Push,
    ground: Ground,
    connect: Connect,
    breaks: Callable[[], None],
    on_its_way: int = sys.maxsize,
) -> Seen:
    """Push; once `at` bytes are on their way it breaks. The next push makes it whole.

    What lies in the store under a hash has that hash, before and after. on_its_way: bytes that
    buffers may hold at the break; whole chunks before them are not sent again.
    """
    struck: list[int] = []

    def progress(done: int, _total: int, _what: str) -> None:
        if done >= push.at and not struck:
            struck.append(done)
            breaks()

    said, left = "placed all the same", None
    with contextlib.closing(connect()) as transport:
        try:
            push.to(transport, ground, Watch(progress=progress))
        except UnreachableError as err:
            said = str(err)
        need(ground.here.exists(), "the device has lost its folder")
        left = check_objects(ground.here / "store", push.sha256)
        need(left or said != "placed all the same", "said to be placed, and is not there")
    with contextlib.closing(connect()) as transport:
        resumed = push.to(transport, ground, Watch())
    need(check_objects(ground.here / "store", push.sha256), "not there after the next push")
    due = (push.at - on_its_way) // push.chunk_bytes * push.chunk_bytes
    need(left or resumed >= due, f"{resumed} bytes used again, {due} had come for sure")
    make = recovered if left else reported
    detail = f"at {push.at} of {push.size}: {said[-70:]}; {resumed} bytes used again"
    return make(detail, 1, fired=bool(struck))


def collected(place: Path, ground: Ground, connect: Connect, again: Connect) -> Seen:
    """Collect a run and seal it; where the way breaks for good, the next start does the rest.

    Every line is there afterwards, and what is sealed is right.
    """
    folder, spool = prepared(place)
    shutil.copytree(spool, ground.here / "spool", ignore=shutil.ignore_patterns("*.json"))
    there, said = Path(ground.there / "spool"), ""
    try:
        with contextlib.closing(connect()) as transport:
            bench = bench_of(folder.path, there, transport, patience_s=2.0)
            with contextlib.closing(bench.journal):
                for path in sorted(spool.glob("*.json")):
                    keep(bench, int(path.stem), json.loads(path.read_bytes()), "far")
    except UnreachableError as err:
        said = str(err)
    check_seal(folder)
    with contextlib.closing(again()) as transport:
        bench = bench_of(folder.path, there, transport)
        with contextlib.closing(bench.journal):
            for number in left_behind(bench):
                salvage(bench, number, "cut-off: the link went in the middle of the attempt")
            bench.journal.note("run_end")
    seal(folder, made_by="test")
    check_seal(folder)
    lines = check_kept(folder)
    noted = sum("\tpull_cut\t" in path.read_text() for path in folder.data.glob("journal*.tsv"))
    make = reported if said else recovered
    return make(f"{said[-70:] or 'went on'}; {noted} cuts in the journal", lines)


def flooded(ask: Callable[[], object], after: Callable[[], None]) -> Seen:
    """A device that never stops talking is told to, in a sentence; the next question works."""
    try:
        ask()
    except HostError as err:
        after()
        return reported(str(err)[:90])
    raise broken("output without end was taken")
