"""Energy counters of Windows' Energy Meter Interface: RAPL of the processor, or a meter on board.

Source: Microsoft, Win32 API, emi.h: version, metadata (V1: one channel; V2: several) and
EMI_CHANNEL_MEASUREMENT_DATA, two unsigned 64-bit numbers, AbsoluteEnergy in pWh from any zero, and
AbsoluteTime in 100 ns. Only differences mean something. What asks Windows is in `emi_calls.py`.
Untried on Windows.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from collectors.device.part import Part, Polled, error_name
from collectors.device.text import slug, unique
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "emi"
EMI_HZ = 20.0
V1, V2 = 1, 2
# FILE_DEVICE_UNKNOWN, functions 0 to 3, buffered, read access (emi.h).
GET_VERSION, GET_METADATA_SIZE, GET_METADATA, GET_MEASUREMENT = (
    0x224000,
    0x224004,
    0x224008,
    0x22400C,
)
MOST_METADATA_BYTES = 1 << 16
_PICOWATT_HOURS = 0
_UJ_OF_PWH = 3.6e-3  # 1 pWh = 3.6 nJ
_NS_OF_TICK = 100.0
_MEASUREMENT = struct.Struct("<QQ")
# WCHAR HardwareOEM[16] and HardwareModel[16], 64 bytes; V1 has the unit before, a name behind.
_HEAD_V1, _HEAD_V2 = struct.Struct("<I64xHH"), struct.Struct("<64xHH")
_CHANNEL_V2 = struct.Struct("<IH")
_MOST_CHANNELS = 64
_FIX = "none elsewhere: an interface of Windows 10 and later"
_NONE = "none: no driver of this machine offers an energy meter; LibreHardwareMonitor may"
_NOTE = (
    "emi.h: from any zero, only differences mean something; a channel named RAPL_Package0_PKG is "
    "RAPL's, and what RAPL leaves out is left out here"
)


class Meter(Protocol):
    """One open device of the interface."""

    def ask(self, code: int, size_bytes: int) -> bytes:
        """Raises OSError."""
        ...

    def close(self) -> None: ...


Meters = Callable[[], Sequence[Meter]]


def windows_meters() -> Sequence[Meter]:
    """Every meter of this machine, opened. Raises OSError, NotImplementedError off Windows."""
    if sys.platform != "win32":
        raise NotImplementedError(sys.platform)
    from collectors.device.emi_calls import open_meters

    return open_meters()


def open_emi(scope: Scope, meters: Meters = windows_meters) -> Opened:
    """The channels of every meter. meters: opens them."""
    try:
        found = meters()
    except NotImplementedError:
        return _absent("not-supported: no Windows", fix=_FIX)
    except OSError as err:
        return _absent(f"not-readable: {error_name(err)}", fix=_NONE)
    tried = [_named(meter) for meter in found]
    names = unique(slug(n) for one in tried if isinstance(one, tuple) for n in one)
    parts: list[Part] = []
    absent: list[Absent] = []
    for number, (meter, one) in enumerate(zip(found, tried, strict=True)):
        if isinstance(one, Missing):
            meter.close()
            absent.append(Absent(KIND, f"meter {number}", one.reason, _NONE))
        else:
            own, names = names[: len(one)], names[len(one) :]
            parts.append(_part(meter, number, own))
    if not parts and not absent:
        return _absent("not-present: no energy meter", fix=_NONE)
    return Opened(Polled(parts, scope.clock, EMI_HZ) if parts else None, tuple(absent))


def _absent(reason: str, fix: str) -> Opened:
    return Opened(None, (Absent(KIND, "energy meter interface", reason, fix),))


def _named(meter: Meter) -> tuple[str, ...] | Missing:
    """Names of the channels of one meter, all in pWh, or why it cannot be used."""
    try:
        (version,) = struct.unpack("<H", meter.ask(GET_VERSION, 2))
        (size,) = struct.unpack("<I", meter.ask(GET_METADATA_SIZE, 4))
        if not 0 < size <= MOST_METADATA_BYTES:
            return Missing(f"too-long: {size} bytes of metadata")
        return channels_of(version, meter.ask(GET_METADATA, size))
    except OSError as err:
        return Missing(f"not-readable: {error_name(err)}")
    except struct.error:
        return Missing("not-a-number: metadata is cut off")


def channels_of(version: int, data: bytes) -> tuple[str, ...] | Missing:
    """Names in metadata of either version. Raises struct.error where it is cut off."""
    if version == V1:
        unit, _, size = _HEAD_V1.unpack_from(data)
        return _checked([(unit, _name(data, _HEAD_V1.size, size))])
    if version != V2:
        return Missing(f"not-supported: version {version}")
    _, count = _HEAD_V2.unpack_from(data)
    if not 0 < count <= _MOST_CHANNELS:
        return Missing(f"too-many: {count} channels")
    found, at = [], _HEAD_V2.size
    for _ in range(count):
        unit, size = _CHANNEL_V2.unpack_from(data, at)
        at += _CHANNEL_V2.size
        found.append((unit, _name(data, at, size)))
        at += size
    return _checked(found)


def _name(data: bytes, start: int, size: int) -> str:
    if start + size > len(data):
        raise struct.error("a name reaches over the end")
    return data[start : start + size].decode("utf-16-le", errors="replace").rstrip("\0")


def _checked(found: Sequence[tuple[int, str]]) -> tuple[str, ...] | Missing:
    if any(unit != _PICOWATT_HOURS for unit, _ in found):
        return Missing("not-supported: a unit other than pWh")
    return tuple(name for _, name in found)


def _part(meter: Meter, number: int, names: Sequence[str]) -> Part:
    source = f"IOCTL_EMI_GET_MEASUREMENT of meter {number}"
    channels = [one for name in names for one in _channels(name, source)]
    size = _MEASUREMENT.size * len(names)
    return Part(
        tuple(channels),
        partial(meter.ask, GET_MEASUREMENT, size),
        meter.close,
        partial(measurements, len(names)),
    )


def _channels(name: str, source: str) -> tuple[Channel, Channel]:
    energy = Channel(
        f"emi.{name}.energy",
        Unit.MICROJOULE,
        Kind.COUNTER,
        Quantity.ENERGY,
        f"{source} AbsoluteEnergy",
        scale=_UJ_OF_PWH,
        tier="B",
        note=_NOTE,
    )
    stamp = Channel(
        f"emi.{name}.stamp",
        Unit.NANOSECOND,
        Kind.COUNTER,
        Quantity.TIME,
        f"{source} AbsoluteTime",
        scale=_NS_OF_TICK,
        note="emi.h: when the energy was counted, 100 ns, on a clock that no document names",
    )
    return energy, stamp


def measurements(count: int, data: bytes) -> Sequence[Value]:
    """Energy in pWh and time in 100 ns of each channel, in order."""
    if len(data) != count * _MEASUREMENT.size:
        return (Missing(f"not-a-number: {len(data)} bytes for {count} channels"),) * (2 * count)
    return [value for pair in _MEASUREMENT.iter_unpack(data) for value in pair]
