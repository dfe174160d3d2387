"""Lines over a VISA resource: VXI-11, USBTMC, GPIB, and whatever else PyVISA opens.

Extra `visa`: PyVISA with PyVISA-py, which needs no vendor's library. VXI-11 and USBTMC are untried
on hardware; TCPIP SOCKET is tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collectors.meters.protocol import MeterError

_EXTRA = "PyVISA is not installed: pip install 'inferometer[visa]'"


@dataclass(frozen=True, slots=True)
class VisaLine:
    """One VISA resource that carries messages.

    A read ends where the instrument marks the end of its message, or, on lines that cannot
    (sockets and serial ports), at a line feed. A longer answer comes in several reads.
    """

    name: str
    resource: Any
    errors: type[Exception]

    @classmethod
    def open(cls, resource: str, *, timeout_s: float, library: str = "@py") -> VisaLine:
        """Open a resource such as `TCPIP::10.0.0.5::INSTR`. Raises MeterError.

        PyVISA-py opens a SOCKET where nobody listens, too; the first use of the line then fails.

        library: PyVISA's name of the VISA library; `@py` is PyVISA-py, "" a vendor's own.
        """
        name = f"visa:{resource}"
        try:
            import pyvisa
        except ImportError:
            raise MeterError(name, _EXTRA) from None
        try:
            manager = pyvisa.ResourceManager(library)
            found: Any = manager.open_resource(
                resource, open_timeout=round(timeout_s * 1000), timeout=round(timeout_s * 1000)
            )
            if resource.upper().startswith("ASRL") or resource.upper().endswith("SOCKET"):
                found.read_termination = "\n"
        except (pyvisa.Error, OSError, ValueError) as err:
            raise MeterError(name, f"cannot be opened: {err}") from None
        return cls(name, found, pyvisa.errors.VisaIOError)

    def send(self, data: bytes) -> None:
        try:
            self.resource.write_raw(data)
        except (self.errors, OSError) as err:
            raise MeterError(self.name, f"does not take what is sent: {err}") from None

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        """What has come; PyVISA counts whole milliseconds, so that a wait is at least one."""
        self.resource.timeout = max(1, round(timeout_s * 1000))
        try:
            data: bytes = self.resource.read_raw(most)
        except self.errors as err:
            if "VI_ERROR_TMO" in str(err):
                return b""
            raise MeterError(self.name, f"the resource is gone: {err}") from None
        except OSError as err:
            raise MeterError(self.name, f"the resource is gone: {err}") from None
        return data

    def close(self) -> None:
        self.resource.close()
