"""All that a session says, kept in a file and told to whoever listens, now or later."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.wire import encode

NAME = "said.jsonl"


class Said:
    """Appends messages to a file, one line each; never waits for a listener.

    before: how many lines an earlier session left in the file.

    A disk that takes no more silences the session towards later listeners only: `lost` counts
    what could not be kept.
    """

    def __init__(self, path: Path) -> None:
        self.broken = False
        self.lost = 0
        self._path = path
        self.before = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = self._whole()
        self._synced = -1
        self._news = threading.Condition()
        self._over = False

    def send(self, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        """Keep one message."""
        data = encode(kind, fields)
        with self._news:
            try:
                written = os.write(self._fd, data)
                grown = os.fstat(self._fd).st_size - self._size
            except OSError:
                written = grown = 0
            if not written == grown == len(data):  # a write that says more than it did, too
                self.lost += 1
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self._size)
                return
            self._size += written
            self._news.notify_all()

    def follow(self, first: int) -> Iterator[bytes]:
        """Whole lines from number `first` on, as they come, until `close`."""
        with self._path.open("rb") as file:
            for line in _whole_lines(file, self._wait):
                if first > 0:
                    first -= 1
                else:
                    yield line

    def sync(self) -> None:
        """Bring what was said since the last time to the disk; a listener need not wait for it."""
        size = self._size
        if size != self._synced:
            with contextlib.suppress(OSError):  # said again at `close`
                os.fsync(self._fd)
            self._synced = size

    def close(self) -> None:
        """End every `follow` after what was said."""
        with self._news:
            self._over = True
            os.fsync(self._fd)
            self._news.notify_all()

    def _whole(self) -> int:
        """Cut a torn last line off; count the lines of an earlier session of the same run."""
        size = 0
        for line in kept_lines(self._path):
            self.before += 1
            size += len(line)
        os.ftruncate(self._fd, size)
        return size

    def _wait(self, offset: int) -> bool:
        """Wait for more than `offset` bytes; False when there will be none."""
        with self._news:
            self._news.wait_for(lambda: self._over or self._size > offset)
            return self._size > offset


def kept_lines(path: Path) -> Iterator[bytes]:
    """Whole lines of a session that has ended; a torn last one is left out."""
    try:
        with path.open("rb") as file:
            yield from _whole_lines(file, lambda _: False)
    except FileNotFoundError:
        return


def _whole_lines(file: Any, wait: Any) -> Iterator[bytes]:  # noqa: ANN401
    rest, offset = b"", 0
    while True:
        chunk = file.read(1 << 16)
        if not chunk:
            if not wait(offset):
                return
            continue
        offset += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
