"""Monotonic clocks and their domains.

CLOCK_BOOTTIME on Android (it counts suspend, and on-device power rails stamp in it);
CLOCK_MONOTONIC_RAW elsewhere on Linux (not slewed by NTP: clock_gettime(2)); the platform's
monotonic clock where neither exists.
"""

from __future__ import annotations

import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path


def boot_id(proc: Path = Path("/proc")) -> str:
    """The kernel's id of this boot (proc_sys_kernel(5)), or one made up for this process."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"unknown-{uuid.uuid4()}"


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """The clock that the agent stamps with."""

    name: str
    boot: str
    clock_id: int | None

    @property
    def domain(self) -> str:
        return f"{self.name}@{self.boot}"

    @property
    def resolution_ns(self) -> int:
        """The resolution that the platform states (clock_getres(2)), in ns."""
        if self.clock_id is None:
            return max(1, round(time.get_clock_info("perf_counter").resolution * 1e9))
        return max(1, round(time.clock_getres(self.clock_id) * 1e9))

    def now_ns(self) -> int:
        if self.clock_id is None:
            return time.perf_counter_ns()
        return time.clock_gettime_ns(self.clock_id)


def device_clock(proc: Path = Path("/proc")) -> DeviceClock:
    """The clock for this platform."""
    android = hasattr(sys, "getandroidapilevel")
    for name, attribute in (
        ("boottime", "CLOCK_BOOTTIME"),
        ("monotonic_raw", "CLOCK_MONOTONIC_RAW"),
    ):
        if hasattr(time, attribute) and (android or name != "boottime"):
            return DeviceClock(name, boot_id(proc), getattr(time, attribute))
    return DeviceClock("perf_counter", boot_id(proc), None)
