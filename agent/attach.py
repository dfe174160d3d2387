"""Joins a kept session over stdin and stdout; of one that has ended it tells what is left."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from pathlib import Path

from agent.keeper import SOCKET
from agent.pipes import Sender, claim_stdout
from agent.said import NAME, kept_lines
from agent.wire import encode
from collectors.clocks import boot_id

CHUNK_BYTES = 1 << 16


def main() -> int:
    """The role `attach`: DIR; FROM, the number of the first message that is wanted; who asks."""
    directory, first = Path(sys.argv[2]).absolute(), int(sys.argv[3])
    by = "".join(sys.argv[4:5])
    out = claim_stdout()
    with socket.socket(socket.AF_UNIX) as client:
        try:
            os.chdir(directory)
            client.connect(SOCKET)
        except OSError as err:
            return _left(directory, first, out, err)
        client.sendall(encode("attach", {"from": first, "by": by}))
        threading.Thread(target=_up, args=(client,), daemon=True).start()
        while chunk := client.recv(CHUNK_BYTES):
            view = memoryview(chunk)
            while view:
                view = view[os.write(out, view) :]
    return 0


def _up(client: socket.socket) -> None:
    """Carry stdin to the session; its end is the end of this link, not of the session."""
    with contextlib.suppress(OSError):
        while chunk := os.read(0, CHUNK_BYTES):
            client.sendall(chunk)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _left(directory: Path, first: int, out: int, err: OSError) -> int:
    """No session listens: what it said before it ended, and that it has."""
    sender = Sender(out)
    if not (directory / NAME).exists():
        sender.send("error", {"code": "no-run", "detail": f"{directory}: {err.strerror}"})
        return 1
    sender.send("attached", {"heard": 0, "boot_id": boot_id(), "pid": None})
    for number, line in enumerate(kept_lines(directory / NAME)):
        if number >= first:
            os.write(out, line)
    sender.send("gone", {"boot_id": boot_id()})
    return 0
