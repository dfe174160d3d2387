"""A serial line between two ptys that has a rate, noise and an end."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Spoil = Callable[[int, bytes], bytes]


def clean(_: int, data: bytes) -> bytes:
    return data


def flipped(at: int, data: bytes, every: int = 3001) -> bytes:
    """One bit of every so many bytes."""
    return bytes(
        byte ^ 4 if (at + place) % every == every - 1 else byte for place, byte in enumerate(data)
    )


def torn(at: int, data: bytes, every: int = 4001) -> bytes:
    """Twelve bytes of every so many are lost."""
    return bytes(byte for place, byte in enumerate(data) if (at + place) % every < every - 12)


def kernel(at: int, data: bytes, every: int = 997) -> bytes:
    """A message of the kernel after every so many bytes, wherever that is."""
    message = b"[   42.613374] usb 1-1.3: device descriptor read/64, error -71\r\n"
    split = every - at % every
    return data if split > len(data) else data[:split] + message + data[split:]


def binary(at: int, data: bytes, every: int = 2503) -> bytes:
    """Binary noise and things that a terminal would obey."""
    split = every - at % every
    return data if split > len(data) else data[:split] + b"\x00\xff\x1b[2J\x07" + data[split:]


@dataclass
class BadLine:
    """port: what the host opens. far: the port of the unit.

    up, down: what the line makes of bytes towards the host and away from it; called with the
    place of the first in all that went that way. rate: bytes/s each way, None for no limit.
    cut_at: after so many bytes towards the host the line is gone.
    """

    port: Path
    far: Path
    up: Spoil = clean
    down: Spoil = clean
    rate: float | None = None
    cut_at: int | None = None

    def __post_init__(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._held = slave
        self.port.symlink_to(os.ttyname(slave))
        self._far = os.open(self.far, os.O_RDWR | os.O_NOCTTY)
        self.up_bytes = self.down_bytes = 0
        self._end, self._ended = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """The host's port vanishes; the unit notices nothing, as with three wires."""
        if self._ended >= 0:  # once: its number may be another thread's file by then
            os.close(self._ended)
            self._ended = -1
        self._thread.join()
        self.port.unlink(missing_ok=True)

    def _carry(self) -> None:
        step = 1 << 16 if self.rate is None else max(1, int(self.rate / 100))
        try:
            while self.cut_at is None or self.up_bytes < self.cut_at:
                ready, _, _ = select.select([self._master, self._far, self._end], [], [])
                if self._end in ready:
                    return
                self._pass_on(ready, step)
        except OSError:
            return
        finally:
            for fd in (self._held, self._master, self._far, self._end):
                os.close(fd)

    def _pass_on(self, ready: list[int], step: int) -> None:
        until = time.monotonic() + (0 if self.rate is None else step / self.rate)
        if self._far in ready:
            data = os.read(self._far, step)
            self._write(self._master, self.up(self.up_bytes, data))
            self.up_bytes += len(data)
        if self._master in ready:
            data = os.read(self._master, step)
            self._write(self._far, self.down(self.down_bytes, data))
            self.down_bytes += len(data)
        if self.rate is not None:  # the wire is busy for as long
            time.sleep(max(0.0, until - time.monotonic()))

    def _write(self, fd: int, data: bytes) -> None:
        """Wait for room, but not past the end of the line."""
        while data:
            ready, _, _ = select.select([self._end], [fd], [])
            if ready:
                raise BrokenPipeError
            data = data[os.write(fd, data[:512]) :]


@contextmanager
def bad_line(line: BadLine) -> Iterator[BadLine]:
    try:
        yield line
    finally:
        line.unplug()
