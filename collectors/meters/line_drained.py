"""A line that a process of its own takes the bytes from, with the stamp of their coming.

Serial lines and HID reports: both are a file descriptor that such a process may read. USB
transfers are none, and need not be (README, Rules).
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from fcntl import fcntl
from pathlib import Path
from typing import Final

from collectors.clocks import DeviceClock
from collectors.meters import drain
from collectors.meters.line_hidraw import HidrawLine
from collectors.meters.line_serial import SerialLine
from collectors.meters.protocol import Line, MeterError
from collectors.protocol import Clock

_END_S: Final = 5.0


class DrainedLine:
    """A Line. arrived_ns: when the last bytes that `receive` gave had come (host's clock).

    fd: what the process reads. reports: each read of it is a report, of which `receive` gives one
    a call and never the rest of one.
    """

    def __init__(self, line: Line, fd: int, clock_id: int, *, reports: bool = False) -> None:
        self.name, self._line, self._reports = line.name, line, reports
        self.arrived_ns = 0
        self._kept = bytearray()
        self._pipe, theirs = os.pipe()
        with contextlib.suppress(OSError):  # a smaller pipe holds less, and that is all
            fcntl(theirs, drain.SET_PIPE_SIZE, drain.PIPE_BYTES)
        argv = [sys.executable, "-I", "-S", str(Path(drain.__file__)), str(fd), str(theirs)]
        # A session of its own: Ctrl-C and a stop at the terminal are the host's to deal with.
        self._process = subprocess.Popen(
            [*argv, str(clock_id)],
            stdin=subprocess.PIPE,
            pass_fds=(fd, theirs),
            start_new_session=True,
        )
        os.close(theirs)

    def send(self, data: bytes) -> None:
        self._line.send(data)

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while not (data := self._taken(most)):
            left_s = max(0.0, deadline - time.monotonic())
            if not select.select([self._pipe], [], [], left_s)[0]:
                return b""
            more = os.read(self._pipe, drain.MOST_BYTES)
            if not more:
                raise MeterError(self.name, "the port is gone")
            self._kept += more
        return data

    def close(self) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            return
        self._process.stdin.close()
        os.close(self._pipe)  # one that waits for room in it ends with it
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._line.close()

    def _taken(self, most: int) -> bytes:
        """Bytes of whole pieces, at most so many; of a piece that is longer its first part."""
        if self._reports:
            return self._report(most)
        found, size = bytearray(), drain.HEAD.size
        while len(self._kept) >= size:
            stamp_ns, length = drain.HEAD.unpack_from(self._kept)
            if len(self._kept) < size + length or (found and len(found) + length > most):
                break
            self.arrived_ns = stamp_ns
            part = min(length, most)
            found += self._kept[size : size + part]
            rest = drain.HEAD.pack(stamp_ns, length - part) if part < length else b""
            self._kept[: size + part] = rest
        return bytes(found)

    def _report(self, most: int) -> bytes:
        """The next whole report, cut at `most`; b"" where none is there."""
        size = drain.HEAD.size
        if len(self._kept) < size:
            return b""
        stamp_ns, length = drain.HEAD.unpack_from(self._kept)
        if len(self._kept) < size + length:
            return b""
        self.arrived_ns = stamp_ns
        found = bytes(self._kept[size : size + min(length, most)])
        del self._kept[: size + length]
        return found


def drained(line: Line, clock: Clock) -> Line:
    """The line with a process of its own, where one can read it and stamp what comes."""
    clock_id = clock.clock_id if isinstance(clock, DeviceClock) else None
    if clock_id is not None and isinstance(line, SerialLine):
        return DrainedLine(line, line.port.fileno(), clock_id)
    if clock_id is not None and isinstance(line, HidrawLine):
        return DrainedLine(line, line.fd, clock_id, reports=True)
    return line


def arrived_ns(line: Line, clock: Clock) -> int:
    """When the last bytes off a line had come: by its own stamp, else now."""
    stamp = getattr(line, "arrived_ns", None)
    return stamp if isinstance(stamp, int) else clock.now_ns()
