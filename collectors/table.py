"""Every kind of source on a device, and who opens it; openers are imported on use."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable, Sequence
from importlib import import_module

from collectors.device.part import present
from collectors.device.text import short_text
from collectors.protocol import Absent, Collector, Opened, Scope

Opener = Callable[[Scope], Opened]

# Openers take a Scope, never raise for a source that is not there, and say so by Absent.
COLLECTORS: dict[str, str] = {
    "cpu": "collectors.device.cpu_time:open_cpu_time",
    "cpufreq": "collectors.device.cpu_frequency:open_frequency",
    "cpufreq_limits": "collectors.device.cpu_frequency:open_limits",
    "cpuidle": "collectors.device.cpu_idle:open_idle",
    "cpu_throttle": "collectors.device.thermal:open_throttle",
    "load": "collectors.device.load:open_load",
    "pressure": "collectors.device.load:open_pressure",
    "memory": "collectors.device.memory:open_memory",
    "process": "collectors.device.process:open_rss",
    "process_peak": "collectors.device.process:open_peak",
    "process_pss": "collectors.device.process:open_pss",
    "thermal": "collectors.device.thermal:open_zones",
    "cooling": "collectors.device.thermal:open_cooling",
    "rapl": "collectors.device.rapl:open_rapl",
    "hwmon_power": "collectors.device.hwmon:open_power",
    "hwmon_temperature": "collectors.device.hwmon:open_temperature",
    "hwmon_rails": "collectors.device.hwmon:open_rails",
    "ina3221": "collectors.device.ina3221:open_ina3221",
    "power_supply": "collectors.device.power_supply:open_power_supply",
    "odpm": "collectors.device.odpm:open_odpm",
    "gpu": "collectors.device.gpu_nodes:open_gpu",
    "npu": "collectors.device.npu:open_npu",
    "nvml": "collectors.device.nvml:open_nvml",
    "amdsmi": "collectors.device.amdsmi:open_amdsmi",
    "power_stats": "collectors.device.android:open_power_stats",
    "battery": "collectors.device.android:open_battery",
    "thermal_hal": "collectors.device.android:open_thermal_hal",
    "pmic": "collectors.device.pmic:open_pmic",
    "bmc": "collectors.device.bmc:open_bmc",
    "apple": "collectors.device.apple:open_apple",
    "macmon": "collectors.device.apple:open_macmon",
    "emi": "collectors.device.emi:open_emi",
    "lhm": "collectors.device.lhm:open_lhm",
    "psutil": "collectors.device.psutil_calls:open_psutil",
}
OTHER_KINDS: tuple[str, ...] = ("psutil", "nvml", "apple", "macmon", "emi", "lhm")
LINUX_KINDS: tuple[str, ...] = tuple(
    kind for kind in COLLECTORS if kind == "nvml" or kind not in OTHER_KINDS
)
# Kinds of one sort of machine, known by a program or a file of it: elsewhere nobody misses them,
# and nobody is told that they are absent.
PROGRAMS = {"power_stats": "dumpsys", "battery": "dumpsys", "thermal_hal": "dumpsys"} | {
    "pmic": "vcgencmd",
    "bmc": "ipmitool",
}
SIGNS = {
    "pmic": ("proc/device-tree/model", b"Raspberry Pi"),
    "bmc": ("sys/class/ipmi", b""),
    "odpm": ("sys/bus/iio/devices", b""),
    "amdsmi": ("sys/module/amdgpu", b""),
    "npu": ("sys/class/accel", b""),
}


class UnknownKindError(ValueError):
    """A kind that is not in the table: (kind, near ones)."""

    def __init__(self, kind: str, near: tuple[str, ...]) -> None:
        super().__init__(kind, near)
        self.kind, self.near = kind, near

    def __str__(self) -> str:
        meant = f"; did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"no collector of kind {self.kind!r}{meant}"


def opener(kind: str) -> Opener:
    """The function that opens a kind. Raises UnknownKindError."""
    if kind not in COLLECTORS:
        raise UnknownKindError(kind, tuple(difflib.get_close_matches(kind, COLLECTORS)))
    module, _, attribute = COLLECTORS[kind].partition(":")
    found: Opener = getattr(import_module(module), attribute)
    return found


def default_kinds(scope: Scope) -> tuple[str, ...]:
    """All kinds that read procfs and sysfs; psutil only where there is no procfs."""
    if not present(scope.proc / "stat"):
        return OTHER_KINDS
    return tuple(kind for kind in LINUX_KINDS if _belongs(kind, scope))


def _belongs(kind: str, scope: Scope) -> bool:
    """Whether a kind of one sort of machine can be looked for here; the others always are."""
    if kind not in PROGRAMS and kind not in SIGNS:
        return True
    if kind in PROGRAMS and shutil.which(PROGRAMS[kind], path=scope.search) is not None:
        return True
    return kind in SIGNS and _signed(*SIGNS[kind], scope)


def _signed(name: str, word: bytes, scope: Scope) -> bool:
    """Whether the file or folder is there and, where a word is asked for, begins with it."""
    root, _, rest = name.partition("/")
    path = {"proc": scope.proc, "sys": scope.sys}[root] / rest
    if not word:
        return present(path)
    text = short_text(path)
    return text is not None and text.encode().startswith(word)


def open_all(
    scope: Scope, kinds: Sequence[str] | None = None
) -> tuple[tuple[tuple[str, Collector], ...], tuple[Absent, ...]]:
    """Open these kinds (or the default ones): what can be read, and what not and why.

    The caller closes the collectors. Raises UnknownKindError before anything is opened.
    """
    openers = [(k, opener(k)) for k in (default_kinds(scope) if kinds is None else kinds)]
    opened = [(kind, open_kind(scope)) for kind, open_kind in openers]
    collectors = tuple((k, o.collector) for k, o in opened if o.collector is not None)
    return collectors, tuple(absent for _, o in opened for absent in o.absent)
