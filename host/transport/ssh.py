"""A device over SSH, by the system's own OpenSSH client and one connection.

Keys, agents, jump hosts, aliases and known hosts are the user's, as `ssh HOST` has them.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from host.errors import UnreachableError
from host.transport.base import MAX_OUTPUT_BYTES, Done, Moved, unwatched
from host.transport.lines import Lines
from host.transport.openssh import files
from host.transport.openssh.address import SshOptions, parse
from host.transport.openssh.link import Link
from host.transport.openssh.session import CHUNK_BYTES, JOIN_S, Session

__all__ = ["SshOptions", "connect"]

USUAL = SshOptions()


def connect(address: str, options: SshOptions = USUAL) -> Ssh:
    """Connect to `ssh:[user@]host[:port]`; host may be an alias of ~/.ssh/config.

    Raises UsageError for another form, UnreachableError, AccessRefusedError for a key or a host
    key that is not accepted.
    """
    made = Ssh(Link(parse(address), options))
    try:
        made.connect(options.connect_timeout_s)
    except BaseException:
        made.close()
        raise
    return made


class Ssh:
    """Transport to a device with sshd and a POSIX shell.

    A connection that broke is made anew by the next call; the call that it broke fails.
    """

    def __init__(self, link: Link) -> None:
        self.device = link.device
        self._link = link

    def connect(self, timeout_s: float) -> None:
        """See to it that there is a connection."""
        self._link.up(time.monotonic() + timeout_s)

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        deadline = time.monotonic() + timeout_s
        session = Session(self._link, argv, deadline, limit=MAX_OUTPUT_BYTES)
        done = _end(session, stdin, deadline)
        if done is None:
            said = f"{argv[0]} did not end within {timeout_s:g} s"
            raise UnreachableError(self.device, said)
        return done

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        files.push(self._link, src, dst, offset, moved)

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        return files.pull(self._link, src, dst, offset, max_bytes, moved)

    def open(self, argv: Sequence[str]) -> SshStream:
        deadline = time.monotonic() + self._link.connect_timeout_s
        return SshStream(self.device, Session(self._link, argv, deadline))

    def close(self) -> None:
        self._link.close()


def _end(session: Session, stdin: bytes, deadline: float) -> Done | None:
    """Give a command its input and wait; None past the deadline. Raises TransportError."""
    out = bytearray()
    reader = threading.Thread(target=_drain, args=(session, out), daemon=True)
    feeder = threading.Thread(target=session.feed, args=(stdin,), daemon=True)
    reader.start()
    feeder.start()
    in_time = False
    try:
        in_time = session.ended.wait(max(0.0, deadline - time.monotonic()))
        if in_time:
            reader.join(JOIN_S)
    finally:
        session.kill()  # our side of it, where it has ended
        session.finish()
        reader.join(session.patience_s)
        feeder.join(session.patience_s)
    if not in_time:
        return None
    if session.status is None or session.overflown:
        raise session.broken()
    return Done(session.status, bytes(out), session.stderr)


def _drain(session: Session, out: bytearray) -> None:
    with session.stdout as pipe:
        while chunk := pipe.read(CHUNK_BYTES):
            if not session.take(len(chunk)):
                return
            out += chunk


class SshStream:
    """A process there whose lines are read by a thread, so that every read has a deadline."""

    def __init__(self, device: str, session: Session) -> None:
        self._device, self._session = device, session
        self._held = 0
        self._room = threading.Condition()
        self._lines = Lines(self._read)

    def send(self, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._session.stdin.fileno(), rest) :]
        except (OSError, ValueError) as err:
            said = self._session.said()
            detail = f"the process no longer listens ({err})" + (f": {said}" if said else "")
            raise UnreachableError(self._device, detail) from err

    def receive_line(self, *, timeout_s: float) -> bytes:
        line = self._lines.next(timeout_s=timeout_s)
        with self._room:
            self._held -= len(line)
            self._room.notify()
        return line

    def close(self, *, timeout_s: float) -> int | None:
        with contextlib.suppress(OSError):
            self._session.stdin.close()
        self._open_up()
        if self._session.ended.wait(timeout_s):
            self._lines.join(timeout_s=min(timeout_s, JOIN_S))
        self._session.kill()
        self._session.finish()
        self._lines.join(timeout_s=self._session.patience_s)
        self._session.stdout.close()
        return self._session.status

    def _read(self) -> bytes:
        """The next chunk, once the reader of lines has room: what is not read stays there."""
        with self._room:
            self._room.wait_for(lambda: self._held <= MAX_OUTPUT_BYTES)
        try:
            chunk = os.read(self._session.stdout.fileno(), CHUNK_BYTES)
        except ValueError:  # closed meanwhile
            return b""
        with self._room:
            self._held += len(chunk)
        return chunk

    def _open_up(self) -> None:
        """From now on the reader need not wait for room: the process is about to end."""
        with self._room:
            self._held -= MAX_OUTPUT_BYTES
            self._room.notify()
