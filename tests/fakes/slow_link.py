"""A link that holds bytes up, each way by its own draw; a stream to a real agent over it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from host.transport.lines import Lines
from tests.fakes.agent_session import PYTHON, ROOT

CHUNK_BYTES = 1 << 16


class SlowLink:
    """Two sockets with a delay between: host end and far end.

    most_s: the longest delay. Each way has a share of it of its own until the next `redraw`, and
    the rest is drawn for every chunk, so that the two ways are never alike.
    """

    def __init__(self, seed: int, most_s: float) -> None:
        self._random, self._most_s = Random(seed), most_s  # noqa: S311 - delays, no secret
        self._base_s = [0.0, 0.0]
        self.redraw()
        self.host, near = socket.socketpair()
        self.far, end = socket.socketpair()
        for way, (source, goal) in enumerate(((near, end), (end, near))):
            threading.Thread(target=self._carry, args=(source, goal, way), daemon=True).start()

    def redraw(self) -> None:
        """Other ways from now on."""
        self._base_s = [self._random.uniform(0, self._most_s) for _ in range(2)]

    def close(self) -> None:
        for end in (self.host, self.far):
            end.close()

    def _carry(self, source: socket.socket, goal: socket.socket, way: int) -> None:
        with contextlib.suppress(OSError), source:
            while chunk := source.recv(CHUNK_BYTES):
                base_s = self._base_s[way]
                more_s = (self._most_s - base_s) * self._random.random() ** 4
                time.sleep(base_s + more_s)
                goal.sendall(chunk)
        with contextlib.suppress(OSError):
            goal.shutdown(socket.SHUT_WR)


class SocketStream:
    """A `Stream` over a socket whose far end is a child process."""

    def __init__(self, end: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._end, self._process = end, process
        self._lines = Lines(lambda: end.recv(CHUNK_BYTES))

    def send(self, data: bytes) -> None:
        self._end.sendall(data)

    def receive_line(self, *, timeout_s: float) -> bytes:
        return self._lines.next(timeout_s=timeout_s)

    def close(self, *, timeout_s: float) -> int | None:
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_WR)
        return self._process.wait(timeout_s)


@contextmanager
def slow_agent(seed: int, most_s: float) -> Iterator[tuple[SlowLink, SocketStream]]:
    """A session of a real agent at the far end of a slow link."""
    link = SlowLink(seed, most_s)
    process = subprocess.Popen(
        [PYTHON, "-m", "agent"], stdin=link.far, stdout=link.far, cwd=ROOT, env=dict(os.environ)
    )
    link.far.close()
    stream = SocketStream(link.host, process)
    try:
        yield link, stream
    finally:
        stream.close(timeout_s=30)
        link.close()
