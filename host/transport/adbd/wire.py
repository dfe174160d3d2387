"""adb's own messages: many streams to the services of one adbd on one connection.

A stream is given as a socket, so that nobody above needs to know which way it goes. Each side
sends one WRTE on a stream and waits for its OKAY before the next.
Source: AOSP, packages/modules/adb, protocol.txt.

adb-shell makes the connection and proves who we are. Its own streams are not used: they read all
of an output into memory, take no input, block each other, and lose what a full socket does not
take at once (`TcpTransport.bulk_write` in 0.4.4 sends once and never looks how much went).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from host.errors import UnreachableError
from host.transport.adbd.server_socket import BUFFER_BYTES, RefusedError
from host.transport.base import STALL_S
from host.transport.deadline import Deadline

HEADER = struct.Struct("<6I")
CNXN, OPEN, OKAY, WRTE, CLSE = (
    int.from_bytes(name, "little") for name in (b"CNXN", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)
# Longest message taken; we offer no more (adb-shell, MAX_ADB_DATA).
MAX_DATA_BYTES = 1 << 20
# A device may have one message on its way per stream; a second one breaks the protocol.
MAX_QUEUED = 4


class Pipe(Protocol):
    """Bytes to and from the device."""

    def read(self, count: int) -> bytes:
        """Exactly count bytes. Raises OSError or EOFError when there are no more."""
        ...

    def write(self, data: bytes) -> None:
        """All of data. Raises OSError."""
        ...

    def close(self) -> None:
        """Also wakes who reads."""
        ...


@dataclass(slots=True)
class _Stream:
    """One stream. inner: our end of the socket pair whose other end its user has.

    closed: by the device, which is then told nothing more of it.
    """

    local: int
    inner: socket.socket
    remote: int = 0
    granted: threading.Event = field(default_factory=threading.Event)
    okay: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    incoming: SimpleQueue[bytes] = field(default_factory=SimpleQueue)
    closed: bool = False


class Wire:
    """The streams of one connection. chunk_bytes: the most that one message may carry."""

    def __init__(self, device: str, pipe: Pipe, chunk_bytes: int) -> None:
        self._device, self._pipe, self._chunk_bytes = device, pipe, chunk_bytes
        self._sending, self._lock = threading.Lock(), threading.Lock()
        self._streams: dict[int, _Stream] = {}
        self._last = 0
        self.dead = False
        _thread(self._read)

    def open(self, service: str, deadline: Deadline) -> socket.socket:
        """A socket to a service. Raises RefusedError when it is not granted, UnreachableError."""
        outer, inner = socket.socketpair()
        for end in (outer, inner):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        with self._lock:
            self._last += 1
            stream = self._streams[self._last] = _Stream(self._last, inner)
        with contextlib.ExitStack() as undo:
            undo.callback(outer.close)
            undo.callback(inner.close)
            undo.callback(self._forget, stream)
            raw = service.encode() + b"\0"
            self._tell(OPEN, stream.local, 0, raw, timeout_s=deadline.left_s())
            if not stream.granted.wait(deadline.left_s()):
                raise UnreachableError(self._device, "it does not answer")
            if self.dead:
                raise UnreachableError(self._device, "the connection broke")
            if not stream.remote:
                raise RefusedError("closed")
            undo.pop_all()
        _thread(lambda: self._serve(stream))
        return outer

    def close(self) -> None:
        """End every stream and the connection."""
        self.dead = True
        self._pipe.close()

    def _tell(
        self,
        command: int,
        local: int,
        remote: int,
        data: bytes = b"",
        *,
        timeout_s: float = STALL_S,
    ) -> None:
        """Send a message whole. timeout_s: how long another one may be in the way."""
        head = HEADER.pack(command, local, remote, len(data), _sum(data), command ^ 0xFFFFFFFF)
        if not self._sending.acquire(timeout=timeout_s):
            raise UnreachableError(self._device, "what was sent before does not go")
        try:
            self._pipe.write(head)
            if data:  # apart: USB has one transfer for each
                self._pipe.write(data)
        except OSError as err:
            self.close()
            raise UnreachableError(self._device, f"the connection broke ({err})") from err
        finally:
            self._sending.release()

    def _read(self) -> None:
        """Hand out what comes, until nothing does."""
        try:
            while not self.dead:
                self._take(*self._message())
        except (OSError, EOFError, UnreachableError):
            pass  # every stream below is told
        finally:
            self.close()
            for stream in list(self._streams.values()):
                self._forget(stream)

    def _message(self) -> tuple[int, int, int, bytes]:
        """Command, the device's number of the stream, ours, and content."""
        command, remote, local, size, total, _ = HEADER.unpack(self._pipe.read(HEADER.size))
        if size > MAX_DATA_BYTES:
            raise EOFError("a message is too long")
        data = self._pipe.read(size)
        if _sum(data) != total:
            raise EOFError("a message is not what was sent")
        return command, remote, local, data

    def _take(self, command: int, remote: int, local: int, data: bytes) -> None:
        stream = self._streams.get(local)
        if stream is None:
            if command == WRTE:  # whoever asked has gone meanwhile
                self._tell(CLSE, local, remote)
        elif command == OKAY:
            stream.remote = remote
            stream.okay.release()
            stream.granted.set()
        elif command == WRTE:
            if stream.incoming.qsize() >= MAX_QUEUED:
                raise EOFError("it sends without being asked")
            stream.incoming.put(data)
        elif command == CLSE:
            stream.incoming.put(b"")
            stream.granted.set()
            stream.closed = True
            stream.okay.release()

    def _serve(self, stream: _Stream) -> None:
        """From the device to the user; at the end, what is left goes and then both are closed."""
        out = _thread(lambda: self._out(stream))
        with contextlib.suppress(OSError, UnreachableError):
            while data := stream.incoming.get():
                stream.inner.sendall(data)
                self._tell(OKAY, stream.local, stream.remote)
        with contextlib.suppress(OSError):
            stream.inner.shutdown(socket.SHUT_RDWR)
        self._forget(stream)
        out.join()
        stream.inner.close()

    def _out(self, stream: _Stream) -> None:
        """From the user to the device, until the user closes."""
        stream.okay.acquire()  # the one that granted the stream
        with contextlib.suppress(OSError, UnreachableError):
            while data := _given(stream.inner, self._chunk_bytes):
                self._tell(WRTE, stream.local, stream.remote, data)
                stream.okay.acquire()
                if stream.closed:
                    return
            self._tell(CLSE, stream.local, stream.remote)
        self._forget(stream)

    def _forget(self, stream: _Stream) -> None:
        with self._lock:
            self._streams.pop(stream.local, None)
        stream.granted.set()
        stream.okay.release()
        stream.incoming.put(b"")


def _given(inner: socket.socket, count: int) -> bytes:
    """What the user gives next; b"" when he has closed.

    Linux has an error instead where he leaves output unread, once: a device that is not told that
    a stream is closed waits for ever to say the rest of it.
    """
    try:
        return inner.recv(count)
    except ConnectionResetError:
        return b""


def _sum(data: bytes) -> int:
    """What the protocol calls a checksum: the sum of all bytes."""
    return int(np.frombuffer(data, np.uint8).sum(dtype=np.uint32)) if data else 0


def _thread(run: Callable[[], None]) -> threading.Thread:
    made = threading.Thread(target=run, daemon=True)
    made.start()
    return made
