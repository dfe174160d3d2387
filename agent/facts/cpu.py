"""Processor: model, flags, cores, SMT, governors and frequency limits, ticks, clock source."""

from __future__ import annotations

import os
from typing import Any

from agent.facts.files import (
    LONG_BYTES,
    AbsentError,
    Roots,
    entries,
    keyed,
    maybe,
    text_of,
    texts_of,
)

# proc_pid_stat(5) of /proc/stat: user nice system idle iowait irq softirq steal; the two guest
# fields that follow are counted in user and nice already.
STAT_FIELDS = 8
IDLE, IOWAIT = 3, 4
_FREQUENCY = (
    "scaling_driver",
    "scaling_governor",
    "scaling_min_freq",
    "scaling_max_freq",
    "cpuinfo_min_freq",
    "cpuinfo_max_freq",
    "base_frequency",
    "energy_performance_preference",
)


def cpu_model(roots: Roots) -> dict[str, str]:
    """What /proc/cpuinfo says of the first core; names differ between x86 and Arm."""
    info = keyed(text_of(roots.proc / "cpuinfo", LONG_BYTES))
    names = (
        ("model name", "name"),
        ("Hardware", "hardware"),
        ("vendor_id", "vendor"),
        ("cpu family", "family"),
        ("model", "model"),
        ("stepping", "stepping"),
        ("microcode", "microcode"),
        ("CPU implementer", "implementer"),
        ("CPU part", "part"),
        ("CPU variant", "variant"),
        ("CPU revision", "revision"),
    )
    found = {name: info[key] for key, name in names if key in info}
    if not found:
        raise AbsentError("not-told: /proc/cpuinfo names no processor")
    return found


def cpu_flags(roots: Roots) -> list[str]:
    """Instruction sets, sorted."""
    info = keyed(text_of(roots.proc / "cpuinfo", LONG_BYTES))
    flags = info.get("flags") or info.get("Features")
    if not flags:
        raise AbsentError("not-told: neither flags nor Features in /proc/cpuinfo")
    return sorted(flags.split())


def cores(roots: Roots) -> dict[str, Any]:
    """CPUs that the kernel knows, and how many of them are real cores where it tells."""
    found: dict[str, Any] = dict(
        texts_of(roots.cpu, ("possible", "present", "online", "isolated"))
    )
    found = {name: text for name, text in found.items() if text}
    seen = set()
    for cpu in entries(roots.cpu, "cpu[0-9]*"):
        package = maybe(cpu / "topology/physical_package_id")
        core = maybe(cpu / "topology/core_id")
        if core is not None:
            seen.add((package, core))
    if seen:
        found["physical"] = len(seen)
    return found


def affinity(_: Roots) -> list[int]:
    """CPUs that the agent may use (sched_getaffinity(2))."""
    if not hasattr(os, "sched_getaffinity"):
        raise AbsentError("not-present: this platform has no affinity")
    return sorted(os.sched_getaffinity(0))


def smt(roots: Roots) -> dict[str, str]:
    """Two threads a core: `active` and `control` of the kernel."""
    return texts_of(roots.cpu / "smt", ("active", "control"))


def frequency(roots: Roots) -> dict[str, dict[str, str]]:
    """Governor and limits of each policy, kHz as the kernel gives them (cpufreq)."""
    return {
        policy.name: texts_of(policy, (*_FREQUENCY, "affected_cpus"))
        for policy in entries(roots.cpu / "cpufreq", "policy[0-9]*")
    }


def boost(roots: Roots) -> dict[str, str]:
    """Whether the processor may go above its base clock."""
    return texts_of(roots.cpu, ("cpufreq/boost", "intel_pstate/no_turbo", "intel_pstate/status"))


def cpu_ticks(roots: Roots) -> dict[str, int]:
    """Ticks of all CPUs since boot, and those without work: idle and waiting for I/O."""
    first = text_of(roots.proc / "stat", LONG_BYTES).partition("\n")[0].split()
    if first[0] != "cpu" or len(first) <= IOWAIT + 1:
        raise AbsentError("not-told: no cpu line in /proc/stat")
    ticks = [int(field) for field in first[1 : STAT_FIELDS + 1]]
    return {"total": sum(ticks), "idle": ticks[IDLE] + ticks[IOWAIT]}


def load(roots: Roots) -> dict[str, float]:
    """Mean number of tasks that run or wait, over 1, 5 and 15 minutes (proc_loadavg(5))."""
    one, five, fifteen = text_of(roots.proc / "loadavg").split()[:3]
    return {"1min": float(one), "5min": float(five), "15min": float(fifteen)}


def clocksource(roots: Roots) -> dict[str, str]:
    """What the kernel's clocks count, and what else it could use."""
    folder = roots.sys / "devices/system/clocksource/clocksource0"
    return texts_of(folder, ("current_clocksource", "available_clocksource"))
