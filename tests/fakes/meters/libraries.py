"""What the makers' own libraries do, as far as it is used: Joulescope's driver and Monsoon's HVPM.

From pyjoulescope_driver 2.2.12 (Driver, binding.pyx) and Monsoon 0.1.88 (HVPM.py): the names are
theirs.
"""

from __future__ import annotations

import errno
import struct
from array import array
from collections.abc import Callable
from types import SimpleNamespace


def statistics(first: int, count: int, watt: float, energy: int) -> dict[str, object]:
    """One value of `s/stats/value`; energy in 2^-27 J."""

    def mean(value: float, unit: str) -> dict[str, object]:
        return {"avg": {"value": value, "units": unit}, "std": {"value": 0.0, "units": unit}}

    return {
        "time": {"samples": {"value": [first, first + count], "units": "samples"}},
        "signals": {
            "current": mean(watt / 5, "A"),
            "voltage": mean(5.0, "V"),
            "power": mean(watt, "W"),
        },
        "accumulators": {
            "charge": {"value": 0.0, "int_value": energy // 5, "int_scale": 2**-31, "units": "C"},
            "energy": {"value": 0.0, "int_value": energy, "int_scale": 2**-27, "units": "J"},
        },
    }


class JoulescopeDriver:
    """Takes and tells topics; `send` is the driver's own thread calling back."""

    def __init__(self, *paths: str) -> None:
        self.paths, self.topics = list(paths), dict[str, object]()
        self.heard: dict[str, Callable[[str, object], None]] = {}
        self.open_now: set[str] = set()
        self.finalized = False

    def device_paths(self) -> list[str]:
        return self.paths

    def open(self, device_prefix: str) -> None:
        self.open_now.add(device_prefix)

    def close(self, device_prefix: str) -> None:
        self.open_now.remove(device_prefix)

    def publish(self, topic: str, value: object) -> None:
        if not any(topic.startswith(path) for path in self.open_now):
            raise RuntimeError("jsdrv_publish failed 5: NOT_FOUND")
        self.topics[topic] = value

    def query(self, topic: str) -> object:
        return self.topics[topic]

    def subscribe(self, topic: str, flags: str, fn: Callable[[str, object], None]) -> None:
        assert flags == "pub"
        self.heard[topic] = fn

    def unsubscribe(self, topic: str, fn: Callable[[str, object], None]) -> None:
        assert self.heard.pop(topic) == fn

    def finalize(self) -> None:
        self.finalized = True

    def send(self, topic: str, value: object) -> None:
        self.heard[topic](topic, value)


def hvpm_packet(dropped: int, samples: list[tuple[int, int, int, int]]) -> bytes:
    """samples: raw coarse, fine, main voltage and kind; at most three."""
    body = struct.pack("<HBB", dropped, 0, len(samples))
    for coarse, fine, volt, kind in samples:
        body += struct.pack(">8HBB", coarse, fine, 1, 2, 3, 4, volt, 5, 0, kind)
    return body.ljust(64, b"\0")


class Hvpm:
    """The methods of `HVPM.Monsoon`; each bulk read gives the next of `reads`."""

    def __init__(self, reads: list[bytes | OSError]) -> None:
        self.reads, self.calls = reads, list[tuple[object, ...]]()
        self.statusPacket = SimpleNamespace(
            firmwareVersion=32,
            serialNumber=20123,
            mainCoarseScale=6400.0,
            mainFineScale=36500.0,
            mainCoarseZeroOffset=-10.0,
            mainFineZeroOffset=15.0,
        )

    def BulkRead(self) -> array[int]:  # noqa: N802  # the library's name
        if not self.reads:
            raise OSError(errno.ETIMEDOUT, "Operation timed out")
        found = self.reads.pop(0)
        if isinstance(found, OSError):
            raise found
        return array("B", found)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in {"setup_usb", "fillStatusPacket", "setVout", "StartSampling",
                        "stopSampling", "closeDevice"}:  # fmt: skip
            raise AttributeError(name)
        return lambda *arguments: self.calls.append((name, *arguments))
