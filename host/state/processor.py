"""Processor: frequency policies, and how busy it is.

cpufreq: Documentation/admin-guide/pm/cpufreq.rst (kHz). Ticks: proc(5), /proc/stat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from host.state.missing import Keys, Missing, real, shown, text_of, whole

_NOT_ASKED = Missing("not-asked")
_MOST_KHZ = 10**8
_IDLE, _IOWAIT, _STEAL = 3, 4, 7


@dataclass(frozen=True, slots=True)
class Policy:
    """One frequency policy; limits in kHz: what is set, and what the hardware could."""

    name: str
    governor: str | Missing
    min_khz: int | Missing
    max_khz: int | Missing
    hardware_max_khz: int | Missing
    governors: tuple[str, ...] | Missing


@dataclass(frozen=True, slots=True)
class Ticks:
    """CPU time since boot in ticks, of all cores, and the part that was idle or waited for I/O."""

    total: int
    idle: int


@dataclass(frozen=True, slots=True)
class Load:
    """loadavg_1min: runnable tasks. ticks: for a busy ratio with a later reading.

    throttle_events: thermal throttle events of all cores since boot, where the CPU counts them.
    """

    loadavg_1min: float | Missing = _NOT_ASKED
    ticks: Ticks | Missing = _NOT_ASKED
    throttle_events: int | Missing = _NOT_ASKED
    busy_ratio: float | Missing = _NOT_ASKED


def policies_of(
    found: Mapping[str, Mapping[str, str]],
) -> tuple[Policy, ...] | Missing:
    """Frequency policies: name of the folder to its attributes. Never raises."""
    policies = tuple(_policy(name, Keys(found[name])) for name in sorted(found))
    return policies or Missing("not-there", "no cpufreq policy")


def _policy(name: str, keys: Keys) -> Policy:
    offered = keys.shown("scaling_available_governors")
    return Policy(
        name=shown(name),
        governor=keys.shown("scaling_governor"),
        min_khz=keys.whole("scaling_min_freq", 0, _MOST_KHZ),
        max_khz=keys.whole("scaling_max_freq", 0, _MOST_KHZ),
        hardware_max_khz=keys.whole("cpuinfo_max_freq", 0, _MOST_KHZ),
        governors=offered if isinstance(offered, Missing) else tuple(offered.split()),
    )


def parse_ticks(raw: bytes) -> Ticks | Missing:
    """The line `cpu` of /proc/stat; guest time stands in user time already. Never raises."""
    for line in text_of(raw).split("\n"):
        words = line.split()
        if words[:1] != ["cpu"]:
            continue
        fields = [whole(word, 0, 2**60) for word in words[1 : _STEAL + 2]]
        known = [f for f in fields if not isinstance(f, Missing)]
        if len(known) != len(fields) or len(known) <= _IOWAIT:
            return Missing("not-understood", shown(line))
        return Ticks(sum(known), known[_IDLE] + known[_IOWAIT])
    return Missing("not-stated", "no line `cpu`")


def busy_between(first: Ticks | Missing, last: Ticks | Missing) -> float | Missing:
    """Part of the CPU time of all cores that was not idle between two readings, 0..1."""
    if isinstance(first, Missing):
        return first
    if isinstance(last, Missing):
        return last
    total, idle = last.total - first.total, last.idle - first.idle
    if total <= 0:
        return Missing("not-stated", "no tick between the two readings")
    # iowait may go back (proc(5)), so idle may seem more than all or less than none.
    return min(1.0, max(0.0, 1 - idle / total))


def parse_loadavg(raw: bytes) -> float | Missing:
    """The first number of /proc/loadavg. Never raises."""
    words = text_of(raw).split()
    return real(words[0], 0, 1e6) if words else Missing("not-stated", "loadavg")


def throttle_events(found: Mapping[str, str]) -> int | Missing:
    """Sum of `thermal_throttle/core_throttle_count` over the cores (x86 only)."""
    counts = [Keys(found).whole(name, 0, 10**15) for name in sorted(found)]
    known = [c for c in counts if not isinstance(c, Missing)]
    return sum(known) if known else Missing("not-there", "no core counts its throttle events")
