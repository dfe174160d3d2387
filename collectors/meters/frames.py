"""Bytes off a line into frames of a known length, bounded in time and in number."""

from __future__ import annotations

import time

from collectors.meters.protocol import Line

# A line that still talks after so many reads between two questions is not a quiet instrument.
MOST_DRAINS = 64
CHUNK_BYTES = 4096


def collect(line: Line, count: int, *, timeout_s: float) -> bytes:
    """So many bytes, or fewer where the time was up. Raises MeterError when the line is gone."""
    deadline = time.monotonic() + timeout_s
    data = b""
    while len(data) < count:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        data += line.receive(count - len(data), timeout_s=left_s)
    return data


def hush(line: Line, *, silence_s: float) -> bool:
    """Throw away what nobody asked for until the line was silent so long; False: it babbles."""
    return any(not line.receive(CHUNK_BYTES, timeout_s=silence_s) for _ in range(MOST_DRAINS))


class Buffered:
    """Bytes of a stream that frames are cut from, at most so many."""

    def __init__(self, line: Line, most: int) -> None:
        self._line, self._most = line, most
        self.kept = b""

    def fill(self, *, timeout_s: float) -> bool:
        """Wait for more bytes; False: none came in time. The oldest go where too many stand."""
        more = self._line.receive(CHUNK_BYTES, timeout_s=timeout_s)
        self.kept = (self.kept + more)[-self._most :]
        return bool(more)

    def drop(self, count: int) -> None:
        """The first `count` bytes are dealt with."""
        self.kept = self.kept[count:]

    def clear(self) -> None:
        self.kept = b""
