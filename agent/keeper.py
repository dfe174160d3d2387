"""A session that outlives its link: a process of its own, a log of all it said, a socket.

    detach DIR LOCK     start `keep`, say `kept{pid, boot_id, said}` or `error`, and leave
    keep DIR LOCK       the session; holds LOCK as long as it lives, so there is one at a time
    attach DIR FROM [BY]  join it over stdin and stdout (`attach.py`)

`DIR/said.jsonl` holds every message from the first on, so that a host that comes later, or again,
misses none: it names the number of the first message it lacks. A client begins with
`attach{from}` and gets `attached{heard, boot_id, pid}`: how many lines of the host have arrived,
so that the host sends again what got lost with the link, and nothing twice. A host may name
itself (`by`): then no host that joined before it is listened to any more (`owners.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from agent.children import command
from agent.owners import NAME as OWNERS
from agent.owners import Owners, name_of
from agent.pipes import claim_stdout, read_lines
from agent.said import NAME, Said
from agent.session import Session
from agent.wire import Message, WireError, decode, encode
from collectors.clocks import boot_id

SOCKET = "socket"
HEARTBEAT = "heartbeat"
START_S = 20.0
LOCK_S = 2.0
# A session that has nothing to do and nobody to talk to ends after this long; its log stays.
IDLE_S = 600.0


class Keeper:
    """One session and its clients."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._said = Said(directory / NAME)
        self._session = Session(self._said, self._beat)
        self._owners = Owners(directory / OWNERS)
        self._heard = 0
        self._clients = 0
        self._guard = threading.Lock()
        self._quiet_since_s = time.monotonic()

    @property
    def before(self) -> int:
        """How many messages an earlier session of the same run has said."""
        return self._said.before

    def run(self, server: socket.socket) -> int:
        """Serve clients of `server` until the session ends."""
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()
        status = self._session.serve()
        self._said.close()
        # Followers end with what was said; the process must not end before they told it.
        deadline_s = time.monotonic() + START_S
        while self._clients and time.monotonic() < deadline_s:
            time.sleep(0.01)
        return status

    def _accept(self, server: socket.socket) -> None:
        while True:
            client, _ = server.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._counted(client), client:
            lines = read_lines(client.fileno())
            asked = _asked(next(lines, b""))
            if asked is None:
                return
            first, by = asked
            with contextlib.suppress(OSError):
                since = self._owners.take(client, by)
                if since:
                    detail = f"another host has taken the run over: {since}"
                    client.sendall(encode("error", {"code": "superseded", "detail": detail}))
                    return
                with self._guard:
                    heard = self._heard
                fields = {"heard": heard, "boot_id": boot_id(), "pid": os.getpid()}
                client.sendall(encode("attached", fields))
                threading.Thread(target=self._hear, args=(lines, by), daemon=True).start()
                for line in self._said.follow(first):
                    client.sendall(line)

    def _hear(self, lines: Iterator[bytes], by: str) -> None:
        with contextlib.suppress(ValueError):  # the socket was closed by the other thread
            for raw in lines:
                with self._guard:
                    if self._owners.superseded(by):
                        return
                    self._heard += 1
                    self._session.hear(raw)

    @contextlib.contextmanager
    def _counted(self, client: socket.socket) -> Iterator[None]:
        with self._guard:
            self._clients += 1
        try:
            yield
        finally:
            self._owners.leave(client)
            with self._guard:
                self._clients -= 1
                self._quiet_since_s = time.monotonic()

    def _watch(self) -> None:
        """End a session that nobody needs any more."""
        while True:
            time.sleep(1.0)
            self._said.sync()
            busy = self._clients or not self._session.idle
            if busy:
                self._quiet_since_s = time.monotonic()
            elif time.monotonic() - self._quiet_since_s > IDLE_S:
                self._session.end()
                return

    def _beat(self) -> None:
        """Show that the run goes on, for whoever restores what was changed when nothing does."""
        with contextlib.suppress(OSError):
            (self._directory / HEARTBEAT).touch()


def _asked(raw: bytes) -> tuple[int, str] | None:
    """The number and the host that an `attach` names, None for anything else."""
    try:
        message: Message = decode(raw)
    except WireError:
        return None
    first = message.get("from")
    if message["type"] != "attach" or isinstance(first, bool) or not isinstance(first, int):
        return None
    return max(0, first), name_of(message.get("by"))


def keep() -> int:
    """The role `keep`: DIR and LOCK are the arguments; the first line out says how it went."""
    directory, lock = Path(sys.argv[2]).absolute(), Path(sys.argv[3]).absolute()
    out = claim_stdout()
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(handle):
        holder = os.read(handle, 4096).decode(errors="replace").strip()
        os.write(out, encode("error", {"code": "busy", "detail": f"a run is there: {holder}"}))
        return 1
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{directory.name} (process {os.getpid()})".encode(), 0)
    os.chdir(directory)  # a socket's path may be no longer than 107 bytes (unix(7))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SOCKET)  # noqa: PTH108 - relative to the folder just entered
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(SOCKET)
        server.listen()
        keeper = Keeper(directory)
        said = {"pid": os.getpid(), "boot_id": boot_id(), "said": keeper.before}
        os.write(out, encode("kept", said))
        os.close(out)
        return keeper.run(server)


def _locked(handle: int) -> bool:
    """Take the lock; a session that is just ending is waited for."""
    until_s = time.monotonic() + LOCK_S
    while not _lock(handle):
        if time.monotonic() >= until_s:
            return False
        time.sleep(0.05)
    return True


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def detach() -> int:
    """The role `detach`: start a keeper that no link ends, and pass on what it says first."""
    directory, lock = Path(sys.argv[2]).absolute(), Path(sys.argv[3]).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    lock.parent.mkdir(parents=True, exist_ok=True)
    argv, environment = command("keep")
    with (directory / "keeper.log").open("ab") as log:
        process = subprocess.Popen(
            [*argv, str(directory), str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    said = process.stdout.readline() if process.stdout is not None else b""
    if not said:
        detail = f"the keeper ended with {process.wait()}; see {directory / 'keeper.log'}"
        said = encode("error", {"code": "agent-error", "detail": detail})
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()
    return 0 if decode(said)["type"] == "kept" else 1
