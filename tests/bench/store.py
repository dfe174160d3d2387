"""Prints what the store costs, as ratios on this machine.

    python tests/bench/store.py [--mib 512] [--link-mb-s 100]

Unchanged 4 GiB sparse file: time of a put that accepts it, over hashing it once on the device.
Budget: <= 1 s. New file: plain push over put, which also proves it; on this machine itself, where
both are bound by disk and processor, and behind a link of a stated rate. Budget: >= 0.9 of a link.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from host.deploy.layout import Site, Store
from host.deploy.store import How, adopt, hash_there, put
from host.transport.base import Moved, unwatched
from host.transport.local import Local

SPARSE_BYTES = 4 << 30


class Slow(Local):
    """This machine at the end of a link of a stated rate (bytes per second)."""

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        start, sent = time.monotonic(), 0

        def paced(count: int) -> None:
            nonlocal sent
            sent += count
            threading.Event().wait(max(0.0, start + sent / self._rate - time.monotonic()))
            moved(count)

        super().push(src, dst, offset=offset, moved=paced)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


def unchanged(place: Path) -> None:
    """A sparse file of 4 GiB is adopted, which hashes it once, and then accepted."""
    file = place / "sparse.gguf"
    with file.open("wb") as sparse:
        sparse.truncate(SPARSE_BYTES)
    store = Store(PurePosixPath(place / "store"))
    path = PurePosixPath(file)
    digest = hash_there(Site(Local(), store), path).sha256
    hashing = timed(lambda: adopt(Local(), store, path, digest))
    took = [timed(lambda: put(Local(), store, file, digest)) for _ in range(9)]
    assert put(Local(), store, file, digest).how is How.UNCHANGED
    median = statistics.median(took)
    sys.stdout.write(
        f"unchanged 4 GiB sparse file: {median:.3f} s (largest of 9: {max(took):.3f} s), "
        f"{median / hashing:.4f} of hashing it ({hashing:.1f} s)\n"
    )


def new(place: Path, mib: int, rate: float | None, pairs: int) -> None:
    """Plain push and put of the same new bytes, in turns."""
    file = place / "new.gguf"
    file.write_bytes(os.urandom(1 << 20) * mib)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    transport = Slow(rate) if rate else Local()
    ratios = []
    for number in range(pairs):
        plain = place / f"plain-{number}"
        store = Store(PurePosixPath(place / f"store-{number}"), reserve_bytes=0)
        pushing = timed(lambda to=plain: transport.push(file, PurePosixPath(to)))  # type: ignore[misc]
        putting = timed(lambda to=store: put(transport, to, file, digest))  # type: ignore[misc]
        ratios.append(pushing / putting)
        plain.unlink()
    link = f"a link of {rate / 1e6:.0f} MB/s" if rate else "this machine itself"
    sys.stdout.write(
        f"new {mib} MiB, {link}: plain push / put median {statistics.median(ratios):.3f} "
        f"({min(ratios):.3f} to {max(ratios):.3f}, n = {pairs})\n"
    )


def main() -> None:
    """Run both and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--link-mb-s", type=float, default=100.0)
    parser.add_argument("--pairs", type=int, default=5)
    asked = parser.parse_args()
    for work in (
        unchanged,
        lambda place: new(place, asked.mib, asked.link_mb_s * 1e6, asked.pairs),
        lambda place: new(place, asked.mib, None, asked.pairs),
    ):
        with tempfile.TemporaryDirectory() as name:
            work(Path(name))


if __name__ == "__main__":
    main()
