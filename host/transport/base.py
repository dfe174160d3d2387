"""The way to a device, whatever it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol


class Stream(Protocol):
    """A byte stream to a process on the device; lines go both ways."""

    def send(self, data: bytes) -> None: ...

    def receive_line(self, *, timeout_s: float) -> bytes:
        """The next line with its LF; b"" when the far end closed.

        Raises TimeoutError when the deadline passes.
        """
        ...

    def close(self, *, timeout_s: float) -> int | None:
        """Close our side and wait; the far end's exit status, None when it had to be killed."""
        ...


class Transport(Protocol):
    """Runs commands on one device and moves files to and from it.

    Commands are argument lists; quoting for a far shell is the transport's business. Every
    call has a deadline. No call retries: the caller knows whether a second try would spoil the
    measurement.
    """

    @property
    def device(self) -> str: ...

    def run(self, argv: Sequence[str], *, timeout_s: float) -> bytes: ...

    def push(self, src: Path, dst: PurePosixPath, *, timeout_s: float) -> None: ...

    def pull(self, src: PurePosixPath, dst: Path, *, timeout_s: float) -> None: ...

    def open(self, argv: Sequence[str]) -> Stream: ...
