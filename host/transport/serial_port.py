"""A serial port of this machine: opened for us alone, read and written with deadlines."""

from __future__ import annotations

import contextlib
import errno
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from host.errors import AccessRefusedError, TransportError, UnreachableError

BITS_PER_BYTE = 10  # 8N1: a start bit, eight of data, a stop bit
READ_BYTES = 1 << 16
TIOCGEXCL = 0x80045440  # Linux, include/uapi/asm-generic/ioctls.h: _IOR('T', 0x40, int)


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A serial port of this machine and who says to stand behind it; "" where nobody does.

    ids: `vid:pid` of USB in hexadecimal.
    """

    path: str
    description: str
    ids: str
    serial_number: str


def ports() -> list[FoundPort]:
    """The serial ports there are, in order of their paths. Source: pyserial, list_ports."""
    return sorted(map(identity, list_ports.comports()), key=lambda one: one.path)


def identity(port: ListPortInfo) -> FoundPort:
    """What pyserial knows of a port, without what only looks like something."""
    ids = "" if port.vid is None or port.pid is None else f"{port.vid:04x}:{port.pid:04x}"
    said = "" if port.description in (None, "n/a") else port.description
    return FoundPort(port.device, _plain(said), ids, _plain(port.serial_number or ""))


def _plain(text: str) -> str:
    """USB strings are what a device says: nothing that a terminal obeys, and not for ever."""
    return "".join(sign for sign in text if sign.isprintable())[:120]


class Port:
    """An open line. Every failure of it is UnreachableError: the cable, the adapter, the port."""

    def __init__(self, device: str, line: serial.Serial) -> None:
        self.device, self._line = device, line

    @property
    def bytes_per_s(self) -> float:
        return float(self._line.baudrate) / BITS_PER_BYTE

    def read(self, *, timeout_s: float) -> bytes:
        """What has come, after a wait for the first of it; b"" when nothing came in time."""
        with self._unplugged():
            self._line.timeout = max(timeout_s, 0)
            first: bytes = self._line.read(1)
            rest: bytes = self._line.read(min(self._line.in_waiting, READ_BYTES)) if first else b""
        return first + rest

    def write(self, data: bytes, *, timeout_s: float) -> None:
        """Hand data over to the line, which sends it at its own rate."""
        with self._unplugged():
            self._line.write_timeout = timeout_s
            self._line.write(data)

    def drop_input(self) -> None:
        with self._unplugged():
            self._line.reset_input_buffer()

    def close(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):
            _claim(self._line, exclusive=False)
        with contextlib.suppress(serial.SerialException, OSError):
            self._line.close()

    @contextlib.contextmanager
    def _unplugged(self) -> Iterator[None]:
        """An unplugged pty or adapter reads as ready with nothing to read; pyserial says so."""
        try:
            yield
        except serial.SerialTimeoutException as err:
            raise UnreachableError(self.device, "the line takes nothing any more") from err
        except (serial.SerialException, OSError, TypeError) as err:
            raise UnreachableError(self.device, "the port is gone (unplugged?)") from err


def open_port(device: str, path: str, rate: int) -> Port:
    """Open a port at rate (bit/s), 8N1, no flow control, for us alone.

    device: what the user calls it. Raises UnreachableError when it is not there,
    AccessRefusedError when this user may not, TransportError when somebody else has it.
    """
    try:
        line = serial.Serial(path, rate, timeout=0, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as err:
        _refuse(device, path, err)
    try:
        _claim(line, exclusive=True)
    except (OSError, serial.SerialException) as err:
        line.close()
        _refuse(device, path, err)
    return Port(device, line)


def _claim(line: serial.Serial, *, exclusive: bool) -> None:
    """Keep others from opening it: pyserial's lock is seen by those alone who ask for one.

    Root may open it all the same, so the flag is read before it is set.
    """
    if sys.platform != "linux":
        return
    import fcntl
    import termios

    fd = line.fileno()
    if exclusive:
        (taken,) = struct.unpack("i", fcntl.ioctl(fd, TIOCGEXCL, struct.pack("i", 0)))
        if taken:
            raise OSError(errno.EBUSY, "in use")
    fcntl.ioctl(fd, termios.TIOCEXCL if exclusive else termios.TIOCNXCL)


def _refuse(device: str, path: str, err: Exception) -> NoReturn:
    number = getattr(err, "errno", None)
    if number in (errno.EBUSY, errno.EAGAIN):
        raise TransportError(device, f"{path} is in use by another program") from err
    if number in (errno.EACCES, errno.EPERM):
        said = f"you may not open {path} (often: become a member of the group dialout)"
        raise AccessRefusedError(device, said) from err
    if number == errno.ENOENT or not Path(path).exists():
        there = ", ".join(port.path for port in ports()) or "none"
        raise UnreachableError(device, f"there is no port {path}; ports found: {there}") from err
    raise TransportError(device, f"{path} is no serial port ({type(err).__name__})") from err


def deadline(timeout_s: float) -> float:
    """A moment on the monotonic clock, in seconds."""
    return time.monotonic() + timeout_s


def left(until: float) -> float:
    """Seconds to a deadline, never less than none."""
    return max(0.0, until - time.monotonic())
