"""Files to and from a device over a session: POSIX sh, mkdir, dd, cat and ls do the work there."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport.base import Moved
from host.transport.openssh.link import Link
from host.transport.openssh.session import CHUNK_BYTES, Session

TICK_S = 0.5
WATCH_S = 0.05
# $1 the file, $2 its folder, $3 the offset. The first dd cuts the file at the offset (POSIX dd,
# seek without notrunc), the second moves the shared offset of fd 1 there. Nothing appends: a
# writer that a dead link left behind could only write the same bytes to the same place.
# Where much is on its way, the size is said every few seconds: the link's own buffers hide from
# us whether bytes still arrive there.
PUSH = """
mkdir -p -- "$2" || exit
dd "of=$1" bs=1 "seek=$3" count=0 </dev/null || exit
[ "$4" = 0 ] || {
    ( trap 'kill "$p"; exit' TERM
      while :; do sleep "$4" >/dev/null & p=$!; wait "$p"; ls -ln -- "$1"; done
    ) </dev/null 2>/dev/null &
    watch=$!
}
{ dd bs=1 "seek=$3" count=0 </dev/null && cat; } 1<>"$1"
s=$?
[ "$4" = 0 ] || { kill "$watch"; wait "$watch"; } 2>/dev/null
exit "$s"
"""
# Below this no buffer between the ends hides much: a session's window in OpenSSH is 2 MiB.
WATCHED_BYTES = 1 << 20
# $1 the file, $2 blocks to skip, $3 blocks to take or nothing.
PULL = """
if [ -e "$1" ] && [ ! -f "$1" ]; then echo "not a regular file" >&2; exit 1; fi
exec dd "if=$1" bs=65536 "skip=$2" ${3:+"count=$3"}
"""
BLOCK_BYTES = 1 << 16  # as in PULL; what lies before the offset in its block is dropped here


class Progress:
    """Raises UnreachableError from check() once nothing has moved for stall_s."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._size = b""
        self.moved()

    def moved(self) -> None:
        """Something moved just now."""
        self._last = time.monotonic()

    def listen(self, pipe: BinaryIO) -> None:
        """Take sizes from lines of `ls -ln`, whose fifth word is one; to the end of the pipe."""
        rest = b""
        with pipe:
            while chunk := pipe.read(CHUNK_BYTES):
                *lines, rest = (rest + chunk)[-CHUNK_BYTES:].split(b"\n")
                words = lines[-1].split() if lines else []
                if len(words) > 4 and words[4] != self._size:  # noqa: PLR2004 - ls(1), POSIX
                    self._size = words[4]
                    self.moved()

    def check(self) -> None:
        """Give the whole connection up when it stalls: late bytes of it must not be written."""
        if time.monotonic() - self._last > self._link.stall_s:
            self._link.drop()
            raise UnreachableError(
                self._link.device, f"nothing has moved for {self._link.stall_s:g} s"
            )


def push(link: Link, src: Path, dst: PurePosixPath, offset: int, moved: Moved) -> None:
    """See Transport.push.

    The file itself is the session's stdin: ssh hands it on to the master, which reads it. No
    byte goes through this process; how far it is shows in the offset that all of them share.
    """
    names = [str(dst), str(dst.parent), str(offset)]
    try:
        with src.open("rb", buffering=0) as file:
            left = file.seek(0, os.SEEK_END) - offset
            file.seek(offset)
            session = _push(link, file, [*names, _watch_s(link, left)], moved)
    except OSError as err:
        raise FarFileError(link.device, str(dst), f"{src}: {err.strerror}") from err
    if session.status is None:
        raise session.broken()
    if session.status != 0:
        raise FarFileError(link.device, str(dst), session.said())


def _watch_s(link: Link, left: int) -> str:
    """How often the far end says the size, for `sleep`; 0 for never."""
    return str(max(1, round(link.stall_s / 6))) if left > WATCHED_BYTES else "0"


def _push(link: Link, file: BinaryIO, argv: list[str], moved: Moved) -> Session:
    """Wait for a session that takes the file; it has ended or was killed."""
    deadline, at = time.monotonic() + link.connect_timeout_s, file.tell()
    session = Session(link, ["sh", "-c", PUSH, "sh", *argv], deadline, source=file)
    progress = Progress(link)
    threading.Thread(target=progress.listen, args=(session.stdout,), daemon=True).start()
    ended = False
    try:
        while not ended:
            ended = session.ended.wait(WATCH_S)
            now = file.tell()
            if now > at:
                progress.moved()
                moved(now - at)
            elif not ended:
                progress.check()
            at = now
    finally:
        if not ended:
            session.kill()
        session.finish()
    return session


def pull(
    link: Link, src: PurePosixPath, dst: Path, offset: int, most: int | None, moved: Moved
) -> int:
    """See Transport.pull."""
    skip, before = divmod(offset, BLOCK_BYTES)
    blocks = None if most is None else -(-(before + most) // BLOCK_BYTES)
    argv = ["sh", "-c", PULL, "sh", str(src), str(skip), "" if blocks is None else str(blocks)]
    session = Session(link, argv, time.monotonic() + link.connect_timeout_s)
    goal = _Goal(dst, offset)
    try:
        for chunk in _between(_arriving(link, session, blocks), before, most):
            goal.write(chunk)
            moved(len(chunk))
        if session.ended.wait(link.stall_s) and session.status == 0:
            goal.open()
    except OSError as err:
        raise FarFileError(link.device, str(src), f"{dst}: {err.strerror}") from err
    finally:
        goal.close()
        if not session.ended.is_set():
            session.kill()
        session.finish()
        session.stdout.close()
    if session.status is None:
        raise session.broken()
    if session.status != 0:
        raise FarFileError(link.device, str(src), session.said())
    return goal.count


def _arriving(link: Link, session: Session, blocks: int | None) -> Iterator[bytes]:
    """What stdout brings, to its end. A device that sends more than was asked for is left."""
    progress, fd, total = Progress(link), session.stdout.fileno(), 0
    while blocks is None or total <= blocks * BLOCK_BYTES:
        if not select.select([fd], [], [], TICK_S)[0]:
            progress.check()
            continue
        chunk = os.read(fd, CHUNK_BYTES)
        if not chunk:
            return
        total += len(chunk)
        progress.moved()
        yield chunk
    session.kill()
    raise TransportError(link.device, "it sends more than was asked for")


def _between(chunks: Iterator[bytes], before: int, most: int | None) -> Iterator[bytes]:
    """Drop the first bytes, and all past the most that are wanted."""
    left = most
    for chunk in chunks:
        wanted = chunk[before:] if left is None else chunk[before : before + left]
        before = max(0, before - len(chunk))
        if left is not None:
            left -= len(wanted)
        if wanted:
            yield wanted


class _Goal:
    """A file here that is made with its first byte, cut at an offset, and synced at the end."""

    def __init__(self, path: Path, offset: int) -> None:
        self.count = 0
        self._path, self._offset = path, offset
        self._fd: int | None = None

    def open(self) -> int:
        """Make it if it is not there. Never follows a link."""
        if self._fd is None:
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._fd = os.open(self._path, flags, 0o644)
            os.ftruncate(self._fd, self._offset)
            os.lseek(self._fd, self._offset, os.SEEK_SET)
        return self._fd

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.open(), rest) :]
        self.count += len(data)

    def close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
