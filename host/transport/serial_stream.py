"""Lines to and from a command behind a serial console, while the console stays free."""

from __future__ import annotations

from collections import deque

from host.errors import UnreachableError
from host.transport.base import MAX_LINE_BYTES, STALL_S
from host.transport.serial_job import REPLY_S, Job
from host.transport.serial_link import RefusedError, UnansweredError
from host.transport.serial_port import deadline, left


class SerialStream:
    """A Stream. Nobody reads in the background: what is not asked for waits on the unit.

    Bytes go exactly, so lines may be of any length; what the command says on stderr is lost.
    """

    def __init__(self, job: Job, *, piece_bytes: int, device: str) -> None:
        self._job, self._piece_bytes, self._device = job, piece_bytes, device
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._status: int | None = None
        self._closed = False

    def send(self, data: bytes) -> None:
        """Raises UnreachableError when the command has ended or takes nothing for STALL_S."""
        try:
            for at in range(0, len(data), self._piece_bytes):
                feed(self._job, data[at : at + self._piece_bytes], self._device)
        except RefusedError as err:
            raise UnreachableError(self._device, "the command no longer listens") from err

    def receive_line(self, *, timeout_s: float) -> bytes:
        until = deadline(timeout_s)
        while not (self._lines or self._job.over):
            if not self._take(until) and not left(until):
                raise TimeoutError(f"no line within {timeout_s:g} s")
        return self._lines.popleft() if self._lines else self._torn()

    def close(self, *, timeout_s: float) -> int | None:
        if self._closed:
            return self._status
        self._closed = True
        until = deadline(timeout_s)
        try:
            self._finish(until)
        except (UnreachableError, RefusedError):
            self._job.over = True  # the line is gone; the next connection ends the command
        return self._status

    def _finish(self, until: float) -> None:
        """End its input, take the rest of its output, end it when it does not end."""
        said = False
        while not self._job.over:
            if not said and self._status is None:
                said = self._job.put(b"", timeout_s=max(REPLY_S, left(until))) != "full"
            if not self._job.over:
                self._take(until)
            if not left(until) and not self._job.over:
                # Its status may be known while somebody it started holds on to its output.
                (self._job.kill if self._status is None else self._job.forget)()

    def _take(self, until: float) -> bool:
        """Fetch output; whether a line or the end of all came."""
        wait_s = left(until)
        try:
            taken = self._job.take(timeout_s=max(REPLY_S, wait_s), wait_s=wait_s)
        except UnansweredError:
            return False  # asked for again later, nothing is lost
        except RefusedError as err:
            raise UnreachableError(self._device, "the unit no longer knows the command") from err
        *whole, self._rest = (self._rest + taken.out).split(b"\n")
        self._lines += [line + b"\n" for line in whole]
        if len(self._rest) >= MAX_LINE_BYTES:
            self._lines.append(self._rest)
            self._rest = b""
        if taken.status is not None:
            self._status = taken.status
        return bool(self._lines) or taken.over

    def _torn(self) -> bytes:
        torn, self._rest = self._rest, b""
        return torn


def feed(job: Job, piece: bytes, device: str) -> None:
    """Hand over one piece as soon as there is room. Raises UnreachableError after STALL_S."""
    until = deadline(STALL_S)
    while (taken := job.put(piece, timeout_s=max(REPLY_S, left(until)))) != "taken":
        if taken == "gone":
            raise UnreachableError(device, "the command no longer listens")
        if not left(until):
            raise UnreachableError(device, f"the command took no input for {STALL_S:g} s")
