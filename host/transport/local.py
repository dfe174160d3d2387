"""The machine at hand: child processes and plain copies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport.base import MAX_OUTPUT_BYTES, Done, Moved, unwatched
from host.transport.lines import Lines

CHUNK_BYTES = 1 << 20
JOIN_S = 5.0  # a grandchild may hold a pipe for ever; nobody waits for it
NOT_FOUND, NOT_RUNNABLE = 127, 126  # POSIX sh, 2.8.2


class LocalStream:
    """A child process whose lines are read by a thread, so that every read has a deadline."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None or process.stdout is None:
            raise TransportError("local", "the agent was started without pipes")
        self._process = process
        self._stdin: BinaryIO = process.stdin  # type: ignore[assignment]
        self._stdout: BinaryIO = process.stdout  # type: ignore[assignment]
        fd = process.stdout.fileno()
        self._lines = Lines(lambda: os.read(fd, CHUNK_BYTES))

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, data: bytes) -> None:
        try:
            self._stdin.write(data)
            self._stdin.flush()
        except (OSError, ValueError) as err:
            raise UnreachableError("local", f"the agent no longer listens ({err})") from err

    def receive_line(self, *, timeout_s: float) -> bytes:
        return self._lines.next(timeout_s=timeout_s)

    def close(self, *, timeout_s: float) -> int | None:
        with contextlib.suppress(OSError):  # gone already: its status is what counts
            self._stdin.close()
        try:
            status: int | None = self._process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            status = None
        self._lines.join(timeout_s=timeout_s)
        self._stdout.close()
        return status


class _Call:
    """A child that runs to its end, both its outputs read by threads up to a limit."""

    def __init__(self, process: subprocess.Popen[bytes], program: str) -> None:
        self._process, self._program = process, program
        self._size = 0

    def end(self, stdin: bytes, timeout_s: float) -> Done:
        """Give it stdin and wait. Raises UnreachableError past the deadline."""
        outs: list[list[bytes]] = [[], []]
        threads = [
            threading.Thread(target=self._drain, args=(pipe, out), daemon=True)
            for pipe, out in zip((self._process.stdout, self._process.stderr), outs, strict=True)
        ]
        threads.append(threading.Thread(target=self._feed, args=(stdin,), daemon=True))
        for thread in threads:
            thread.start()
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as err:
            self._kill()
            self._process.wait()
            said = f"{self._program} did not end within {timeout_s:g} s"
            raise UnreachableError("local", said) from err
        finally:
            for thread in threads:
                thread.join(JOIN_S)
        if self._size > MAX_OUTPUT_BYTES:
            raise TransportError("local", f"{self._program} said more than is taken")
        return Done(status if status >= 0 else 128 - status, *map(b"".join, outs))

    def _drain(self, pipe: BinaryIO, out: list[bytes]) -> None:
        with pipe:
            while chunk := pipe.read(CHUNK_BYTES):
                self._size += len(chunk)
                if self._size > MAX_OUTPUT_BYTES:
                    self._kill()
                    return
                out.append(chunk)

    def _feed(self, stdin: bytes) -> None:
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(OSError), pipe:  # it need not want all of it
                for start in range(0, len(stdin), CHUNK_BYTES):
                    pipe.write(stdin[start : start + CHUNK_BYTES])

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Local:
    """Transport to the machine this runs on."""

    device = "local"

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
            return Done(status, b"", f"{argv[0]}: {error.strerror}".encode())
        return _Call(process, argv[0]).end(stdin, timeout_s)

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        goal = Path(dst)
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
            _copy(src, goal, offset, None, moved)
        except OSError as err:
            raise FarFileError(self.device, str(dst), _why(err)) from err

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        try:
            return _copy(Path(src), dst, offset, max_bytes, moved)
        except OSError as err:
            raise FarFileError(self.device, str(src), _why(err)) from err

    def open(self, argv: Sequence[str]) -> LocalStream:
        """Start a child in its own session, so that Ctrl-C reaches the host alone."""
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as err:
            raise TransportError(self.device, f"{argv[0]}: {err}") from err
        return LocalStream(process)

    def close(self) -> None:
        """Nothing is held between calls."""


def _copy(src: Path, dst: Path, offset: int, most: int | None, moved: Moved) -> int:
    """Copy from offset on; dst is synced, and ends where the copy ends."""
    with src.open("rb") as source:
        source.seek(offset)
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(dst, flags, 0o644), "wb") as goal:
            goal.truncate(offset)
            goal.seek(offset)
            count = 0
            left = CHUNK_BYTES if most is None else min(CHUNK_BYTES, most)
            while chunk := source.read(left):
                goal.write(chunk)
                moved(len(chunk))
                count += len(chunk)
                left = CHUNK_BYTES if most is None else min(CHUNK_BYTES, most - count)
            goal.flush()
            os.fsync(goal.fileno())
    return count


def _why(err: OSError) -> str:
    return err.strerror or str(err) or type(err).__name__
