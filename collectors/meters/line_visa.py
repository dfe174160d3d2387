"""Lines over a VISA resource: VXI-11, USBTMC, GPIB, and whatever else PyVISA opens.

Extra `visa`: PyVISA with PyVISA-py, which needs no vendor's library. VXI-11 and USBTMC are untried
on hardware; TCPIP SOCKET is tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from collectors.meters.protocol import MeterError

_EXTRA: Final = "PyVISA is not installed: pip install 'inferometer[visa]'"
# VI_SUCCESS_DEV_NPRESENT, VI_SUCCESS_MAX_CNT (VPP-4.3.2, completion codes): more may be to come.
_MORE: Final = (0x3FFF007D, 0x3FFF0006)


@dataclass(frozen=True, slots=True)
class VisaLine:
    """One VISA resource that carries messages.

    A read ends where the instrument marks the end of its message. Sockets and serial ports mark
    nothing, and PyVISA-py drops what has come when a read of those runs out of time; there a read
    takes one byte, so that nothing is dropped. `tcp:` and `serial:` lines are the quicker way.
    """

    name: str
    resource: Any
    errors: type[Exception]
    bytewise: bool

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
        limit_ms = round(timeout_s * 1000)
        try:
            manager = pyvisa.ResourceManager(library)
            found: Any = manager.open_resource(resource, open_timeout=limit_ms, timeout=limit_ms)
        except (pyvisa.Error, OSError, ValueError) as err:
            raise MeterError(name, f"cannot be opened: {err}") from None
        bytewise = resource.upper().startswith("ASRL") or resource.upper().endswith("SOCKET")
        return cls(name, found, pyvisa.Error, bytewise)

    def send(self, data: bytes) -> None:
        try:
            self.resource.write_raw(data)
        except (self.errors, OSError) as err:
            raise MeterError(self.name, f"does not take what is sent: {err}") from None

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        """What has come; PyVISA counts whole milliseconds, so that a wait is at least one."""
        try:
            self.resource.timeout = max(1, round(timeout_s * 1000))
            with self.resource.ignore_warning(*_MORE):
                # Not `read_raw`, which goes on until a message ends, however long it is.
                count = 1 if self.bytewise else most
                data, _ = self.resource.visalib.read(self.resource.session, count)
        except (self.errors, OSError) as err:
            if "VI_ERROR_TMO" in str(err):
                return b""
            raise MeterError(self.name, f"the resource is gone: {err}") from None
        return bytes(data)

    def close(self) -> None:
        self.resource.close()
