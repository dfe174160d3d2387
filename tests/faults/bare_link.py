"""A far end over bare TCP with no check of what it carries, and the transport to it.

Real transports check (SSH by its MAC, USB by its CRC), so that what is flipped never comes
through; here it does, and what the host itself notices is seen.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from host.errors import FarFileError, UnreachableError
from host.transport.base import Moved, unwatched
from host.transport.lines import Lines
from host.transport.local import Local
from tests.faults.traced import environment

HERE = "127.0.0.1"
CHUNK_BYTES = 1 << 16


class BareStream:
    """A socket as a `Stream`."""

    def __init__(self, link: socket.socket) -> None:
        self._socket = link
        self._lines = Lines(self._read)

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as err:
            raise UnreachableError("bare", str(err)) from err

    def receive_line(self, *, timeout_s: float) -> bytes:
        return self._lines.next(timeout_s=timeout_s)

    def close(self, *, timeout_s: float) -> int | None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._lines.join(timeout_s=timeout_s)
        self._socket.close()
        return 0

    def _read(self) -> bytes:
        try:
            return self._socket.recv(CHUNK_BYTES)
        except OSError:
            return b""


class BareLink(Local):
    """Streams and pulls go through TCP; commands are run here."""

    device = "bare"

    def __init__(self, port: int) -> None:
        self._port = port

    def lose(self) -> None:
        """From now on nobody is there."""
        self._port = 1  # tcpmux: nobody has served it for decades

    def open(self, argv: Sequence[str]) -> BareStream:  # type: ignore[override]
        return BareStream(self._asked(argv))

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        """The rest of a file; its length goes before it, so that an early end is noticed."""
        count = 0
        link = self._asked(["pull", str(src), str(offset)])
        with link, contextlib.suppress(OSError):
            data = _exactly(link, 20)
            if data.strip() == b"-1":
                raise FarFileError("bare", str(src), "is not there")
            due = int(data) if data.strip().isdigit() else -1
            due = due if max_bytes is None else min(due, max_bytes)
            with dst.open("r+b" if offset else "wb") as goal:
                goal.truncate(offset)
                goal.seek(offset)
                while count < due and (chunk := link.recv(CHUNK_BYTES)):
                    goal.write(chunk[: due - count])
                    count = min(due, count + len(chunk))
                    moved(len(chunk))
            if count == due:
                return count
        raise UnreachableError("bare", f"the link ended after {count} bytes")

    def _asked(self, argv: Sequence[str]) -> socket.socket:
        try:
            link = socket.create_connection((HERE, self._port), timeout=20)
            link.settimeout(None)
            link.sendall(json.dumps(list(argv)).encode() + b"\n")
        except OSError as err:
            raise UnreachableError("bare", str(err)) from err
        return link


def _exactly(link: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (chunk := link.recv(count - len(data))):
        data += chunk
    return data


@contextmanager
def bare_end() -> Iterator[int]:
    """Its port. Every connection names a command, which then has the connection to itself."""
    with socket.create_server((HERE, 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            link, _ = server.accept()
            threading.Thread(target=_answer, args=(link,), daemon=True).start()


def _answer(link: socket.socket) -> None:
    with link, contextlib.suppress(OSError):
        line = b""
        while not line.endswith(b"\n"):
            line += _exactly(link, 1) or b"\n"
        argv: list[str] = json.loads(line) if line.strip() else []
        if argv[:1] == ["pull"]:
            path = Path(argv[1])
            data = path.read_bytes()[int(argv[2]) :] if path.exists() else b""
            link.sendall(b"%20d" % (len(data) if path.exists() else -1) + data)
        elif argv:
            fd = link.fileno()
            process = subprocess.Popen(argv, stdin=fd, stdout=fd, env=environment())
            process.wait()
