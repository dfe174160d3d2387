"""Phones and whatever else runs adbd, through an adb server."""

from __future__ import annotations

import re
import socket
import time

from host.errors import TransportError, UnreachableError
from host.transport.adbd.devices import Device, chosen, devices, listed, trouble
from host.transport.adbd.server import SERVERS
from host.transport.adbd.server_socket import Address, RefusedError, granted, query
from host.transport.adbd.transport import AdbTransport
from host.transport.deadline import Deadline

__all__ = ["Device", "connect", "devices"]

# How long a device may take to say that it is there; on Wi-Fi it is asked first.
SETTLE_S = 10.0
POLL_S = 0.05
NETWORK = re.compile(r".+:[0-9]{1,5}")


class ServerServices:
    """Services of one device of an adb server, a connection to the server for each.

    which: a serial, HOST:PORT, or `tid=NN` where two devices have one serial.
    """

    def __init__(self, which: str, server: Address) -> None:
        self.device = f"adb:{which}"
        self.which, self.server = which, server
        self._number = which.removeprefix("tid=")
        self._closed = False

    def granted(self, service: str, deadline: Deadline) -> socket.socket:
        by = "transport-id" if self._number != self.which else "transport"
        pick = f"host:{by}:{self._number}"
        try:
            return granted(self.device, self.server, pick, service, deadline=deadline)
        except RefusedError:
            if problem := trouble(self.device, self.found()):
                raise problem from None
            raise

    def found(self) -> Device | None:
        """What the server says of it; None when it has no such device."""
        return chosen(self.device, self.which, listed(self.server))

    def features(self) -> list[str]:
        """What the device and the server can both do."""
        by = "host-transport-id" if self._number != self.which else "host-serial"
        request = f"{by}:{self._number}:features"
        try:
            text = query(self.device, self.server, request, timeout_s=SETTLE_S)
        except RefusedError as err:
            raise UnreachableError(self.device, str(err)) from err
        return re.split(r"[,\n]", text)

    def close(self) -> None:
        """Give up our hold on the server."""
        if not self._closed:
            self._closed = True
            SERVERS.release(self.server)


def connect(which: str, server: Address | None = None) -> AdbTransport:
    """A transport to `SERIAL`, `HOST:PORT` (asked to come first) or `tid=NN`.

    server: whose devices; by default where adb itself would look. One is started, and ended when
    its last transport closes, only where none answers.
    Raises UnreachableError, AccessRefusedError, TransportError when two have the serial or its
    Android is too old.
    """
    address = server or Address.of_environment()
    SERVERS.hold(address)
    services = ServerServices(which, address)
    try:
        _reach(services)
        made = AdbTransport(services.device, services)
        _check(made, services)
    except BaseException:
        services.close()
        raise
    return made


def _reach(services: ServerServices) -> None:
    """Wait until the device is there; one of a network is asked to come."""
    said = ""
    found = services.found()
    if _on_network(services) and (found is None or found.state == "offline"):
        said = _invite(services, found)
    deadline = time.monotonic() + SETTLE_S
    while True:
        found = services.found()
        problem = trouble(services.device, found)
        if problem is None:
            return
        if found is None:
            raise UnreachableError(services.device, said) if said else problem
        passing = found.state in ("connecting", "authorizing") or (
            found.state == "offline" and not said  # one that was just asked stays so
        )
        if not passing or time.monotonic() > deadline:
            raise problem
        time.sleep(POLL_S)


def _invite(services: ServerServices, found: Device | None) -> str:
    """`adb connect`, after a disconnect where the server holds a dead connection; what it said."""
    device, which, address = services.device, services.which, services.server
    try:
        if found is not None:
            query(device, address, f"host:disconnect:{which}", timeout_s=SETTLE_S)
        return query(device, address, f"host:connect:{which}", timeout_s=3 * SETTLE_S)
    except RefusedError as err:
        return str(err)


def _check(made: AdbTransport, services: ServerServices) -> None:
    """Shell v2 is there and answers; a connection that hangs since a cut is made anew, once."""
    if "shell_v2" not in services.features():
        raise TransportError(made.device, "its adbd has no shell v2 (Android 7 and later have)")
    try:
        made.call(["true"], timeout_s=SETTLE_S / 2)
    except UnreachableError:
        if not _on_network(services):
            raise
        _invite(services, services.found())
        _reach(services)
        made.call(["true"], timeout_s=SETTLE_S)


def _on_network(services: ServerServices) -> bool:
    return NETWORK.fullmatch(services.which) is not None
