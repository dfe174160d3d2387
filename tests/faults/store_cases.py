"""Files pushed to a store on the device, cut and killed (F1, F7, F10, F14 to F16).

What lies in a store under a hash has that hash, whatever happened; the next push goes on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
from pathlib import Path
from typing import Any

from host.deploy.store import put
from host.errors import HostError
from host.transport.local import Local
from tests.fakes.bad_link import BadLink, Wire
from tests.faults.case import BrokenError, Case, Seen, need, recovered, reported
from tests.faults.programs.put import CHUNK_BYTES, store_at
from tests.faults.traced import traced, why_not

SIZE = 3 * CHUNK_BYTES + 77


def model(place: Path, draw: random.Random) -> tuple[Path, str]:
    data = draw.randbytes(SIZE)
    (place / "model.gguf").write_bytes(data)
    return place / "model.gguf", hashlib.sha256(data).hexdigest()


def check_objects(root: Path, sha256: str) -> bool:
    """Whether the file is there. Raises BrokenError for another content under this hash."""
    found = [p for p in (root / "objects").rglob("*") if p.is_file() and p.name[0] != "."]
    for path in found:
        whole = hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        need(whole, f"{path.name} has another content than its hash says")
    return bool(found)


def goes_on(root: Path, file: Path, sha256: str) -> int:
    """Push again over a good link; gives how much of the earlier push was used."""
    placed = put(Local(), store_at(root), file, sha256)
    need(check_objects(root, sha256), "it is not there after the next push")
    return placed.resumed_bytes


def wired(row: str, fault: str) -> Case:
    """A link that does something once, at a byte of the file."""

    def play(place: Path, draw: random.Random) -> Seen:
        file, sha256 = model(place, draw)
        change: Any = {fault: draw.randint(0, SIZE - 1)}
        wire, root = dataclasses.replace(Wire(), **change), place / "store"
        said = "placed"
        try:
            put(BadLink(wire), store_at(root), file, sha256)
        except HostError as err:
            said = str(err)
        check_objects(root, sha256)
        resumed = goes_on(root, file, sha256)
        make = recovered if said == "placed" else reported
        return make(f"{said[-80:]}; {resumed} bytes of it used by the next push", 1)

    return Case(row, f"push: {fault}", play, weight=4)


def failing(row: str, fault: str, most: int) -> Case:
    """A push whose n-th call on the part fails, on the host's side or the device's."""

    def play(place: Path, draw: random.Random) -> Seen:
        file, sha256 = model(place, draw)
        root, n = place / "store", draw.randint(1, most)
        part = Path(store_at(root).part(sha256))
        argv = ("put", root, file, sha256)
        run = traced(fault, n, argv, place / "trace", (part,))
        need(b"Traceback" not in run.err, run.err.decode(errors="replace")[-800:])
        if run.out.startswith(b"placed") and not check_objects(root, sha256):
            raise BrokenError("it says that it placed the file, and there is none")
        resumed = goes_on(root, file, sha256)
        said = run.out.decode().strip() or f"ended with {run.status}"
        make = reported if said.startswith("error") else recovered
        return make(f"{fault} at {n}: {said[-70:]}; {resumed} bytes used", 1, fired=run.fired)

    return Case(row, f"store: {fault}", play, why_not, 4)


CASES = (
    wired("F7", "cut_at"),
    wired("F10", "flip_at"),
    wired("F16", "lose_at"),
    wired("F14", "full_at"),
    failing("F1", "write:signal=SIGKILL", 4),
    failing("F14", "write:error=ENOSPC", 4),
    failing("F15", "write:error=EIO", 4),
    failing("F15", "fsync:error=EIO", 1),
    failing("F16", "write:retval=4096", 4),
)
