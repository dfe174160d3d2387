"""A device that does not let us in, and an adb server with a list of its own.

The device speaks as much of adb's wire as comes before a service (AOSP, packages/modules/adb,
protocol.txt); the real adb server and adb-shell judge whether it does so rightly.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEADER = struct.Struct("<6I")
AUTH = int.from_bytes(b"AUTH", "little")
TOKEN, TOKEN_BYTES = 1, 20


@contextmanager
def served(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server on loopback; answer has each connection to itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    made, _ = server.accept()
                    threading.Thread(target=talk, args=(made,), daemon=True).start()

        def talk(made: socket.socket) -> None:
            with made, contextlib.suppress(OSError, EOFError):
                answer(made)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def refuses_every_key(made: socket.socket) -> None:
    """Ask for another signature whatever comes: nobody is there to accept a key."""
    while True:
        size = HEADER.unpack(_exactly(made, HEADER.size))[3]
        _exactly(made, size)
        token = bytes(range(TOKEN_BYTES))
        made.sendall(
            HEADER.pack(AUTH, TOKEN, 0, len(token), sum(token), AUTH ^ 0xFFFFFFFF) + token
        )


def says_nothing(made: socket.socket) -> None:
    """Take everything, answer nothing."""
    while made.recv(1 << 16):
        pass


def lists(text: str) -> Callable[[socket.socket], None]:
    """An adb server that says this to `host:devices-l` and grants nothing else."""

    def answer(made: socket.socket) -> None:
        request = _exactly(made, int(_exactly(made, 4), 16))
        raw = text.encode() if request == b"host:devices-l" else b"no"
        status = b"OKAY" if request == b"host:devices-l" else b"FAIL"
        made.sendall(status + b"%04x" % len(raw) + raw)

    return answer


def _exactly(made: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = made.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data
