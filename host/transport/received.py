"""A file here that grows by what comes from a device."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from host.transport.base import Moved


class Received:
    """Writes from an offset on, at most so many bytes; opened when there is something to write.

    early: bytes that come before the first wanted one. Never follows a link. Raises OSError.
    """

    def __init__(
        self, dst: Path, offset: int, most: int | None, *, early: int, moved: Moved
    ) -> None:
        self._dst, self._offset, self._most = dst, offset, most
        self._early, self._moved = early, moved
        self._file: BinaryIO | None = None
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether it takes no more."""
        return self._most is not None and self.count >= self._most

    def write(self, data: bytes) -> None:
        skipped = min(self._early, len(data))
        self._early -= skipped
        left = len(data) if self._most is None else self._most - self.count
        wanted = data[skipped : skipped + left]
        if wanted:
            self._opened().write(wanted)
            self.count += len(wanted)
            self._moved(len(wanted))

    def finish(self) -> int:
        """Write it through to the disk; gives how many bytes came."""
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        return self.count

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._file = os.fdopen(os.open(self._dst, flags, 0o644), "wb")
            self._file.truncate(self._offset)
            self._file.seek(self._offset)
        return self._file
