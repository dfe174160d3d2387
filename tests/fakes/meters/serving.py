"""Puts a made-up instrument on a TCP port or behind a pseudo terminal."""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Protocol


class Instrument(Protocol):
    """Hears whole messages, in order, on one thread; what it returns is sent back as it is."""

    def hear(self, message: str) -> bytes: ...

    def hang_up(self) -> None:
        """The line is going: stop waiting for anything."""
        ...


def _talk(
    instrument: Instrument, take: Callable[[], bytes], give: Callable[[bytes], object]
) -> None:
    """Until the other end has gone. Messages end at a line feed."""
    kept = b""
    while data := take():
        kept += data
        while b"\n" in kept:
            message, kept = kept.split(b"\n", 1)
            if reply := instrument.hear(message.decode("latin-1").rstrip("\r")):
                give(reply)


def _cut(client: socket.socket) -> None:
    """End a connection under the thread that reads it, if it is still there."""
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


@contextmanager
def on_tcp(instrument: Instrument) -> Iterator[int]:
    """The port; connections are served one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_now: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                open_now.append(client)
                try:
                    with client:
                        _talk(instrument, partial(client.recv, 4096), client.sendall)
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            instrument.hang_up()
            server.shutdown(socket.SHUT_RDWR)
            while thread.is_alive():  # a client may be accepted this very moment
                for client in tuple(open_now):
                    _cut(client)
                thread.join(0.01)


@contextmanager
def on_pty(instrument: Instrument) -> Iterator[str]:
    """The path of the terminal that stands for a serial port."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop_r, stop_w = os.pipe()

    def take() -> bytes:
        ready, _, _ = select.select([ours, stop_r], [], [])
        return b"" if stop_r in ready else os.read(ours, 4096)

    thread = threading.Thread(
        target=lambda: _talk(instrument, take, lambda data: os.write(ours, data))
    )
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        instrument.hang_up()
        os.close(stop_w)
        thread.join()
        for descriptor in (ours, theirs, stop_r):
            os.close(descriptor)
