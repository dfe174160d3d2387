"""Transport to a unit that has a serial console and nothing else.

See README.md of this folder: what the unit needs, rates, traps.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from host.errors import TransportError, UnreachableError, UsageError
from host.transport.base import Done, Moved, unwatched
from host.transport.serial_files import SerialFiles
from host.transport.serial_job import Job
from host.transport.serial_link import Link, RefusedError
from host.transport.serial_login import Access, Login
from host.transport.serial_port import deadline, left, open_port
from host.transport.serial_stream import SerialStream

RATE = 115200  # bit/s, what consoles of Linux units are set to as a rule
ADDRESS = re.compile(r"(?:serial:)?(?P<path>(?!serial:)\S+?)(?:@(?P<rate>[1-9][0-9]{2,7}))?")
FOLDER = re.compile(r"(/[A-Za-z0-9_.-]+)+")
# Whoever holds on to a command's output after its end is not waited for longer than this.
LINGER_S = 3.0
START_S = 30.0  # for a command of a stream to be started


@dataclass(frozen=True, slots=True)
class Options:
    """How to get in, and what is too much for a line.

    user, password: for the login, where one is asked for. folder: where the unit lets us write a
    few files of our own while connected. max_push_bytes, max_output_bytes: more is refused.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    folder: str = "/tmp"  # noqa: S108 - ours there is made new, with mode 700
    max_push_bytes: int = 16 << 20
    max_output_bytes: int = 4 << 20
    login_s: float = 60.0


DEFAULT = Options()


class SerialConsole:
    """A Transport. One connection to a port at a time; within it, calls and streams side by side.

    repeats: requests sent again because the line spoilt them or their answers.
    """

    def __init__(self, link: Link, options: Options, *, naps: bool, logged_in: bool) -> None:
        self._link, self._options = link, options
        self._naps, self._logged_in = naps, logged_in
        self._files = SerialFiles(link, max_push_bytes=options.max_push_bytes)
        self._jobs = 0
        self._closed = False
        self._strays: list[Job] = []

    @property
    def device(self) -> str:
        return self._link.device

    @property
    def repeats(self) -> int:
        return self._link.repeats

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        """As a Transport does; output beyond the option max_output_bytes ends the command."""
        until = deadline(timeout_s)
        job = self._job()
        try:
            job.start(argv, stdin=bool(stdin), stderr=True, timeout_s=timeout_s)
            return self._finish(job, stdin, until)
        except RefusedError as err:
            raise TransportError(self.device, f"{argv[0]}: {err.args[1]}") from err
        except UnreachableError as err:
            if left(until):
                raise
            said = f"{argv[0]} did not end within {timeout_s:g} s ({err.args[1]})"
            raise UnreachableError(self.device, said) from err
        finally:
            self._end(job)

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        self._files.push(src, dst, offset, moved)

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        return self._files.pull(src, dst, offset, max_bytes, moved)

    def open(self, argv: Sequence[str]) -> SerialStream:
        """As a Transport does. The command outlives the line; the next connection ends it."""
        job = self._job()
        try:
            job.start(argv, stdin=True, stderr=False, timeout_s=START_S)
        except RefusedError as err:
            raise TransportError(self.device, f"{argv[0]}: {err.args[1]}") from err
        return SerialStream(job, piece_bytes=self._link.payload_bytes, device=self.device)

    def close(self) -> None:
        """End what runs, tidy up there, log out if we logged in, free the port."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(UnreachableError):
            self._link.leave()
            if self._logged_in:
                self._link.port.write(b"exit\n", timeout_s=1)
        self._link.port.close()

    def _job(self) -> Job:
        if self._closed:
            raise UnreachableError(self.device, "the connection was closed")
        self._jobs += 1
        return Job(self._link, self._jobs, naps=self._naps)

    def _end(self, job: Job) -> None:
        """End a command that is still running, and those of which that could not be said before.

        Over a line that is gone this fails; what is left is ended by the next connection.
        """
        self._strays.append(job)
        with contextlib.suppress(UnreachableError, RefusedError):
            while self._strays:
                self._strays[-1].kill()
                self._strays.pop()

    def _finish(self, job: Job, stdin: bytes, until: float) -> Done:
        """Give it its input and take its output, until it ends or the deadline passes."""
        size = self._link.payload_bytes
        pieces = deque(stdin[at : at + size] for at in range(0, len(stdin), size))
        pieces.extend([b""] * bool(stdin))
        out, err, status = bytearray(), bytearray(), None
        lingering = until
        while left(lingering) and not job.over:
            if pieces and job.put(pieces[0], timeout_s=left(until)) != "full":
                pieces.popleft()  # taken, or nobody wants it
            wait_s = 0.1 if pieces else left(lingering)
            taken = job.take(timeout_s=left(until), wait_s=wait_s)
            out += taken.out
            err += taken.err
            self._bound(len(out) + len(err))
            if status is None and taken.status is not None:
                status, lingering = taken.status, min(until, deadline(LINGER_S))
        if status is None:
            raise UnreachableError(self.device, "it was ended there")
        job.forget()
        return Done(status, bytes(out), bytes(err))

    def _bound(self, size: int) -> None:
        if size > self._options.max_output_bytes:
            said = f"it said more than {self._options.max_output_bytes} bytes and was ended"
            raise RefusedError(self.device, said)


def connect(address: str, options: Options = DEFAULT) -> SerialConsole:
    """Open `serial:/dev/ttyUSB0`, with `@115200` behind it for another rate, and log in.

    Raises UsageError for no such address, TransportError for a port in use, AccessRefusedError
    for a login that is refused, UnreachableError where nothing answers.
    """
    found = ADDRESS.fullmatch(address)
    if found is None or not FOLDER.fullmatch(options.folder):
        raise UsageError(address, "expected serial:PORT or serial:PORT@RATE, and a plain folder")
    device = f"serial:{found['path']}"
    port = open_port(device, found["path"], int(found["rate"] or RATE))
    access = Access(options.user, options.password)
    try:
        unit = Login(port, access, timeout_s=options.login_s).run(options.folder)
    except BaseException:
        port.close()
        raise
    link = Link(port, unit.speech)
    return SerialConsole(link, options, naps=unit.naps, logged_in=unit.logged_in)
