"""A process that has imported the traced programs, and forks for each injection.

Imports are nearly all of what such a program takes, and under a tracer each call of theirs stops
twice. Here they are paid once; the tracer joins a fork that waits, before its first own call.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
PROGRAMS = ("host_half", "put", "seal", "spool", "talk")
PACKAGE = "tests.faults.programs"
MAIN = "import sys; from tests.faults.forked import main; sys.exit(main())"
BACKLOG = 64
_STARTING = threading.Lock()


class Fork:
    """A fork that waits for `go`, to be a program then. pid: what a tracer joins."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._said = link.makefile("rb")
        self.pid = int(self._said.readline())

    def go(self) -> None:
        self._link.sendall(b"g")

    def status(self) -> int:
        """Its exit status, once it has ended; -n for signal n."""
        with self._said, self._link:
            return int(self._said.readline())


def fork(name: str, argv: Sequence[str], out: int, err: int, timeout_s: float) -> Fork:
    """A fork for a program of `tests/faults/programs`. out, err: files that it writes to."""
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(timeout_s)
    with _STARTING:
        address = _server()
    link.connect(address)
    asked = json.dumps({"name": name, "argv": list(argv)}).encode()
    socket.send_fds(link, [len(asked).to_bytes(4, "big")], [out, err])
    link.sendall(asked)
    return Fork(link)


@functools.cache
def _server() -> str:
    """Start the process that forks, and ends when its input does; gives its address."""
    address = f"\0inferometer-faults-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(BACKLOG)
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            pass_fds=[listener.fileno()],
        )
    atexit.register(process.communicate)
    return address


def main() -> int:
    """Fork for each that asks, until standard input ends."""
    for name in PROGRAMS:
        importlib.import_module(f"{PACKAGE}.{name}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that have answered
    listener = socket.socket(fileno=int(sys.argv[1]))
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        link, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(link)
        link.close()
    return 0


def _answer(link: socket.socket) -> NoReturn:
    """Fork the program itself, and say how it ended."""
    size, files, _, _ = socket.recv_fds(link, 4, 2)
    with link.makefile("rb") as said:
        asked = json.loads(said.read(int.from_bytes(size, "big")))
        pid = os.fork()
        if pid == 0:
            os.dup2(files[0], 1)
            os.dup2(files[1], 2)
            link.sendall(b"%d\n" % os.getpid())
            said.read(1)
            os._exit(_become(asked["name"], asked["argv"]))
    _, status = os.waitpid(pid, 0)
    link.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(name: str, argv: list[str]) -> int:
    module = importlib.import_module(f"{PACKAGE}.{name}")
    sys.argv = [name, *argv]
    try:
        return int(module.main())
    except BaseException:  # noqa: BLE001 - an interpreter says so too, and ends with 1
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        return 1
