"""Streams whose user goes away: the device is told, or what it runs there would wait for ever."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from host.transport.adbd.wire import CLSE, HEADER, OKAY, OPEN, WRTE, Wire
from host.transport.deadline import Deadline
from tests.fakes.ends.adb_gate import message

REMOTE, PATIENCE_S = 7, 60.0


class SocketPipe:
    """A pipe over a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def read(self, count: int) -> bytes:
        data = self._sock.recv(count, socket.MSG_WAITALL)
        if len(data) < count:
            raise EOFError
        return data

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._sock.shutdown(socket.SHUT_RDWR)


class Device:
    """The far end of a connection, by hand."""

    def __init__(self, sock: socket.socket) -> None:
        self._pipe, self._sock = SocketPipe(sock), sock
        sock.settimeout(PATIENCE_S)

    def hears(self) -> tuple[int, int, bytes]:
        """Command, the host's number of the stream, and content of the next message."""
        command, local, _, size, *_ = HEADER.unpack(self._pipe.read(HEADER.size))
        return command, local, self._pipe.read(size) if size else b""

    def says(self, command: int, local: int, data: bytes = b"") -> None:
        self._sock.sendall(message(command, REMOTE, local, data))


@contextmanager
def opened() -> Iterator[tuple[socket.socket, Device, int]]:
    """A stream to a device that has granted it: the user's end, the device, the host's number."""
    here, there = socket.socketpair()
    with here, there:
        wire, device = Wire("adb-direct:x", SocketPipe(here), 1 << 16), Device(there)
        found: list[socket.socket] = []
        asking = threading.Thread(
            target=lambda: found.append(wire.open("shell:yes", Deadline.after(PATIENCE_S)))
        )
        asking.start()
        command, local, service = device.hears()
        assert (command, service) == (OPEN, b"shell:yes\0")
        device.says(OKAY, local)
        asking.join()
        with found[0] as user:
            yield user, device, local
        wire.close()


def test_a_user_who_goes_with_output_unread_closes_the_stream() -> None:
    with opened() as (user, device, local):
        device.says(WRTE, local, b"y\n" * 100)
        assert device.hears() == (OKAY, local, b"")
        assert select.select([user], [], [], PATIENCE_S)[0]
        user.close()
        assert device.hears() == (CLSE, local, b"")


def test_a_user_who_goes_while_the_device_has_not_taken_his_input_closes_the_stream() -> None:
    with opened() as (user, device, local):
        user.sendall(b"input")
        assert device.hears() == (WRTE, local, b"input")
        user.close()
        # It is only found out by what the device says next.
        device.says(WRTE, local, b"output")
        assert device.hears() == (CLSE, local, b"")


def test_a_stream_that_the_device_closed_is_at_its_end_for_the_user() -> None:
    with opened() as (user, device, local):
        device.says(WRTE, local, b"the last")
        device.says(CLSE, local)
        user.settimeout(PATIENCE_S)
        assert user.recv(100) == b"the last"
        assert user.recv(100) == b""
