"""Files to and from a unit behind a serial console, in pieces that are each proven."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from host.errors import FarFileError, TransportError
from host.transport.base import STALL_S, Moved
from host.transport.serial_link import (
    FEW_REPEATS,
    MAX_REPEATS,
    Link,
    RefusedError,
    UnansweredError,
)

SYNC_S = 10.0  # what a flash may take to write it all down


class SerialFiles:
    """Copies over a link. max_push_bytes: what is still pushed over a line."""

    def __init__(self, link: Link, *, max_push_bytes: int) -> None:
        self._link, self._max_push_bytes = link, max_push_bytes
        self._handles = 0

    def push(self, src: Path, dst: PurePosixPath, offset: int, moved: Moved) -> None:
        """As a Transport does; refuses, with the time it would take, what is too much."""
        try:
            with src.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._refuse_much(src, size - offset)
                file.seek(offset)
                self._write(file, dst, offset, moved)
        except OSError as err:
            raise FarFileError(self._link.device, str(src), err.strerror or "unreadable") from err

    def pull(
        self, src: PurePosixPath, dst: Path, offset: int, most: int | None, moved: Moved
    ) -> int:
        """As a Transport does."""
        handle = self._named(src)
        came = self._block(src, handle, offset)
        try:
            with _goal(dst, offset) as goal:
                count = 0
                while came and (most is None or count < most):
                    came = came if most is None else came[: most - count]
                    goal.write(came)
                    moved(len(came))
                    count += len(came)
                    came = self._block(src, handle, offset + count)
                goal.flush()
                os.fsync(goal.fileno())
        except OSError as err:
            raise FarFileError(self._link.device, str(dst), err.strerror or "unwritable") from err
        return count

    def _refuse_much(self, src: Path, size: int) -> None:
        if size <= self._max_push_bytes:
            return
        line_s = size * self._link.speech.code.text_per_byte / self._link.port.bytes_per_s
        said = (
            f"{src.name} has {size} bytes to go, {line_s / 3600:.1f} h at least on this line, and"
            f" at most {self._max_push_bytes} are pushed over one: put the file on the unit by"
            " other means (network, USB stick, card) and name its folder as `staged` in the"
            " inventory; it is proven there by its hash"
        )
        raise TransportError(self._link.device, said)

    def _write(self, file: BinaryIO, dst: PurePosixPath, offset: int, moved: Moved) -> None:
        handle, at = self._named(dst), offset
        self._far(dst, "T", handle, str(offset))
        count = 0
        while piece := file.read(self._link.payload_bytes):
            if self._piece(dst, handle, count, piece):
                count, at = count + 1, at + len(piece)
                moved(len(piece))
            else:
                file.seek(at)  # the line is bad: the same again, in smaller pieces
        found = self._far(dst, "L", handle).strip().decode("ascii", "replace")
        if found != str(at):
            said = f"holds {found[:20]} bytes of {at} after the copy"
            raise FarFileError(self._link.device, str(dst), said)

    def _piece(self, dst: PurePosixPath, handle: str, count: int, piece: bytes) -> bool:
        """Append a piece; False when it did not get through. It never gets there twice."""
        text, repeats = self._link.speech.code.encode(piece), self._repeats()
        try:
            self._far(dst, "A", handle, str(count), text, repeats=repeats)
        except UnansweredError:
            if repeats == MAX_REPEATS:
                raise
            return self._far(dst, "V", handle).strip() == str(count + 1).encode()
        return True

    def _block(self, src: PurePosixPath, handle: str, at: int) -> bytes:
        """What lies from `at` on to the end of its block; b"" past the end."""
        while True:
            block, repeats = self._link.block_bytes, self._repeats()
            words = ("G", handle, str(block), str(at // block))
            try:
                got = self._far(src, *words, repeats=repeats)
            except UnansweredError:
                if repeats == MAX_REPEATS:
                    raise
                continue  # in a smaller block
            if len(got) > block:
                raise TransportError(self._link.device, "gave more than was asked for")
            return got[at % block :]

    def _repeats(self) -> int:
        """Few while pieces can become smaller."""
        return MAX_REPEATS if self._link.smallest else FEW_REPEATS

    def _named(self, path: PurePosixPath) -> str:
        """A number that stands for the path at the far end."""
        self._handles = self._handles % 64 + 1  # so many files at once, at most
        handle = str(self._handles)
        self._far(path, "F", handle, self._link.speech.code.encode(os.fsencode(path)))
        return handle

    def _far(self, path: PurePosixPath, *words: str, repeats: int = MAX_REPEATS) -> bytes:
        try:
            wait_s = SYNC_S if words[0] == "L" else 0.0
            return self._link.ask(*words, timeout_s=STALL_S, wait_s=wait_s, repeats=repeats)
        except RefusedError as err:
            raise FarFileError(self._link.device, str(path), str(err.args[1])) from err


def _goal(dst: Path, offset: int) -> BinaryIO:
    """Open for writing from offset on, through no link."""
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    goal = os.fdopen(os.open(dst, flags, 0o644), "wb")
    goal.truncate(offset)
    goal.seek(offset)
    return goal
