"""The way to a device, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from host.errors import CommandFailedError

# What one command may say, both streams together: a far end that never stops is cut off here.
MAX_OUTPUT_BYTES = 64 << 20
# Longest line that is taken from the far end; agent.wire allows no longer message.
MAX_LINE_BYTES = 16 << 20
# A transfer is given up when nothing has moved for this long. A slow link is no dead one.
STALL_S = 30.0

Moved = Callable[[int], None]


def unwatched(_: int) -> None:
    """Nobody wants to know how far a transfer is."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command on the device came to; status: its exit status, 128 + n for signal n."""

    status: int
    stdout: bytes
    stderr: bytes


class Stream(Protocol):
    """A byte stream to a process on the device; lines go both ways."""

    def send(self, data: bytes) -> None: ...

    def receive_line(self, *, timeout_s: float) -> bytes:
        """The next line with its LF; b"" when the far end closed, and from then on.

        A line longer than MAX_LINE_BYTES comes in pieces. Raises TimeoutError when the deadline
        passes; what arrives later is not lost.
        """
        ...

    def close(self, *, timeout_s: float) -> int | None:
        """Close our side and wait; the far end's exit status, None when it had to be killed.

        Calling it twice is no error; what the second call gives means nothing.
        """
        ...


class Transport(Protocol):
    """Runs commands on one device and moves files to and from it.

    Commands are argument lists; quoting for a far shell is the transport's business. Every call
    has a deadline. No call retries: the caller knows whether a second try would spoil the
    measurement. Sizes and offsets are bytes, of any size.

    Raises UnreachableError when the device does not answer, AccessRefusedError when it does not
    let us in, FarFileError when a file there or here cannot be read or written.
    """

    @property
    def device(self) -> str:
        """What the user calls it: `local`, `adb:SERIAL`, `ssh:HOST`, `serial:PORT`."""
        ...

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        """Run a command to its end, whatever its status.

        No program of that name: status 126 or 127, as shells have it (POSIX sh 2.8.2). Past its
        deadline it is ended there as far as the way allows, and UnreachableError is raised.
        Output beyond MAX_OUTPUT_BYTES ends it too, with TransportError.
        """
        ...

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        """Write src[offset:] to dst from offset on; dst ends where src ends.

        Makes the folders above dst. After an error dst may hold any first part of it: prove it
        before use. moved: called with the bytes that went since the last call.
        """
        ...

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        """Write src[offset:] to dst from offset on, at most max_bytes; gives how many came.

        With offset 0 a file that is missing there leaves none here; after any later error dst
        holds what came. Never follows a link at dst. A source that holds more than max_bytes is
        cut off there, so that no device fills the host's disk.
        """
        ...

    def open(self, argv: Sequence[str]) -> Stream:
        """Start a command and talk to it; it ends when its input does, at the latest."""
        ...

    def close(self) -> None:
        """Give up the connection. Calling it twice is no error."""
        ...


def output(transport: Transport, argv: Sequence[str], *, timeout_s: float) -> bytes:
    """What a command says on stdout. Raises CommandFailedError when its status is not 0."""
    done = transport.call(argv, timeout_s=timeout_s)
    if done.status != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise CommandFailedError(transport.device, argv[0], done.status, said)
    return done.stdout
