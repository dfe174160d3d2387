"""Lines to far ends that a test plays itself: a socket whose messages stay whole, a tty."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from collectors.meters.protocol import MeterError

Answer = Callable[[bytes], list[bytes]]


@dataclass
class FdLine:
    """A Line over a file descriptor. gone: what is raised once the other end hung up."""

    fd: int
    name: str = "far:end"

    def send(self, data: bytes) -> None:
        try:
            os.write(self.fd, data)
        except OSError as err:
            raise MeterError(self.name, "gone") from err

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        try:
            if not select.select([self.fd], [], [], timeout_s)[0]:
                return b""
            data = os.read(self.fd, most)
        except OSError as err:
            raise MeterError(self.name, "gone") from err
        if not data:
            raise MeterError(self.name, "gone")
        return data

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)


@contextlib.contextmanager
def far_end(answer: Answer, *, whole: bool = False) -> Iterator[FdLine]:
    """A line whose far end answers each message with some. whole: one message a `receive`."""
    ours, theirs = socket.socketpair(
        socket.AF_UNIX, socket.SOCK_SEQPACKET if whole else socket.SOCK_STREAM
    )

    def serve() -> None:
        with contextlib.suppress(OSError):
            while message := theirs.recv(4096):
                for part in answer(message):
                    theirs.sendall(part)

    thread = threading.Thread(target=serve)
    thread.start()
    line = FdLine(ours.fileno())
    try:
        yield line
    finally:
        with contextlib.suppress(OSError):
            theirs.shutdown(socket.SHUT_RDWR)
        thread.join()
        theirs.close()
        ours.detach()
        line.close()


@contextlib.contextmanager
def tty_pair() -> Iterator[tuple[int, str]]:
    """Our end of a pseudo terminal and the path of the other, raw."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@contextlib.contextmanager
def far_port(answer: bytes) -> Iterator[int]:
    """A TCP port on loopback that gives one caller the same answer to every question."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = server.accept()
                with client:
                    while client.recv(4096):
                        client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()
