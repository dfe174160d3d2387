"""Busy time, clock and memory of NPUs. None of them has a power counter that a program can read.

Intel (intel_vpu): kernel, drivers/accel/ivpu/ivpu_sysfs.c, `npu_busy_time_us`,
`npu_current_frequency_mhz`, `npu_memory_utilization`; that there is no power or energy counter:
intel/pcm#944 and intel/linux-npu-driver#89, both open. AMD (amdxdna): no node is documented;
the firmware's `npu_power` reaches no file (amd/xdna-driver#1356).
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from collectors.device.part import Wanted, not_present, open_wanted, present, shown, value_part
from collectors.device.text import integer, numbered, unique
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Quantity, Unit

KIND = "npu"
# The document of npu_busy_time_us (ivpu_sysfs.c, DOC) asks to read it no more than once a second.
NPU_HZ = 1.0
_FIX = "none without an NPU whose driver shows it: intel_vpu of Linux 6.11 and later"
_POWER_FIX = "none: measure the package (rapl) or the wall, and compare with it idle"
_ROWS = {
    "npu_busy_time_us": (
        "busy",
        Unit.MICROSECOND,
        Kind.COUNTER,
        Quantity.BUSY_TIME,
        "ivpu_sysfs.c: time with a job submitted to the firmware, also while it waits",
    ),
    "npu_current_frequency_mhz": (
        "frequency",
        Unit.MEGAHERTZ,
        Kind.INSTANT,
        Quantity.FREQUENCY,
        "ivpu_sysfs.c: 0 while it sleeps",
    ),
    "npu_memory_utilization": (
        "memory",
        Unit.BYTE,
        Kind.INSTANT,
        Quantity.MEMORY,
        "ivpu_sysfs.c: buffers of the NPU, which no process's memory shows",
    ),
}


def open_npu(scope: Scope) -> Opened:
    """What each NPU shows, and that its power is not among it."""
    folder = scope.sys / "class/accel"
    devices = [(_driver(d), d / "device") for d in numbered(folder, "accel")]
    known = [(driver, d) for driver, d in devices if driver in _VENDOR]
    if not known:
        return not_present(KIND, folder, "no NPU with a driver that is known here", _FIX)
    names = unique(_VENDOR[driver] for driver, _ in known)
    wanted = [
        _wanted(name, device, file)
        for name, (_, device) in zip(names, known, strict=True)
        for file in _ROWS
        if present(device / file)
    ]
    powerless = tuple(
        Absent(KIND, f"{name} power", _NO_POWER[driver], _POWER_FIX)
        for name, (driver, _) in zip(names, known, strict=True)
    )
    if not wanted:
        return Opened(None, powerless)
    opened = open_wanted(KIND, wanted, scope, _FIX, NPU_HZ)
    return Opened(opened.collector, (*opened.absent, *powerless))


_VENDOR = {"intel_vpu": "intel", "amdxdna": "amd"}
_NO_POWER = {
    "intel_vpu": "not-supported: no power counter exists",
    "amdxdna": "not-supported: the driver documents no node for it",
}


def _driver(accel: Path) -> str:
    return os.path.basename(os.path.realpath(accel / "device/driver"))  # noqa: PTH119 - may loop


def _wanted(name: str, device: Path, file: str) -> Wanted:
    word, unit, kind, quantity, note = _ROWS[file]
    path = device / file
    channel = Channel(f"npu.{name}.{word}", unit, kind, quantity, shown(path), note=note)
    return Wanted(path, partial(value_part, path, channel, integer))
