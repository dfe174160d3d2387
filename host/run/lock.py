"""One writer at a time: of a run folder while it is filled, and beside its seal later."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.errors import FolderError
from host.run.folder import RunFolder

LOCKS = Path("/proc/locks")
LOOKS = 3


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Two commands at once wait for one another; the lock goes with the process."""
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def owned(data: Path) -> Iterator[None]:
    """Be the only process that fills this run, to its end: a kill frees it, a pause does not.

    data: the folder `data/` of the run. No file says who has it, so none is ever left over.
    Raises FolderError, with the holder's process where the kernel tells. A file system without
    flock(2) for folders (some NFS) keeps nobody out. Raises it as well for a sealed run.
    """
    handle = os.open(data, os.O_RDONLY)
    try:
        _take(handle, data)
        RunFolder(data.parent).refuse_sealed()  # by one that had it until just now, too
        yield
    finally:
        os.close(handle)


def _take(handle: int, data: Path) -> None:
    """Lock it, or raise FolderError."""
    if holder := taken(handle):
        raise FolderError(str(data.parent), f"is in use by {holder}")


def taken(handle: int) -> str:
    """Lock what is open: "" when it is ours, else who has it.

    A holder that has gone while it was looked for is none, and neither is one on a file system
    without flock(2).
    """
    for _ in range(LOOKS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            if err.errno != errno.EWOULDBLOCK:
                return ""
        else:
            return ""
        if holder := _holder(handle):
            return holder
    return "another process"


def _holder(handle: int) -> str:
    """The process that has the lock, `1: FLOCK ADVISORY WRITE PID M:M:INODE` in proc(5) locks."""
    inode = os.fstat(handle).st_ino
    try:
        lines = LOCKS.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        words = line.split()
        if words[1:2] == ["FLOCK"] and words[5].endswith(f":{inode}") and words[4].isdigit():
            return f"process {words[4]}{_state(words[4])}"
    return ""


def _state(pid: str) -> str:
    """Whether that process is stopped, from the third field of proc(5) stat."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return ", which is stopped" if text.rpartition(")")[2].split()[0] == "T" else ""
