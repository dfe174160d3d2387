"""Lines out of a byte stream that a thread reads, so that every read has a deadline."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from host.transport.base import MAX_LINE_BYTES, MAX_OUTPUT_BYTES


class Lines:
    """Cuts chunks into lines. read: gives the next chunk, b"" at the end; called by a thread.

    No more than MAX_OUTPUT_BYTES wait here for whoever takes them: then the stream is not read
    on, and a far end that floods it has to wait itself.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._ended = self._left = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def next(self, *, timeout_s: float) -> bytes:
        """The next line with its LF, a torn last one without; b"" at the end and from then on."""
        with self._change:
            if not self._change.wait_for(lambda: self._lines or self._ended, timeout_s):
                raise TimeoutError(f"no line within {timeout_s:g} s")
            if not self._lines:
                return b""
            line = self._lines.popleft()
            self._waiting_bytes -= len(line)
            self._change.notify_all()
        return line

    def join(self, *, timeout_s: float) -> None:
        """Take no more: wait for the reader to see the end, whatever still comes."""
        with self._change:
            self._left = True
            self._change.notify_all()
        self._thread.join(timeout=timeout_s)

    def _pump(self) -> None:
        rest = b""
        try:
            while chunk := self._read():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    self._put(line + b"\n")
                while len(rest) >= MAX_LINE_BYTES:
                    self._put(rest[:MAX_LINE_BYTES])
                    rest = rest[MAX_LINE_BYTES:]
        finally:
            if rest:
                self._put(rest)
            with self._change:
                self._ended = True
                self._change.notify_all()

    def _put(self, line: bytes) -> None:
        with self._change:
            self._change.wait_for(lambda: self._left or self._waiting_bytes < MAX_OUTPUT_BYTES)
            if self._left and self._waiting_bytes >= MAX_OUTPUT_BYTES:
                return  # nobody will take it
            self._lines.append(line)
            self._waiting_bytes += len(line)
            self._change.notify_all()
