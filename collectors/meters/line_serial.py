"""Lines over a serial port, by pyserial."""

from __future__ import annotations

from dataclasses import dataclass

import serial

from collectors.meters.protocol import MeterError


@dataclass(frozen=True, slots=True)
class SerialLine:
    """One serial port, 8N1, held for this process alone (TIOCEXCL and flock)."""

    name: str
    port: serial.Serial

    @classmethod
    def open(cls, path: str, *, baud: int, write_timeout_s: float = 5.0) -> SerialLine:
        """Open a port. Raises MeterError with what the system says."""
        name = f"serial:{path}"
        try:
            port = serial.Serial(path, baud, write_timeout=write_timeout_s, exclusive=True)
            port.reset_input_buffer()
        except (OSError, ValueError) as err:
            raise MeterError(name, f"cannot be opened: {err}") from None
        return cls(name, port)

    def send(self, data: bytes) -> None:
        try:
            self.port.write(data)
        except OSError as err:
            raise MeterError(self.name, f"the port is gone: {err}") from None

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        try:
            self.port.timeout = timeout_s
            first = self.port.read(1)
            waiting = min(self.port.in_waiting, most - 1) if first else 0
            return first + self.port.read(waiting) if waiting else first
        except (OSError, TypeError) as err:  # TypeError: pyserial's, when the port was closed
            raise MeterError(self.name, f"the port is gone: {err}") from None

    def close(self) -> None:
        self.port.close()
