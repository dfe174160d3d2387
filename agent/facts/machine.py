"""The machine: memory, system, product, container and hypervisor, limits, heat and power."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from agent.facts.files import (
    LONG_BYTES,
    AbsentError,
    Roots,
    entries,
    keyed,
    maybe,
    number_of,
    text_of,
    texts_of,
)

KIB = 1024
# Files that say that a daemon sets the clock, and which one.
_TIME_SYNC = {
    "systemd-timesyncd": "systemd/timesync/synchronized",
    "chronyd": "chrony/chronyd.pid",
    "ntpd": "ntpd.pid",
}
_PRODUCT = ("sys_vendor", "product_name", "product_version", "board_vendor", "board_name")
_SUPPLY = (
    "type", "scope", "status", "online", "present", "capacity", "voltage_now", "current_now",
    "power_now", "charge_now", "charge_full", "energy_now", "energy_full", "temp", "cycle_count",
)  # fmt: skip
_V2_LIMITS = ("cpu.max", "cpuset.cpus.effective", "memory.max", "memory.high", "memory.swap.max")
_V1_LIMITS = (
    "cpu/cpu.cfs_quota_us",
    "cpu/cpu.cfs_period_us",
    "cpuset/cpuset.cpus",
    "memory/memory.limit_in_bytes",
)


def memory_bytes(roots: Roots) -> dict[str, int]:
    """Total, available and swap memory in bytes (proc_meminfo(5) gives KiB)."""
    info = keyed(text_of(roots.proc / "meminfo"))
    names = {"total": "MemTotal", "available": "MemAvailable", "swap_total": "SwapTotal"}
    return {name: int(info[key].split()[0]) * KIB for name, key in names.items() if key in info}


def system(roots: Roots) -> dict[str, str]:
    """Operating system, kernel and architecture."""
    named = os.uname()
    found = {"kernel": named.release, "version": named.version, "machine": named.machine}
    release = maybe(roots.etc / "os-release")
    if release is not None:
        found["name"] = keyed(release, "=").get("PRETTY_NAME", "").strip('"')
    return {"system": named.sysname, **found}


def product(roots: Roots) -> dict[str, str]:
    """What the maker calls it: DMI on PCs, the device tree elsewhere. No serial numbers."""
    model = maybe(roots.proc / "device-tree/model")
    if model:
        return {"model": model}
    found = texts_of(roots.sys / "class/dmi/id", (*_PRODUCT, "bios_version", "bios_date"))
    return {name: text for name, text in found.items() if text}


def machine_id_sha256(roots: Roots) -> str:
    """A hash of the installation's id: machine-id(5) asks not to hand out the id itself."""
    text = text_of(roots.etc / "machine-id")
    if re.fullmatch("[0-9a-f]{32}", text) is None:
        raise AbsentError("not-told: machine-id holds no id")
    return hashlib.sha256(f"inferometer {text}".encode()).hexdigest()


def boot_id(roots: Roots) -> str:
    """The kernel's id of this boot."""
    return text_of(roots.proc / "sys/kernel/random/boot_id")


def uptime_s(roots: Roots) -> float:
    """Seconds since boot (proc_uptime(5))."""
    return float(text_of(roots.proc / "uptime").split()[0])


def virtualization(roots: Roots) -> dict[str, Any]:
    """Signs of a hypervisor or a container; without any, nothing is proven."""
    info = keyed(text_of(roots.proc / "cpuinfo", LONG_BYTES))
    signs: dict[str, Any] = {"hypervisor_flag": "hypervisor" in info.get("flags", "").split()}
    kind = maybe(roots.sys / "hypervisor/type")
    if kind:
        signs["hypervisor_type"] = kind
    init = maybe(roots.proc / "1/cgroup") or ""
    words = ("docker", "containerd", "kubepods", "lxc", "libpod")
    marks = [word for word in words if word in init]
    if (roots.run / ".containerenv").exists():
        marks.append("containerenv")
    if marks:
        signs["container"] = marks
    return signs


def cgroup(roots: Roots) -> dict[str, Any]:
    """Limits of the agent's control group: CPU quota, CPUs, memory (kernel cgroup-v2.rst)."""
    lines = text_of(roots.proc / "self/cgroup").splitlines()
    root = roots.sys / "fs/cgroup"
    unified = [line.partition("::")[2] for line in lines if line.startswith("0::")]
    if unified and (root / "cgroup.controllers").exists():
        path = root / unified[0].lstrip("/")
        folder = path if path.is_dir() else root  # the group's own namespace hides the path
        return {"version": 2, "path": unified[0], **_found(folder, _V2_LIMITS)}
    return {"version": 1, **texts_of(root, _V1_LIMITS)}


def _found(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The limits that are set; the root group has no such files."""
    return {name: text for name in names if (text := maybe(folder / name)) is not None}


def huge_pages(roots: Roots) -> dict[str, str]:
    """Whether the kernel gives huge pages by itself."""
    return texts_of(roots.sys / "kernel/mm/transparent_hugepage", ("enabled", "defrag"))


def temperatures_c(roots: Roots) -> dict[str, float]:
    """Every thermal zone and hwmon sensor at the moment, in degrees Celsius.

    The kernel gives millidegrees (thermal/sysfs-api.rst, hwmon/sysfs-interface.rst).
    """
    found: dict[str, float] = {}
    for zone in _some(roots.sys / "class/thermal", "thermal_zone*"):
        _add(found, f"{zone.name}.{maybe(zone / 'type') or 'unnamed'}", zone / "temp")
    for chip in _some(roots.sys / "class/hwmon", "hwmon*"):
        name = maybe(chip / "name") or chip.name
        for sensor in _some(chip, "temp*_input"):
            _add(found, f"{chip.name}.{name}.{sensor.name.removesuffix('_input')}", sensor)
    if not found:
        raise AbsentError(
            "not-present: neither a thermal zone nor a hwmon temperature is readable"
        )
    return found


def power_supplies(roots: Roots) -> dict[str, dict[str, str]]:
    """Batteries and chargers, values as the kernel gives them (sysfs-class-power)."""
    folder = roots.sys / "class/power_supply"
    return {supply.name: texts_of(supply, _SUPPLY) for supply in entries(folder, "*")}


def time_sync(roots: Roots) -> dict[str, Any]:
    """Daemons that seem to set the wall clock; a hint only, and no duration depends on it."""
    return {"hints": [n for n, path in _TIME_SYNC.items() if (roots.run / path).exists()]}


def _some(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(entries(folder, pattern))
    except AbsentError:
        return []


def _add(found: dict[str, float], name: str, path: Path) -> None:
    """A sensor that cannot be read now is left out: zones may be switched off."""
    try:
        found[name] = number_of(path) / 1000
    except (OSError, ValueError, AbsentError):
        return
