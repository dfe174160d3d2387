"""The shell v2 protocol: input, both outputs and the exit status of one command on one socket.

Every packet is an id, a length (32 bits, little endian) and as many bytes.
Source: AOSP, packages/modules/adb, shell_protocol.h.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from io import BufferedReader

from host.errors import UnreachableError
from host.transport.adbd.server_socket import linked, ready
from host.transport.base import STALL_S, Moved
from host.transport.deadline import Deadline
from host.transport.lines import Lines

STDIN, STDOUT, STDERR, EXIT, CLOSE_STDIN = range(5)
HEADER = struct.Struct("<BI")
CHUNK_BYTES = 1 << 16
Sendable = bytes | memoryview
READ_BYTES = 1 << 18
# Longest packet taken: adb's own are at most 1 MiB (MAX_PAYLOAD, adb.h).
MAX_PACKET_BYTES = 16 << 20
# What a stream's far end last said on stderr, kept for the error that follows.
KEPT_BYTES = 4096
PID_DIGITS = 7  # Linux has at most 4 194 304 processes (PID_MAX_LIMIT)


class Packets:
    """Cuts what a socket gives into packets."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The packets that are whole now: id and content. Raises EOFError on what is none."""
        self._rest += data
        start = 0
        while len(self._rest) - start >= HEADER.size:
            kind, size = HEADER.unpack_from(self._rest, start)
            if size > MAX_PACKET_BYTES:
                raise EOFError("what comes is no shell protocol")
            end = start + HEADER.size + size
            if len(self._rest) < end:
                break
            yield kind, bytes(self._rest[start + HEADER.size : end])
            start = end
        del self._rest[:start]


def packet(kind: int, data: bytes = b"") -> bytes:
    """One packet as it goes on the wire."""
    return HEADER.pack(kind, len(data)) + data


def converse(
    device: str,
    sock: socket.socket,
    given: Iterator[Sendable],
    said: Callable[[int, bytes], object],
    deadline: Deadline,
) -> int | None:
    """Give a command its input and hand on what it says; its exit status.

    given: whole packets; the next is asked for when the one before has gone. said: called with
    STDOUT or STDERR and bytes; it ends the conversation by giving True, and the status is then
    None. Raises TimeoutError past the deadline, UnreachableError when the connection breaks, and
    whatever given and said raise.
    """
    sock.settimeout(0)
    waiting = next(given, None)
    packets = Packets()
    while True:
        readable, writable = ready(sock, deadline.left_s(), write=waiting is not None)
        if not readable and not writable:
            raise TimeoutError
        if writable and waiting is not None:
            waiting = _sent(sock, waiting, given)
        if readable:
            with linked(device):
                found = list(packets.feed(_receive(sock)))
            for kind, data in found:
                if kind == EXIT:
                    return data[0] if data else None
                if said(kind, data):
                    return None


def input_of(data: bytes) -> Iterator[Sendable]:
    """Packets of an input that is at hand, and its end."""
    for start in range(0, len(data), CHUNK_BYTES):
        yield packet(STDIN, data[start : start + CHUNK_BYTES])
    yield packet(CLOSE_STDIN)


def input_from(source: BufferedReader, moved: Moved) -> Iterator[Sendable]:
    """Packets of what is left of a file, and its end. One buffer serves all of them."""
    buffer = memoryview(bytearray(HEADER.size + CHUNK_BYTES))
    while count := source.readinto(buffer[HEADER.size :]):
        HEADER.pack_into(buffer, 0, STDIN, count)
        yield buffer[: HEADER.size + count]
        moved(count)
    yield packet(CLOSE_STDIN)


def _sent(sock: socket.socket, data: Sendable, given: Iterator[Sendable]) -> Sendable | None:
    """What is to be sent next; None when there is no more, or the command wants no more."""
    try:
        left = memoryview(data)[sock.send(data) :]
    except BlockingIOError:
        return data
    except ConnectionError:
        return None  # what it said before is still to be read
    return left if len(left) else next(given, None)


def _receive(sock: socket.socket) -> bytes:
    data = sock.recv(READ_BYTES)
    if not data:
        raise EOFError("it closed without an exit status")
    return data


class ShellStream:
    """A command that is talked to. first: told with the process id it says first on stderr."""

    def __init__(self, device: str, sock: socket.socket, end: Callable[[int], None]) -> None:
        self._device, self._sock, self._end = device, sock, end
        self._packets = Packets()
        self._status: int | None = None
        self._ended = threading.Event()
        self._stderr = b""
        self._pid: int | None = None
        self._sending = threading.Lock()
        sock.settimeout(STALL_S)
        self._lines = Lines(self._read)

    def send(self, data: bytes) -> None:
        try:
            with self._sending:
                for start in range(0, len(data), CHUNK_BYTES):
                    if self._ended.is_set():
                        raise BrokenPipeError("it has ended")
                    self._sock.sendall(packet(STDIN, data[start : start + CHUNK_BYTES]))
        except OSError as err:
            said = self._stderr.decode(errors="replace").strip()
            why = f"the far end no longer listens ({err})" + (f": {said}" if said else "")
            raise UnreachableError(self._device, why) from err

    def receive_line(self, *, timeout_s: float) -> bytes:
        return self._lines.next(timeout_s=timeout_s)

    def close(self, *, timeout_s: float) -> int | None:
        with contextlib.suppress(OSError), self._sending:  # gone already: its status counts
            self._sock.sendall(packet(CLOSE_STDIN))
        self._ended.wait(timeout_s)
        status = self._status
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes the reader
        self._lines.join(timeout_s=timeout_s)
        self._sock.close()
        if status is None and self._pid is not None:
            self._end(self._pid)
        return status

    def _read(self) -> bytes:
        """The next of its stdout; b"" when it has ended or the device is gone."""
        out: list[bytes] = []
        while not out and not self._ended.is_set():
            try:
                ready(self._sock, None)
                found = list(self._packets.feed(_receive(self._sock)))
            except (OSError, EOFError, ValueError):  # ValueError: closed while it waited
                self._ended.set()
                break
            for kind, data in found:
                self._take(kind, data, out)
        return b"".join(out)

    def _take(self, kind: int, data: bytes, out: list[bytes]) -> None:
        if kind == STDOUT:
            out.append(data)
        elif kind == STDERR:
            self._stderr += data
            if self._pid is None and b"\n" in self._stderr:
                first, self._stderr = self._stderr.split(b"\n", 1)
                self._pid = process_id(first)
            self._stderr = self._stderr[-KEPT_BYTES:]
        elif kind == EXIT:
            self._status = data[0] if data else None
            self._ended.set()


def process_id(line: bytes | bytearray) -> int | None:
    """A process id as a shell says it; None for what is none, or would be a whole group."""
    text = line.strip()
    return int(text) if text.isdigit() and len(text) <= PID_DIGITS and int(text) > 1 else None
