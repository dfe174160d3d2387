"""A transport over as many connections as it takes: one that was lost is made anew when asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from host.errors import HostError, UnreachableError
from host.transport.base import Done, Moved, Stream, Transport, unwatched


class Lasting:
    """A `Transport`. It retries nothing: a call that fails fails, and the next one connects.

    connect: a new transport to the same device; first: one that is there already. alone: the
    device takes one connection at a time, as a serial line does, so the old one is closed first.
    """

    def __init__(
        self, connect: Callable[[], Transport], first: Transport, *, alone: bool = False
    ) -> None:
        self.device = first.device
        self._connect, self._transport, self._alone = connect, first, alone
        self._lost = False

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        with self._made() as made:
            return made.call(argv, timeout_s=timeout_s, stdin=stdin)

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        with self._made() as made:
            made.push(src, dst, offset=offset, moved=moved)

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        with self._made() as made:
            return made.pull(src, dst, offset=offset, max_bytes=max_bytes, moved=moved)

    def open(self, argv: Sequence[str]) -> Stream:
        """As a Transport does. A stream that breaks is not noticed here, but by the next call."""
        with self._made() as made:
            return made.open(argv)

    def close(self) -> None:
        self._transport.close()

    @contextmanager
    def _made(self) -> Iterator[Transport]:
        """The connection that stands. One over which the device did not answer is lost."""
        if self._lost:
            self._renew()
        try:
            yield self._transport
        except UnreachableError:
            self._lost = True
            raise

    def _renew(self) -> None:
        old = self._transport
        if self._alone:
            _give_up(old)
        self._transport = self._connect()
        self._lost = False
        if not self._alone:
            _give_up(old)


def _give_up(transport: Transport) -> None:
    with contextlib.suppress(HostError, OSError):  # it is lost already
        transport.close()
