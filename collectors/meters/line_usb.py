"""Lines over USB bulk endpoints, by pyusb (extra `usb`): one transfer a call."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from collectors.meters.protocol import MeterError

EXTRA = "usb"
TRANSFER_BYTES = 4096  # a multiple of every packet size, as libusb wants it
_ADDRESS = re.compile(r"usb:([0-9a-f]{4}):([0-9a-f]{4})(?::([\w-]{1,40}))?\Z")
_WRITE_TIMEOUT_MS = 2000
_LEAST_TIMEOUT_MS = 1  # 0 would be for ever
_KINDS, _BULK, _IN = (
    0x03,
    0x02,
    0x80,
)  # USB 2.0 specification, table 9-13: bmAttributes, bEndpointAddress


# What USB calls these fields (2.0 specification, tables 9-12 and 9-13), and pyusb too.
_end_address, _end_kind = attrgetter("bEndpointAddress"), attrgetter("bmAttributes")
_interface_number = attrgetter("bInterfaceNumber")


class Device(Protocol):
    """What is used of a device of pyusb; its errors are OSError."""

    def get_active_configuration(self) -> Iterable[Iterable[object]]: ...

    def is_kernel_driver_active(self, number: int, /) -> bool: ...

    def detach_kernel_driver(self, number: int, /) -> object: ...

    def write(self, endpoint: int, data: bytes, timeout: int) -> object: ...

    def read(self, endpoint: int, size: int, timeout: int) -> Iterable[int]: ...

    def reset(self) -> object: ...


class Library(Protocol):
    """What is used of pyusb's `usb.core`."""

    def find(self, **wanted: object) -> Device | None: ...


def own_usb() -> Library:
    """The library. Raises MeterError where the extra is not installed."""
    try:
        import usb.core
    except ImportError as err:
        raise MeterError(EXTRA, f"not installed: pip install inferometer[{EXTRA}]") from err
    library: Library = usb.core
    return library


@dataclass(frozen=True, slots=True)
class UsbLine:
    """The first interface with a bulk endpoint each way. Untried on hardware."""

    name: str
    device: Device
    ends: tuple[int, int]

    @classmethod
    def open(cls, address: str, library: Library) -> UsbLine:
        """Raises MeterError where it is not there or is no such device."""
        found = _ADDRESS.match(address)
        if not found:
            raise MeterError(
                address[:40], "a USB address is usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL"
            )
        wanted: dict[str, object] = {"idVendor": int(found[1], 16), "idProduct": int(found[2], 16)}
        if found[3]:
            wanted["serial_number"] = found[3]
        try:
            device = library.find(**wanted)
            if device is None:
                raise MeterError(address, "is not attached, or may not be opened (udev rule)")
            return cls(address, device, _claimed(address, device))
        except (OSError, ValueError) as err:
            raise MeterError(address, f"cannot be opened: {err}") from None

    def send(self, data: bytes) -> None:
        try:
            self.device.write(self.ends[0], data, timeout=_WRITE_TIMEOUT_MS)
        except OSError as err:
            raise MeterError(self.name, f"it is gone: {err}") from None

    def receive(self, most: int, *, timeout_s: float) -> bytes:
        """A transfer is cut at `most`; ask for TRANSFER_BYTES to have it whole."""
        timeout_ms = max(_LEAST_TIMEOUT_MS, round(1000 * timeout_s))
        try:
            return bytes(self.device.read(self.ends[1], TRANSFER_BYTES, timeout=timeout_ms))[:most]
        except OSError as err:
            if err.errno == errno.ETIMEDOUT:
                return b""
            raise MeterError(self.name, f"it is gone: {err}") from None

    def close(self) -> None:
        """The kernel's driver is not given back: it has no use for a meter."""
        try:
            self.device.reset()
        except OSError:
            return


def _claimed(address: str, device: Device) -> tuple[int, int]:
    """Addresses of the endpoints out and in; the interface is taken from the kernel's driver."""
    for interface in device.get_active_configuration():
        bulk = [_end_address(e) for e in interface if _end_kind(e) & _KINDS == _BULK]
        out, into = ([e for e in bulk if e & _IN == way] for way in (0, _IN))
        if out and into:
            number = _interface_number(interface)
            if device.is_kernel_driver_active(number):
                device.detach_kernel_driver(number)
            return out[0], into[0]
    raise MeterError(address, "has no interface with a bulk endpoint each way")
