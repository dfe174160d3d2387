"""A device on a bad link: the machine at hand behind a wire that cuts, flips, loses or fills."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from host.errors import FarFileError, UnreachableError
from host.transport.base import Done, Moved, unwatched
from host.transport.local import Local, LocalStream


@dataclass(slots=True)
class Wire:
    """What goes wrong, counted in bytes of the pushed file; each fault happens once.

    cut_at: the link is gone once so much has come, until `mend`. flip_at: this byte comes with
    one bit turned. lose_at: the push ends well, and what lies behind never came. full_at: the
    device says that its disk is full. silent: hashes never answer.
    """

    cut_at: int | None = None
    flip_at: int | None = None
    lose_at: int | None = None
    full_at: int | None = None
    silent: bool = False
    flips: int = 1
    cut: bool = False
    pushed: list[tuple[str, int, int]] = field(default_factory=list)

    def mend(self) -> None:
        self.cut = False


class SilentStream(LocalStream):
    """Never says anything; the deadline is met at once."""

    def receive_line(self, *, timeout_s: float) -> bytes:
        raise TimeoutError(f"no line within {timeout_s:g} s")


class BadLink(Local):
    """A device of this machine behind a wire."""

    def __init__(self, wire: Wire, device: Local | None = None) -> None:
        self._wire, self._device = wire, device or Local()

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        self._reach()
        return self._device.call(argv, timeout_s=timeout_s, stdin=stdin)

    def open(self, argv: Sequence[str]) -> LocalStream:
        self._reach()
        stream = self._device.open(argv)
        if self._wire.silent and "skip count" in " ".join(argv):
            stream.__class__ = SilentStream
        return stream

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        """Push what the wire makes of the file."""
        self._reach()
        data = bytearray(src.read_bytes())
        wire = self._wire
        if wire.flip_at is not None and offset <= wire.flip_at < len(data):
            data[wire.flip_at] ^= 1
            wire.flips -= 1
            wire.flip_at = wire.flip_at if wire.flips else None
        ends = [at for at in (wire.cut_at, wire.lose_at, wire.full_at) if at is not None]
        data = data[: max(min(ends, default=len(data)), offset)]
        wire.pushed.append((dst.name, offset, len(data) - offset))
        with TemporaryDirectory() as name:
            sent = Path(name) / "sent"
            sent.write_bytes(data)
            self._device.push(sent, dst, offset=offset, moved=moved)
        self._fail(dst)

    def _fail(self, dst: PurePosixPath) -> None:
        wire = self._wire
        wire.lose_at = None
        if wire.cut_at is not None:
            wire.cut_at, wire.cut = None, True
            self._reach()
        if wire.full_at is not None:
            wire.full_at = None
            raise FarFileError(self.device, str(dst), "No space left on device")

    def _reach(self) -> None:
        if self._wire.cut:
            raise UnreachableError(self.device, "the cable is out")


class Hanging(Local):
    """Says `hanging` and never ends once so many bytes were pushed: for a host to be killed."""

    def __init__(self, at: int) -> None:
        self._at = at

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        with TemporaryDirectory() as name:
            sent = Path(name) / "sent"
            sent.write_bytes(src.read_bytes()[: self._at])
            super().push(sent, dst, offset=offset, moved=moved)
        sys.stdout.write("hanging\n")
        sys.stdout.flush()
        threading.Event().wait()
