"""What adb-shell connects through: a TCP socket or a USB interface. Needs the extra adb-direct.

Both are what adb-shell expects of a transport (connect, bulk_read, bulk_write, close) and the
pipe that our streams run on. adb-shell's own TCP transport keeps Nagle's algorithm (45 ms a call)
and may lose the end of a long message.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import Any

from adb_shell.exceptions import TcpTimeoutException, UsbReadFailedError, UsbWriteFailedError
from adb_shell.transport.base_transport import BaseTransport

from host.errors import UsageError
from host.transport.adbd.server_socket import exactly
from host.transport.adbd.wire import CNXN, HEADER
from host.transport.base import STALL_S

# How often a reader on USB looks whether it is still wanted.
USB_POLL_S = 1.0
# LIBUSB_ERROR_TIMEOUT (libusb.h).
USB_TIMEOUT = -7


def greeted(raw: bytes, before: int) -> int:
    """The most bytes that a device takes in a message: second argument of its CNXN.

    adb-shell has it too, and gives out 64 KiB of it at most: a third of the speed. before: what
    stands where `raw` is another message, or a part of one.
    """
    if len(raw) != HEADER.size:
        return before
    command, _, most, *_ = HEADER.unpack(raw)
    return int(most) if command == CNXN else before


class TcpPipe:
    """A connection to adbd's TCP port. max_bytes: of a message, 0 before the device said it."""

    def __init__(self, host: str, port: int) -> None:
        self.max_bytes = 0
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def connect(self, transport_timeout_s: float) -> None:
        self._socket = socket.create_connection(self._address, timeout=transport_timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def bulk_read(self, numbytes: int, transport_timeout_s: float) -> bytes:
        """Exactly so many: adb-shell would take an empty answer for "not yet"."""
        made = self._open()
        made.settimeout(transport_timeout_s)
        try:
            raw = exactly(made, numbytes)
        except TimeoutError as err:
            raise TcpTimeoutException(str(err)) from err
        self.max_bytes = greeted(raw, self.max_bytes)
        return raw

    def bulk_write(self, data: bytes, transport_timeout_s: float) -> int:
        made = self._open()
        made.settimeout(transport_timeout_s)
        made.sendall(data)
        return len(data)

    def read(self, count: int) -> bytes:
        return exactly(self._open(), count)

    def write(self, data: bytes) -> None:
        self._open().sendall(data)

    def settle(self) -> None:
        """After the handshake: reads wait, since a device may be silent for hours.

        A write that stays is noticed: SO_SNDTIMEO is a timeval of two longs (socket(7)).
        """
        made = self._open()
        made.settimeout(None)
        if os.name != "nt":  # Windows has it in another form, and was never tried
            limit = int(STALL_S).to_bytes(8, sys.byteorder) + bytes(8)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def close(self) -> None:
        made, self._socket = self._socket, None
        if made is not None:
            with contextlib.suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)
            made.close()

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise OSError("the connection is closed")
        return self._socket


class UsbPipe:
    """adb's interface of a device on USB. Never tried on a real one. max_bytes: as of TcpPipe."""

    def __init__(self, serial: str | None) -> None:
        self.max_bytes = 0
        try:
            import usb1
            from adb_shell.transport.usb_transport import UsbTransport
        except (ImportError, OSError) as err:  # the package, or the library below it
            raise UsageError("adb-direct", f"USB needs libusb 1.0 and libusb1 ({err})") from err
        self._usb_error: type[Exception] = usb1.USBError
        self._usb: Any = UsbTransport.find_adb(serial=serial)
        self._closed = False

    def connect(self, transport_timeout_s: float) -> None:
        try:
            self._usb.connect(transport_timeout_s)
        except self._usb_error as err:
            raise OSError(
                f"its USB interface cannot be had: does a server hold it? ({err})"
            ) from err

    def bulk_read(self, numbytes: int, transport_timeout_s: float) -> bytes:
        raw = bytes(self._usb.bulk_read(numbytes, transport_timeout_s))
        self.max_bytes = greeted(raw, self.max_bytes)
        return raw

    def bulk_write(self, data: bytes, transport_timeout_s: float) -> int:
        return int(self._usb.bulk_write(data, transport_timeout_s))

    def read(self, count: int) -> bytes:
        parts = b""
        while len(parts) < count:
            if self._closed:
                raise EOFError("the connection is closed")
            try:
                parts += self.bulk_read(count - len(parts), USB_POLL_S)
            except UsbReadFailedError as err:
                if getattr(err.usb_error, "value", None) != USB_TIMEOUT:
                    raise EOFError(str(err)) from err
        return parts

    def write(self, data: bytes) -> None:
        try:
            self.bulk_write(data, STALL_S)
        except UsbWriteFailedError as err:
            raise OSError(str(err)) from err

    def settle(self) -> None:
        """Reads and writes have their own limits already."""

    def close(self) -> None:
        self._closed = True
        self._usb.close()


# adb-shell takes only what is one of its own transports.
BaseTransport.register(TcpPipe)
BaseTransport.register(UsbPipe)
