"""A TCP proxy between two ends that delays, slows, cuts, silences or flips what goes through.

Faults are given out to connections in the order in which they are made; when none is left, a
connection is carried as it is. All bytes are counted from the far end to the near one.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HERE = "127.0.0.1"
CHUNK_BYTES = 4096
# linger on, for 0 s: close(2) then sends RST instead of FIN (socket(7), SO_LINGER).
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one connection.

    kind: `reset`, `close`, `silence` (open, and nothing comes any more) or `flip` of one bit,
    each after `after_bytes`; `slow` at `rate_bytes_s`; `late` by `delay_s` a chunk.
    """

    kind: str
    after_bytes: int = 0
    rate_bytes_s: float = 0.0
    delay_s: float = 0.0

    @property
    def ends(self) -> bool:
        """Whether nothing comes any more from there on."""
        return self.kind in ("reset", "close", "silence")


@dataclass
class Proxy:
    """port: where to connect to. struck: faults that have come to pass."""

    target: tuple[str, int]
    faults: deque[Fault]
    struck: list[Fault] = field(default_factory=list)
    port: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def serve(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                near, _ = server.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def end(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _carry(self, near: socket.socket) -> None:
        fault = self.faults.popleft() if self.faults else None
        with near, contextlib.suppress(OSError), socket.create_connection(self.target) as far:
            self._open += [near, far]
            threading.Thread(target=_pass_on, args=(near, far), daemon=True).start()
            with contextlib.suppress(OSError):
                self._down(far, near, fault)
            # A close alone would wait for the thread that still reads from it.
            for one in (far, near):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _down(self, far: socket.socket, near: socket.socket, fault: Fault | None) -> None:
        """From the far end to the near one, where the fault strikes."""
        passed = 0
        while chunk := far.recv(CHUNK_BYTES):
            if fault is not None:
                chunk = self._bent(chunk, passed, fault, near)
            passed += len(chunk)
            near.sendall(chunk)
            if fault is not None and fault.ends and passed >= fault.after_bytes:
                self._cut(near, far, fault)
                return
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_WR)

    def _bent(self, chunk: bytes, passed: int, fault: Fault, near: socket.socket) -> bytes:
        if fault.kind in ("slow", "late"):
            rest_s = len(chunk) / fault.rate_bytes_s if fault.rate_bytes_s else fault.delay_s
            time.sleep(min(rest_s, 2.0))  # the link's own time, which is what is tested
            self._note(fault)
        if fault.kind == "flip" and passed <= fault.after_bytes < passed + len(chunk):
            at = fault.after_bytes - passed
            self._note(fault)
            return chunk[:at] + bytes([chunk[at] ^ 4]) + chunk[at + 1 :]
        if fault.ends:
            return chunk[: max(0, fault.after_bytes - passed)]
        return chunk

    def _cut(self, near: socket.socket, far: socket.socket, fault: Fault) -> None:
        self._note(fault)
        if fault.kind == "silence":
            near.settimeout(None)
            while near.recv(CHUNK_BYTES):  # until the near end gives up
                continue
        elif fault.kind == "reset":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            near.shutdown(socket.SHUT_RD)  # wakes the other direction, which holds it open
            near.close()
        else:
            near.shutdown(socket.SHUT_RDWR)

    def _note(self, fault: Fault) -> None:
        if fault not in self.struck:
            self.struck.append(fault)


@contextmanager
def proxy(target: tuple[str, int], faults: list[Fault]) -> Iterator[Proxy]:
    """A proxy in threads of this process."""
    with socket.create_server((HERE, 0)) as server:
        made = Proxy(target, deque(faults), port=server.getsockname()[1])
        thread = threading.Thread(target=made.serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown(socket.SHUT_RDWR)
            made.end()


def _pass_on(source: socket.socket, goal: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            goal.sendall(chunk)
        goal.shutdown(socket.SHUT_WR)
