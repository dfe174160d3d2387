"""Lines of HID reports, by Linux's hidraw: one report a call.

Source: Linux kernel, Documentation/hid/hidraw.rst: a write begins with the report number, 0 where
there is only one; a read gives one report.
"""

from __future__ import annotations

import contextlib
import os
import select
from dataclasses import dataclass

from collectors.meters.protocol import MeterError

_ONLY_REPORT = b"\0"


@dataclass(frozen=True, slots=True)
class HidrawLine:
    """One HID device. Untried on hardware."""

    name: str
    fd: int

    @classmethod
    def open(cls, path: str) -> HidrawLine:
        """Raises MeterError with what the system says."""
        name = f"hid:{path}"
        try:
            return cls(name, os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
        except (OSError, ValueError) as err:
            raise MeterError(name, f"cannot be opened: {err}") from None

    def send(self, data: bytes) -> None:
        try:
            os.write(self.fd, _ONLY_REPORT + data)
        except OSError as err:
            raise MeterError(self.name, f"it is gone: {err}") from None

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        try:
            if not select.select([self.fd], [], [], timeout_s)[0]:
                return b""
            return os.read(self.fd, most)
        except (OSError, ValueError) as err:
            raise MeterError(self.name, f"it is gone: {err}") from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)
