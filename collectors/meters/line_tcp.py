"""Lines over a plain TCP socket: raw SCPI (ports 5025, 5555), PTDaemon (8888)."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from collectors.meters.protocol import MeterError


@dataclass(frozen=True, slots=True)
class TcpLine:
    """One connection to an instrument, without Nagle's delay: questions are short and awaited."""

    name: str
    socket: socket.socket

    @classmethod
    def open(cls, host: str, port: int, *, timeout_s: float) -> TcpLine:
        """Connect. Raises MeterError with what the system says."""
        name = f"tcp:{host}:{port}"
        try:
            found = socket.create_connection((host, port), timeout=timeout_s)
        except (OSError, ValueError, OverflowError) as err:
            raise MeterError(name, f"no connection: {err}") from None
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(name, found)

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as err:
            raise MeterError(self.name, f"the connection is gone: {err}") from None

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        """What has come; raises MeterError where the instrument has closed the connection."""
        self.socket.settimeout(max(timeout_s, 1e-4))  # 0 would mean: do not wait at all
        try:
            data = self.socket.recv(most)
        except TimeoutError:
            return b""
        except OSError as err:
            raise MeterError(self.name, f"the connection is gone: {err}") from None
        if not data:
            raise MeterError(self.name, "the instrument closed the connection")
        return data

    def close(self) -> None:
        self.socket.close()
