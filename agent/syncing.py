"""Brings the streams of a running attempt to the disk, from the session's process.

The kernel keeps what `write` took through any kill, but a power loss takes all that was not
synced. Who samples or decodes must not wait for a disk, so neither does this.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

# A power loss costs what was written in this time at most, and what the writers hold in memory.
SYNC_S = 2.0


class Syncer:
    """A thread that syncs every stream in a directory, until it is stopped."""

    def __init__(self, directory: Path, every_s: float = SYNC_S) -> None:
        self._directory, self._every_s = directory, every_s
        self._sizes: dict[Path, int] = {}
        self._over = threading.Event()
        threading.Thread(target=self._run, name="sync", daemon=True).start()

    def stop(self) -> None:
        """No more is begun; the writers sync what they close."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            # A disk that fails says so to the writer too, at its next write or at its close.
            with contextlib.suppress(OSError):
                sync_grown(self._directory, self._sizes)


def sync_grown(directory: Path, sizes: dict[Path, int]) -> None:
    """Sync the streams that have grown since the last time; `sizes` remembers how far.

    A new stream has its name synced too, and so has the directory. Raises OSError.
    """
    new = False
    for path in sorted(directory.glob("*.tsv")):
        size = path.stat().st_size
        if sizes.get(path) == size:
            continue
        new = new or path not in sizes
        _sync(path)
        sizes[path] = size
    if new:
        _sync(directory)
        _sync(directory.parent)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
