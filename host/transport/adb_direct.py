"""Devices that run adbd, without an adb server: adb-shell's handshake, streams of our own.

For machines where Google's adb does not run, or must not. It does without TLS, so "wireless
debugging" of Android 11 and later needs the server; `adb tcpip 5555` does not. A USB device that
a server holds cannot be had at once. Needs the extra adb-direct.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host.errors import AccessRefusedError, TransportError, UnreachableError, UsageError
from host.transport.adbd.keys import key_path, signer
from host.transport.adbd.transport import AdbTransport
from host.transport.adbd.wire import MAX_DATA_BYTES, Wire
from host.transport.deadline import Deadline

if TYPE_CHECKING:
    from host.transport.adbd.pipes import TcpPipe, UsbPipe

# `adb tcpip` of every manual.
STANDARD_PORT = 5555
CONNECT_S = 10.0
# How long somebody at the phone has to accept our key.
ACCEPT_S = 20.0
NETWORK = re.compile(r"(?P<host>[^:\[\]]+|\[[0-9a-fA-F:.%\w]+\])(?::(?P<port>[0-9]{1,5}))?")


class DirectServices:
    """Services of the device at the end of a pipe; a connection that broke is made anew."""

    def __init__(
        self,
        device: str,
        pipe: Callable[[], TcpPipe | UsbPipe],
        key: Path,
        *,
        accept_s: float = ACCEPT_S,
    ) -> None:
        self.device = device
        self._pipe, self._key, self._accept_s = pipe, key, accept_s
        self._wire: Wire | None = None
        self._closed = False
        self._lock = threading.Lock()

    def granted(self, service: str, deadline: Deadline) -> socket.socket:
        return self._live(deadline.left_s()).open(service, deadline)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._wire is not None:
                self._wire.close()

    def _live(self, timeout_s: float) -> Wire:
        with self._lock:
            if self._closed:
                raise UnreachableError(self.device, "this connection was closed")
            if self._wire is None or self._wire.dead:
                self._wire = self._connected(min(timeout_s, CONNECT_S))
            return self._wire

    def _connected(self, timeout_s: float) -> Wire:
        from adb_shell.adb_device import AdbDevice

        pipe: Any = None
        asked = threading.Event()
        try:
            pipe = self._pipe()
            handshake = AdbDevice(pipe, banner=b"inferometer")
            handshake.connect(
                rsa_keys=[signer(self._key)],
                transport_timeout_s=timeout_s,
                read_timeout_s=timeout_s,
                auth_timeout_s=self._accept_s,
                auth_callback=lambda _: asked.set(),
            )
            pipe.settle()
        except Exception as err:
            if pipe is not None:
                pipe.close()
            raise self._trouble(err, asked=asked.is_set()) from err
        chunk_bytes = min(pipe.max_bytes, MAX_DATA_BYTES) or handshake.max_chunk_size
        return Wire(self.device, pipe, chunk_bytes)

    def _trouble(self, err: Exception, *, asked: bool) -> Exception:
        """What an end of the handshake means for us."""
        from adb_shell import exceptions

        if asked:
            said = "it has not allowed USB debugging to this machine: accept the key on its screen"
            return AccessRefusedError(self.device, said)
        broken = (OSError, EOFError, exceptions.AdbTimeoutError, exceptions.TcpTimeoutException)
        usb = (exceptions.UsbDeviceNotFoundError, exceptions.UsbReadFailedError)
        if isinstance(err, (*broken, *usb, exceptions.UsbWriteFailedError)):
            return UnreachableError(self.device, str(err) or type(err).__name__)
        odd = (exceptions.InvalidCommandError, exceptions.InvalidResponseError)
        if isinstance(err, (*odd, exceptions.InvalidChecksumError)):
            return TransportError(self.device, "what answers there is no adbd")
        return err


def connect(where: str, key: Path | None = None, *, accept_s: float = ACCEPT_S) -> AdbTransport:
    """A transport to `HOST[:PORT]`, `usb` (the only one) or `usb:SERIAL`.

    key: the private RSA key; by default adb's own, which is made where there is none. accept_s:
    how long to wait for somebody at the device where it does not know the key.
    Raises UnreachableError, AccessRefusedError, TransportError where its Android is older than 7.
    """
    device = f"adb-direct:{where}"
    services = DirectServices(device, _pipe(device, where), key or key_path(), accept_s=accept_s)
    made = AdbTransport(device, services)
    try:
        made.call(["true"], timeout_s=CONNECT_S)
    except BaseException:
        made.close()
        raise
    return made


def _pipe(device: str, where: str) -> Callable[[], TcpPipe | UsbPipe]:
    try:
        from host.transport.adbd import pipes
    except ImportError as err:
        said = "needs adb-shell: pip install 'inferometer[adb-direct]'"
        raise UsageError(device, said) from err
    if where == "usb" or where.startswith("usb:"):
        serial = where.removeprefix("usb").removeprefix(":") or None
        return lambda: pipes.UsbPipe(serial)
    match = NETWORK.fullmatch(where)
    if match is None:
        raise UsageError(device, "neither HOST, HOST:PORT, usb nor usb:SERIAL")
    host, port = match["host"].strip("[]"), int(match["port"] or STANDARD_PORT)
    return lambda: pipes.TcpPipe(host, port)
