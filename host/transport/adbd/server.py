"""Adb servers that we start, and end again; one that was there is left alone."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from host.errors import TransportError
from host.transport.adbd.server_socket import Address, ready

START_S = 20.0
END_S = 5.0
POLL_S = 0.02


def program() -> str:
    """Google's adb: the one in PATH, so that a bench has one version, else the wheel's.

    ADBUTILS_ADB_PATH names another. Raises TransportError where there is none.
    """
    import adbutils

    try:
        return str(adbutils.adb_path())
    except adbutils.AdbError as err:
        raise TransportError("adb", "no adb program (install Android's platform tools)") from err


@dataclass(slots=True)
class _Started:
    process: subprocess.Popen[bytes]
    users: int = 0


@dataclass(slots=True)
class _Servers:
    """What this process has started, by address."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    started: dict[Address, _Started] = field(default_factory=dict)

    def hold(self, address: Address) -> None:
        """See that a server answers; start one only where nobody does."""
        with self.lock:
            ours = self.started.get(address)
            if ours is not None and ours.process.poll() is not None:
                del self.started[address]  # it was killed: somebody else may serve by now
                ours = None
            if ours is None and not address.answers():
                ours = self.started[address] = _Started(_start(address))
            if ours is not None:
                ours.users += 1

    def release(self, address: Address) -> None:
        """One user less; the last one's going ends a server of ours."""
        with self.lock:
            ours = self.started.get(address)
            if ours is not None:
                ours.users -= 1
                if ours.users <= 0:
                    _end(self.started.pop(address).process)

    def end_all(self) -> None:
        with self.lock:
            for ours in self.started.values():
                _end(ours.process)
            self.started.clear()


SERVERS = _Servers()
atexit.register(SERVERS.end_all)
if hasattr(os, "register_at_fork"):  # a forked child ends no server of its parent
    os.register_at_fork(after_in_child=SERVERS.started.clear)


def private(folder: Path | None = None) -> Address:
    """An address where nobody listens, for a server of our own.

    A file that only we can reach, so that nobody else on the machine drives our devices; where
    there are no such files a free port. A server takes all USB devices that it may: two on one
    machine quarrel over them.
    """
    if not hasattr(socket, "AF_UNIX"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return Address("127.0.0.1", free.getsockname()[1])
    place = folder
    if place is None:
        place = Path(tempfile.mkdtemp(prefix="inferometer-adb-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Address(host="", path=str(place / "socket"))


def _start(address: Address) -> subprocess.Popen[bytes]:
    """A server as our child: it can be ended by its process, and by nothing else."""
    if not address.is_local:
        raise TransportError("adb", f"no server answers at {address}")
    if not hasattr(socket, "AF_UNIX"):  # Windows, never tried: no descriptor can be handed on
        return _answering(_child(address), address)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = _child(address, theirs)
        theirs.close()
        # It says OK once it has looked over the USB ports: a list before that would be empty.
        if not ready(ours, START_S)[0] or ours.recv(2) != b"OK":
            _end(process)
            raise TransportError("adb", f"the server at {address} does not start")
    return process


def _child(address: Address, tells: socket.socket | None = None) -> subprocess.Popen[bytes]:
    """tells: where it says OK when it is ready."""
    argv = [program(), "-L", str(address), "server", "nodaemon"]
    if tells is not None:
        argv += ["--reply-fd", str(tells.fileno())]
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=() if tells is None else (tells.fileno(),),
            start_new_session=os.name != "nt",  # Ctrl-C reaches the host alone
        )
    except OSError as err:
        raise TransportError("adb", f"{argv[0]}: {err}") from err


def _answering(process: subprocess.Popen[bytes], address: Address) -> subprocess.Popen[bytes]:
    deadline = time.monotonic() + START_S
    while not address.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            _end(process)
            raise TransportError("adb", f"the server at {address} does not start")
        time.sleep(POLL_S)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
