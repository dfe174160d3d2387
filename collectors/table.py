"""Every kind of source on a device, and who opens it; openers are imported on use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from importlib import import_module

from collectors.device.part import present
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
    "nvml": "collectors.device.nvml:open_nvml",
    "psutil": "collectors.device.psutil_calls:open_psutil",
}
LINUX_KINDS: tuple[str, ...] = tuple(kind for kind in COLLECTORS if kind != "psutil")
OTHER_KINDS: tuple[str, ...] = ("psutil", "nvml")


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
    return LINUX_KINDS if present(scope.proc / "stat") else OTHER_KINDS


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
