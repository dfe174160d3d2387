"""What the adb server says of its devices, and what their states mean for us."""

from __future__ import annotations

import re
from dataclasses import dataclass

from host.errors import AccessRefusedError, TransportError, UnreachableError
from host.transport.adbd.server import SERVERS
from host.transport.adbd.server_socket import Address, query

LIST_S = 10.0
# `adb devices -l`: serial, state in words, then key:value pairs; usb only on Linux.
LINE = re.compile(r"(?P<serial>\S+)\s+(?P<state>.*?)\s+(?P<pairs>(?:[a-z_]+:\S+\s*)+)")


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the server lists it. product, model: empty unless it is online."""

    serial: str
    state: str
    product: str
    model: str
    transport_id: int


def devices(server: Address | None = None) -> list[Device]:
    """Every device of the server; of one that is started for this when none answers."""
    address = server or Address.of_environment()
    SERVERS.hold(address)
    try:
        return listed(address)
    finally:
        SERVERS.release(address)


def listed(address: Address) -> list[Device]:
    """Every device of a server that runs."""
    text = query("adb", address, "host:devices-l", timeout_s=LIST_S)
    return [found for line in text.splitlines() if (found := _parse(line)) is not None]


def _parse(line: str) -> Device | None:
    match = LINE.fullmatch(line.strip())
    if match is None:
        return None
    pairs = dict(pair.split(":", 1) for pair in match["pairs"].split())
    number = pairs.get("transport_id", "")
    if not number.isdecimal():
        return None
    model = pairs.get("model", "").replace("_", " ")
    return Device(match["serial"], match["state"], pairs.get("product", ""), model, int(number))


def chosen(device: str, which: str, found: list[Device]) -> Device | None:
    """The device that `which` names, a serial or `tid=NN`; None when there is none.

    Raises TransportError when two have the serial: which one is measured must be said.
    """
    if which.startswith("tid="):
        named = [one for one in found if f"tid={one.transport_id}" == which]
    else:
        named = [one for one in found if one.serial == which]
    if len(named) > 1:
        ids = " or ".join(f"adb:tid={one.transport_id}" for one in named)
        raise TransportError(device, f"{len(named)} devices have this serial; say {ids}")
    return named[0] if named else None


def trouble(device: str, found: Device | None) -> TransportError | None:
    """Why a device in this state cannot be used; None when it can."""
    if found is None:
        return UnreachableError(device, "no such device (cable, USB debugging, address?)")
    state = found.state
    if state == "device":
        return None
    if state in ("unauthorized", "authorizing"):
        said = "it has not allowed USB debugging to this machine: accept the key on its screen"
        return AccessRefusedError(device, said)
    if state.startswith("no permissions"):
        return AccessRefusedError(device, f"this user may not open its USB port ({state})")
    return UnreachableError(device, f"it is {state}")
