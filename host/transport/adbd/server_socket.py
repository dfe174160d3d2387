"""The adb server's socket: where it listens, and how it is asked.

A request is four hex digits of length and a name; the answer is OKAY, or FAIL and a reason.
Source: AOSP, packages/modules/adb, OVERVIEW.TXT and SERVICES.TXT.

adbutils, whose adb program we start, has this too. Ours differs where its habits cost: it starts
a server when none answers, on the standard port whatever was asked; it waits 10 ms at each close;
and its shell v2 takes no input.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from host.errors import TransportError, UnreachableError, UsageError
from host.transport.deadline import Deadline

# AOSP's DEFAULT_ADB_PORT.
STANDARD_PORT = 5037
LENGTH_DIGITS = 4
POLL_S = 0.005
# As much as the system allows: a file's socket has 208 KiB on Linux otherwise.
BUFFER_BYTES = 4 << 20
# Longest request that four hex digits can say.
MAX_REQUEST_BYTES = 0xFFFF


class RefusedError(Exception):
    """The server or the device said FAIL, and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: a TCP port of a host, or a file (host is then empty)."""

    host: str
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """`tcp:PORT`, `tcp:HOST:PORT`, `localfilesystem:PATH`: what ADB_SERVER_SOCKET may hold."""
        kind, _, rest = text.partition(":")
        if kind == "localfilesystem" and rest:
            return cls(host="", path=rest)
        host, _, port = rest.rpartition(":")
        if kind != "tcp" or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise UsageError(text, "no address of an adb server (tcp:[HOST:]PORT)")
        return cls(host or "127.0.0.1", int(port))

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] = os.environ) -> Address:
        """Where adb itself would look (`adb help`, environment variables)."""
        if where := environ.get("ADB_SERVER_SOCKET"):
            return cls.parse(where)
        host = environ.get("ANDROID_ADB_SERVER_ADDRESS", "127.0.0.1")
        return cls.parse(f"tcp:{host}:{environ.get('ANDROID_ADB_SERVER_PORT', STANDARD_PORT)}")

    @property
    def is_local(self) -> bool:
        """Whether a server at it is a process of this machine, as far as the address tells."""
        return bool(self.path) or self.host in ("127.0.0.1", "localhost", "::1")

    def __str__(self) -> str:
        """As `adb -L` takes it; without a host, which adb takes for another machine."""
        if self.path:
            return f"localfilesystem:{self.path}"
        return f"tcp:{self.port}" if self.is_local else f"tcp:{self.host}:{self.port}"

    def connect(self, timeout_s: float) -> socket.socket:
        """A new connection. Raises OSError."""
        if not self.path:
            made = socket.create_connection((self.host, self.port), timeout=timeout_s)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(timeout_s)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            self._reach(made, time.monotonic() + timeout_s)
        except BaseException:
            made.close()
            raise
        return made

    def _reach(self, made: socket.socket, deadline: float) -> None:
        while True:
            try:
                made.connect(self.path)
            except BlockingIOError:  # adb lets four wait, and turns the fifth away
                if time.monotonic() > deadline:
                    raise TimeoutError("it is busy") from None
                time.sleep(POLL_S)
            else:
                return

    def answers(self) -> bool:
        """Whether anybody listens there."""
        with contextlib.suppress(OSError), self.connect(1.0):
            return True
        return False


@contextmanager
def linked(device: str) -> Iterator[None]:
    """Around what is done with a socket and nothing else. Raises UnreachableError."""
    try:
        yield
    except TimeoutError as err:
        raise UnreachableError(device, "nothing moved on the connection in time") from err
    except (OSError, EOFError) as err:
        raise UnreachableError(device, f"the connection broke ({err})") from err


def ready(
    sock: socket.socket, timeout_s: float | None, *, write: bool = False
) -> tuple[bool, bool]:
    """Whether it can be read and written without waiting, once one of both is so; None: no limit.

    By poll where there is one: select takes no descriptor above 1023, and a bench has many.
    """
    if not hasattr(select, "poll"):
        readable, writable, _ = select.select([sock], [sock] if write else [], [], timeout_s)
        return bool(readable), bool(writable)
    poll = select.poll()
    poll.register(sock, select.POLLIN | (select.POLLOUT if write else 0))
    for _, mask in poll.poll(None if timeout_s is None else timeout_s * 1000):
        return bool(mask & ~select.POLLOUT), bool(mask & select.POLLOUT)
    return False, False


def granted(device: str, address: Address, *requests: str, deadline: Deadline) -> socket.socket:
    """A connection on which every request was granted, in turn.

    Raises RefusedError when one was not, UnreachableError.
    """
    with linked(device), contextlib.ExitStack() as undo:
        try:
            made = undo.enter_context(address.connect(deadline.left_s()))
        except ConnectionError as err:
            raise UnreachableError(device, f"no adb server answers at {address}") from err
        for request in requests:
            made.settimeout(deadline.left_s())
            _request(device, made, request)
        undo.pop_all()
    return made


def query(device: str, address: Address, request: str, *, timeout_s: float) -> str:
    """What the server says to one request."""
    made = granted(device, address, request, deadline=Deadline.after(timeout_s))
    with made, linked(device):
        return _block(made).decode(errors="replace")


def exactly(sock: socket.socket, count: int) -> bytes:
    """So many bytes. Raises EOFError when the other side closes before."""
    parts = []
    while count > 0:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            raise EOFError("the connection was closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _request(device: str, sock: socket.socket, request: str) -> None:
    raw = request.encode()
    if len(raw) > MAX_REQUEST_BYTES:
        raise TransportError(device, f"a command of {len(raw)} bytes is too long for adb")
    sock.sendall(b"%04x" % len(raw) + raw)
    status = exactly(sock, 4)
    if status == b"FAIL":
        raise RefusedError(_block(sock).decode(errors="replace"))
    if status != b"OKAY":
        raise TransportError(device, "what answers there is no adb server")


def _block(sock: socket.socket) -> bytes:
    try:
        return exactly(sock, int(exactly(sock, LENGTH_DIGITS), 16))
    except ValueError as err:
        raise EOFError("the answer has no length") from err
