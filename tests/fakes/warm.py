"""A process that has imported all of the command, and forks for each one that a test runs.

Imports are 1 to 2 s of what a command takes, some hundred times in one run of the tests; here each
test worker pays them once. What a test sees is still a process of its own, with its own arguments,
environment, folder, files for output and exit status, and it is never used again.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

from tests.fakes.priority import give_way

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).with_name("inferometer")
# Libraries that are imported on use: for budgets, tables, pages, certificates, signatures.
LATE = (
    "GTC.reporting",
    "cryptography.x509",
    "lxml.etree",
    "msgspec.toml",
    "numpy.random",
    "platformdirs",
    "rich.table",
    "scipy.special",
    "tokenizers",
)
# What an interpreter reads once, when it starts.
AT_START = ("PYTHON", "LANG", "LC_", "LD_", "OMP_", "OPENBLAS_", "MALLOC_", "TZ")
BACKLOG = 64
# Not `-m`: click would call the command by the module's name.
PROGRAM = "import sys; from tests.fakes.warm import main; sys.exit(main())"


class Warm:
    """The client's end. Commands may be run by several threads at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self._path = str(Path(self._folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._path)
            listener.listen(BACKLOG)
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                env=self._environment,
                pass_fds=[listener.fileno()],
            )
        atexit.register(self.close)

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether a process with this environment would start as the warm one did."""
        return _of_start(environment) == _of_start(self._environment)

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, as `subprocess.run` does. Raises TimeoutExpired."""
        asked = {
            "argv": list(argv),
            "environment": dict(environment),
            "folder": str(Path.cwd()),
            "nice": os.getpriority(os.PRIO_PROCESS, 0),
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(timeout_s)
                link.connect(self._path)
                socket.send_fds(link, [b"\n"], [out.fileno(), err.fileno()])
                link.sendall(json.dumps(asked).encode())
                link.shutdown(socket.SHUT_WR)
                status = _status(link, argv, timeout_s)
            return subprocess.CompletedProcess(argv, status, _text(out), _text(err))

    def close(self) -> None:
        """End the warm process; commands that still run are not touched."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()


@cache
def warm() -> Warm:
    """The warm process of this one, started at its first command."""
    return Warm(os.environ)


def _of_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if k.startswith(AT_START)}


def _status(link: socket.socket, argv: Sequence[str], timeout_s: float) -> int:
    with link.makefile("rb") as said:
        pid = int(said.readline())
        try:
            return int(said.readline())
        except TimeoutError as err:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(argv), timeout_s) from err


def _text(file: io.BufferedRandom | tempfile._TemporaryFileWrapper[bytes]) -> str:
    file.seek(0)
    return io.TextIOWrapper(io.BytesIO(file.read()), encoding="utf-8").read()


def serve(listener: socket.socket) -> int:
    """Fork for each command until standard input ends."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return 0
        link, _ = listener.accept()
        if os.fork() == 0:
            # This one waits for the command, so that the next need not.
            with link:
                pid = os.fork()
                if pid == 0:
                    become(link)
                _answer(link, pid)
            os._exit(0)
        link.close()
        _reap()


def _answer(link: socket.socket, pid: int) -> None:
    link.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    link.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _reap() -> None:
    """Take note of those that have answered."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def become(link: socket.socket) -> NoReturn:
    """Become the command that was asked for."""
    _, files, _, _ = socket.recv_fds(link, 1, 2)
    with link.makefile("rb") as said:
        asked = json.load(said)
    link.close()
    with Path(os.devnull).open("rb") as nothing:
        for own, given in zip((0, 1, 2), (nothing.fileno(), *files), strict=True):
            os.dup2(given, own)
    for given in files:
        os.close(given)
    os.chdir(asked["folder"])
    give_way(asked["nice"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = asked["argv"]
    _end(_called())


def _called() -> int:
    from host.cli.main import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _end(status: int) -> NoReturn:
    """End as an interpreter does, but for taking every module apart: that costs 0.1 s."""
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - no public name waits so
    atexit._run_exitfuncs()  # noqa: SLF001 - the same
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def prepare() -> None:
    """Import all of the host, and what it imports on use; pack the library of pages."""
    import host

    found = (each.name for each in pkgutil.walk_packages(host.__path__, "host."))
    for name in (*found, *LATE):
        importlib.import_module(name)
    from host.report.html_library import library

    library()  # packed once: two thirds of the time that a page takes
    sys.path[0] = str(SCRIPT.parent)  # as the installed script has it
    gc.freeze()  # what is here already is no garbage of a command


def main() -> int:
    """Serve at the socket that the first argument numbers."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    prepare()
    return serve(listener)
