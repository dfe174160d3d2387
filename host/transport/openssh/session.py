"""One command over the connection: its pipes, its far process id, its status."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import BinaryIO

from host.errors import TransportError, UnreachableError
from host.transport.openssh.link import Link, end, spawn
from host.transport.openssh.refusals import last_line, plain

CHUNK_BYTES = 1 << 18
KEEP_BYTES = 1 << 16
KILL_S = 2.0  # for the far end to say that it ended a process; a dead link costs no more
JOIN_S = 5.0  # a grandchild may hold a pipe for ever; nobody waits for it
LEFT_S = 0.2
# ssh gives 255 for its own failures, for a far 255 and for a far signal: the far shell writes the
# status, and its id before, to stderr behind a mark. sshd makes every session a process group.
# exec in a subshell: a program of that name, never a builtin (POSIX sh, 2.9.1).
WRAP = """echo "$0:$$" >&2; (exec "$@"); s=$?; echo "$0=$s" >&2; exit "$s\""""
# The first form is POSIX (kill, 2018); the others are for shells that do not know it.
KILL = 'kill -s KILL -- "-$1" || kill -KILL "-$1" || kill -KILL "$1"'


class Marks:
    """Takes the far shell's marks out of stderr. keep: bytes of the rest to hold, the last ones.

    pid, status: None until they were said.
    """

    def __init__(self, mark: str, keep: int | None) -> None:
        self.pid: int | None = None
        self.status: int | None = None
        self.before = b""
        self.text = bytearray()
        self._first = re.compile(re.escape(mark.encode()) + rb":([1-9]\d{0,9})\n")
        self._last = re.compile(re.escape(mark.encode()) + rb"=(\d{1,3})\n")
        self._keep = keep

    def feed(self, data: bytes) -> None:
        """What stderr says next."""
        if self.pid is None:
            self.before += data
            found = self._first.search(self.before)
            if found is None:
                self.before = self.before[-KEEP_BYTES:]
                return
            self.pid = int(found[1])
            data, self.before = self.before[found.end() :], self.before[: found.start()]
        start = max(0, len(self.text) - KILL_BACK)
        self.text += data
        found = self._last.search(self.text, start)
        if found is not None:
            self.status = int(found[1])
            del self.text[found.start() : found.end()]
        if self._keep is not None:
            del self.text[: -self._keep]


KILL_BACK = 64  # a mark may be torn between two chunks; none is longer


class Session:
    """A running command. stdin and stdout are its pipes; ended is set once its status is known.

    limit: bytes that both outputs may have together before it is killed; None where only the
    last of stderr is held and the caller bounds stdout. source: an open file as stdin.
    """

    def __init__(
        self,
        link: Link,
        argv: Sequence[str],
        deadline: float,
        *,
        limit: int | None = None,
        source: BinaryIO | None = None,
    ) -> None:
        self._link, self._program, self._limit = link, argv[0], limit
        self._marks = Marks(link.mark, KEEP_BYTES if limit is None else None)
        self._killed, self._finished = threading.Lock(), threading.Lock()
        self._counting, self._size = threading.Lock(), 0
        self.ended = threading.Event()
        if not link.slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise UnreachableError(link.device, "every session of the connection is in use")
        try:
            link.up(deadline)
            line = shlex.join(["exec", "sh", "-c", WRAP, link.mark, *argv])
            self._process = spawn(link.device, link.client(line), source)
        except BaseException:
            link.slots.release()
            raise
        self.stdin: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self.stdout: BinaryIO = self._process.stdout  # type: ignore[assignment]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def status(self) -> int | None:
        """What the command ended with; None while it runs, and when the link took it along."""
        return self._marks.status

    @property
    def overflown(self) -> bool:
        """Whether it said more than its limit."""
        return self._limit is not None and self._size > self._limit

    @property
    def patience_s(self) -> float:
        """How long a thread that reads a pipe is waited for.

        Over a silent link ssh holds the pipes of a command that was given up: it may take until
        the connection is given up for the thread to see their end.
        """
        return JOIN_S if self.ended.is_set() else LEFT_S

    @property
    def stderr(self) -> bytes:
        return bytes(self._marks.text)

    def said(self) -> str:
        """The last line of stderr that is no statistics of dd(1), fit for a person."""
        lines = self.stderr.decode(errors="replace").splitlines()
        told = [line for line in lines if line.strip() and " records " not in line]
        return plain(told[-1]) if told else ""

    def take(self, count: int) -> bool:
        """Count bytes of output; False, and the command is killed, once they are too many."""
        with self._counting:
            self._size += count
        if self.overflown:
            self.kill()
        return not self.overflown

    def feed(self, data: bytes) -> None:
        """Write all of stdin and close it; the command need not want it."""
        with contextlib.suppress(OSError, ValueError):
            for start in range(0, len(data), CHUNK_BYTES):
                rest = memoryview(data)[start : start + CHUNK_BYTES]
                while rest:
                    rest = rest[os.write(self.stdin.fileno(), rest) :]
            self.stdin.close()

    def kill(self) -> None:
        """End the far process group, as far as the link allows, and our side."""
        if self._killed.acquire(blocking=False):
            if self._marks.pid is not None and self._marks.status is None:
                self._kill_far(self._marks.pid)
            self._process.kill()

    def finish(self) -> None:
        """Give back what the session held. The far process must have ended or been killed."""
        if not self._finished.acquire(blocking=False):
            return  # closed before
        end(self._process)
        self._thread.join(self.patience_s)
        self._link.slots.release()

    def broken(self) -> TransportError:
        """Why there is no status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_S)
        device, before = self._link.device, self._marks.before.decode(errors="replace")
        if "Session open refused" in before:
            detail = "it allows no more sessions on a connection (MaxSessions in its sshd_config)"
            return TransportError(device, detail)
        if self.overflown:
            return TransportError(device, f"{self._program} said more than is taken")
        lost = self._link.lost()
        if self._marks.pid is not None and not lost:
            return TransportError(device, f"{self._program} was ended and left no status")
        why = last_line(self._link.log if lost else before)
        return UnreachableError(device, "the connection broke" + (f": {why}" if why else ""))

    def _listen(self) -> None:
        pipe: BinaryIO = self._process.stderr  # type: ignore[assignment]
        with pipe:
            while chunk := pipe.read(CHUNK_BYTES):
                if not self.take(len(chunk)):
                    break
                self._marks.feed(chunk)
                if self._marks.status is not None:
                    self.ended.set()
        self.ended.set()

    def _kill_far(self, pid: int) -> None:
        line = shlex.join(["exec", "sh", "-c", KILL, "sh", str(pid)])
        client = spawn(self._link.device, self._link.client(line))
        done = threading.Thread(target=_wait_out, args=(client,), daemon=True)
        done.start()
        done.join(KILL_S)


def _wait_out(client: subprocess.Popen[bytes]) -> None:
    """Let a client that nobody waits for come to its end."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        client.communicate(timeout=10 * KILL_S)
    end(client)
    for pipe in (client.stdout, client.stderr):
        if pipe is not None:
            pipe.close()
