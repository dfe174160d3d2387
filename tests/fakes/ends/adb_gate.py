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
AUTH, CNXN, OKAY, WRTE = (
    int.from_bytes(name, "little") for name in (b"AUTH", b"CNXN", b"OKAY", b"WRTE")
)
VERSION, MOST_BYTES = 0x01000000, 1 << 20
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
        _taken(made)
        made.sendall(message(AUTH, TOKEN, 0, bytes(range(TOKEN_BYTES))))


def lets_in_and_sends(*answers: bytes) -> Callable[[socket.socket], None]:
    """Accept whoever comes; to the first service asked for, grant nothing but say all of this."""

    def answer(made: socket.socket) -> None:
        _taken(made)
        made.sendall(message(CNXN, VERSION, MOST_BYTES, b"device::\0"))
        _taken(made)
        for raw in answers:
            made.sendall(raw)
        says_nothing(made)

    return answer


def message(command: int, first: int, second: int, data: bytes = b"") -> bytes:
    """A message as the protocol wants it."""
    magic = command ^ 0xFFFFFFFF
    return HEADER.pack(command, first, second, len(data), sum(data), magic) + data


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


def _taken(made: socket.socket) -> None:
    """Read one message."""
    _exactly(made, HEADER.unpack(_exactly(made, HEADER.size))[3])


def _exactly(made: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = made.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data
