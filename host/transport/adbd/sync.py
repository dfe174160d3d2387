"""The sync service's SEND: a small new file in the fastest way that adb has.

Source: AOSP, packages/modules/adb, SYNC.TXT. Its sizes are never asked for: version 1 counts them
modulo 4 GiB. It cannot go on at an offset, and adbd removes what has come of a file when the
connection goes (file_sync_service.cpp, handle_send_file): only what is small is sent so.
"""

from __future__ import annotations

import socket
import struct
from io import BufferedReader
from pathlib import PurePosixPath

from host.transport.adbd.server_socket import RefusedError, exactly, linked, ready
from host.transport.base import STALL_S, Moved

HEADER = struct.Struct("<4sI")
# The most that the service takes at once (SYNC_DATA_MAX).
CHUNK_BYTES = 64 << 10
# Above this a cut must not cost what has come: the chunk of `host.deploy.layout`.
WHOLE_BYTES = 16 << 20
# A regular file, rw-r--r--.
MODE = 0o100644
# Longest reason that is read.
MAX_REASON_BYTES = 4096


def send(
    device: str, sock: socket.socket, source: BufferedReader, dst: PurePosixPath, moved: Moved
) -> None:
    """Write all of source to dst; makes the folders above, replaces a file.

    Raises RefusedError when the device says why not, UnreachableError, also when nothing moves
    for STALL_S, and OSError when source cannot be read.
    """
    sock.settimeout(STALL_S)
    goal = f"{dst},{MODE}".encode()
    going = _told(device, sock, HEADER.pack(b"SEND", len(goal)) + goal)
    buffer = memoryview(bytearray(HEADER.size + CHUNK_BYTES))
    while going and (count := source.readinto(buffer[HEADER.size :])):
        HEADER.pack_into(buffer, 0, b"DATA", count)
        going = _told(device, sock, buffer[: HEADER.size + count])
        moved(count)
    if going:  # 0: a time of change would say something of this machine
        _told(device, sock, HEADER.pack(b"DONE", 0))
    with linked(device):
        answer, size = HEADER.unpack(exactly(sock, HEADER.size))
        if answer == b"FAIL":
            reason = exactly(sock, min(size, MAX_REASON_BYTES))
            raise RefusedError(reason.decode(errors="replace"))
        if answer != b"OKAY":
            raise EOFError("the answer to a file is none")


def _told(device: str, sock: socket.socket, data: bytes | memoryview) -> bool:
    """Send; False when the device says something before the end, which it does when it fails."""
    with linked(device):
        try:
            sock.sendall(data)
        except ConnectionError:  # it may have said why
            if not ready(sock, 0)[0]:
                raise
        return not ready(sock, 0)[0]
