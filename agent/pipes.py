"""Wire lines over file descriptors, kept apart from what native libraries print."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.wire import MAX_MESSAGE_BYTES, encode

CHUNK_BYTES = 1 << 16
STDOUT, STDERR = 1, 2

# Called with the time of arrival is the receiver's business: it stamps first, then parses.
OnLine = Callable[[bytes], None]


def claim_stdout() -> int:
    """A descriptor of its own for what stdout was; stdout itself now goes where stderr goes.

    Call it before any library is imported that may print.
    """
    pipe = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    return pipe


def read_lines(fd: int) -> Iterator[bytes]:
    """Lines as they come, each with its LF; a last one without LF is torn and left out.

    Of a line beyond MAX_MESSAGE_BYTES one byte more than that is given, so that it is refused,
    and the rest is skipped. Reads the descriptor itself: a buffered reader of a thread that is
    still waiting would block the interpreter's end.
    """
    kept = bytearray()
    skipping = False
    while chunk := _read(fd):
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            if not skipping:
                yield bytes(kept + part + b"\n")[: MAX_MESSAGE_BYTES + 1]
            kept.clear()
            skipping = False
        if not skipping:
            kept += rest
        if len(kept) > MAX_MESSAGE_BYTES:
            yield bytes(kept[: MAX_MESSAGE_BYTES + 1])
            kept.clear()
            skipping = True


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, CHUNK_BYTES)
    except OSError:  # a far end that died (EIO of a terminal) has nothing more to say
        return b""


class Sender:
    """Sends messages down one descriptor; a far end that is gone is silence, not an error."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.broken = False

    def send(self, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        """Write one message whole."""
        data = memoryview(encode(kind, fields))
        try:
            while data and not self.broken:
                data = data[os.write(self._fd, data) :]
        except OSError:
            self.broken = True

    def close(self) -> None:
        """Close the descriptor: the far end reads its end."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd, self.broken = -1, True


def listen(fd: int, on_line: OnLine, on_end: Callable[[], None]) -> None:
    """Read lines in a thread of its own, which ends with the far end."""

    def pump() -> None:
        for raw in read_lines(fd):
            on_line(raw)
        on_end()

    threading.Thread(target=pump, name="pump", daemon=True).start()
