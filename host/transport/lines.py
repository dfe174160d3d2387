"""Lines out of a byte stream that a thread reads, so that every read has a deadline."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from host.transport.base import MAX_LINE_BYTES


class Lines:
    """Cuts chunks into lines. read: gives the next chunk, b"" at the end; called by a thread."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def next(self, *, timeout_s: float) -> bytes:
        """The next line with its LF, a torn last one without; b"" at the end and from then on."""
        try:
            raw = self._lines.get(timeout=timeout_s)
        except queue.Empty as err:
            raise TimeoutError(f"no line within {timeout_s:g} s") from err
        if not raw:
            self._lines.put(b"")  # stays closed for the next caller
        return raw

    def join(self, *, timeout_s: float) -> None:
        """Wait for the reader to see the end."""
        self._thread.join(timeout=timeout_s)

    def _pump(self) -> None:
        rest = b""
        try:
            while chunk := self._read():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    self._lines.put(line + b"\n")
                while len(rest) >= MAX_LINE_BYTES:
                    self._lines.put(rest[:MAX_LINE_BYTES])
                    rest = rest[MAX_LINE_BYTES:]
        finally:
            if rest:
                self._lines.put(rest)
            self._lines.put(b"")
