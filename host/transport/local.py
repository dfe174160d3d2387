"""The machine at hand: child processes and plain copies."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from host.errors import TransportError

# Longest line that is taken from the far end; agent.wire allows no longer message.
MAX_LINE_BYTES = 16 << 20


class LocalStream:
    """A child process whose lines are read by a thread, so that every read has a deadline."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None or process.stdout is None:
            raise TransportError("local", "the agent was started without pipes")
        self._process = process
        self._stdin: BinaryIO = process.stdin  # type: ignore[assignment]
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        stdout: BinaryIO = process.stdout  # type: ignore[assignment]
        self._thread = threading.Thread(target=self._pump, args=(stdout,), daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _pump(self, stdout: BinaryIO) -> None:
        while raw := stdout.readline(MAX_LINE_BYTES):
            self._lines.put(raw)
        self._lines.put(b"")

    def send(self, data: bytes) -> None:
        try:
            self._stdin.write(data)
            self._stdin.flush()
        except (OSError, ValueError) as err:
            raise TransportError("local", f"the agent no longer listens ({err})") from err

    def receive_line(self, *, timeout_s: float) -> bytes:
        try:
            raw = self._lines.get(timeout=timeout_s)
        except queue.Empty as err:
            raise TimeoutError(f"no line within {timeout_s:g} s") from err
        if not raw:
            self._lines.put(b"")  # stays closed for the next caller
        return raw

    def close(self, *, timeout_s: float) -> int | None:
        with contextlib.suppress(OSError):  # gone already: its status is what counts
            self._stdin.close()
        try:
            status: int | None = self._process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            status = None
        self._thread.join(timeout=timeout_s)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


class Local:
    """Transport to the machine this runs on."""

    device = "local"

    def run(self, argv: Sequence[str], *, timeout_s: float) -> bytes:
        try:
            done = subprocess.run(argv, capture_output=True, timeout=timeout_s, check=False)
        except (OSError, subprocess.TimeoutExpired) as err:
            raise TransportError(self.device, f"{argv[0]}: {err}") from err
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise TransportError(self.device, f"{argv[0]} ended with {done.returncode}: {said}")
        return done.stdout

    def push(self, src: Path, dst: PurePosixPath, *, timeout_s: float) -> None:
        self._copy(src, Path(dst))

    def pull(self, src: PurePosixPath, dst: Path, *, timeout_s: float) -> None:
        self._copy(Path(src), dst)

    def open(self, argv: Sequence[str]) -> LocalStream:
        """Start a child in its own session, so that Ctrl-C reaches the host alone."""
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as err:
            raise TransportError(self.device, f"{argv[0]}: {err}") from err
        return LocalStream(process)

    def _copy(self, src: Path, dst: Path) -> None:
        """Copy beside the goal, sync, rename: a half-made copy never has the final name."""
        part = dst.with_name(f"{dst.name}.part")
        try:
            dst.parent.mkdir(parents=True, exist_ok=True)
            with src.open("rb") as source, part.open("wb") as goal:
                shutil.copyfileobj(source, goal, 1 << 20)
                goal.flush()
                os.fsync(goal.fileno())
            part.replace(dst)
        except OSError as err:
            part.unlink(missing_ok=True)
            raise TransportError(self.device, f"copy of {src.name} failed: {err}") from err
