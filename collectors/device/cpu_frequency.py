"""CPU clocks, from cpufreq (kernel: Documentation/admin-guide/pm/cpufreq.rst), in kHz.

A policy is the set of cores that share one clock. Where there is no cpufreq (most virtual
machines), `cpu MHz` of /proc/cpuinfo is read instead, under names that start with `cpuinfo`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from collectors.device.part import (
    KeptFile,
    Part,
    Polled,
    Wanted,
    file_part,
    not_present,
    open_wanted,
    value_part,
)
from collectors.device.text import decimal, integer, numbered, short_text
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND, LIMITS_KIND = "cpufreq", "cpufreq_limits"
SLOW_HZ = 1.0
_FIX = "load a cpufreq driver; a virtual machine has none, measure on the machine itself"
_NO_POLICY = "no cpufreq policy"
# About 1.5 KiB a core on x86: enough for 600 of them.
_CPUINFO_LIMIT_BYTES = 1 << 20
_CPUINFO_LINE = re.compile(rb"(processor|cpu MHz)\s*:\s*([0-9.]{1,40})\s*\Z")


def open_frequency(scope: Scope) -> Opened:
    """The clock of each policy now; without cpufreq the clock that /proc/cpuinfo states."""
    policies = _policies(scope)
    if policies:
        wanted = [_wanted(*named, "scaling_cur_freq", "frequency") for named in policies]
        return open_wanted(KIND, wanted, scope, _FIX)
    absent = Absent(KIND, str(_cpu_folder(scope)), f"not-present: {_NO_POLICY}", _FIX)
    fallback = _open_cpuinfo(scope)
    return Opened(fallback, (absent,))


def open_limits(scope: Scope) -> Opened:
    """Lowest and highest clock that each policy may have; a falling upper one is throttling."""
    wanted = [
        _wanted(policy, cores, f"scaling_{end}_freq", f"{end}_limit")
        for policy, cores in _policies(scope)
        for end in ("min", "max")
    ]
    if not wanted:
        return not_present(LIMITS_KIND, _cpu_folder(scope), _NO_POLICY, _FIX)
    return open_wanted(LIMITS_KIND, wanted, scope, _FIX, SLOW_HZ)


def _cpu_folder(scope: Scope) -> Path:
    return scope.sys / "devices/system/cpu"


def _policies(scope: Scope) -> list[tuple[Path, str]]:
    """Folders of the policies and the cores of each, as the kernel lists them."""
    policies = numbered(_cpu_folder(scope) / "cpufreq", "policy")
    return [(p, (short_text(p / "related_cpus") or "").replace(" ", ",")) for p in policies]


def _wanted(policy: Path, cores: str, file: str, word: str) -> Wanted:
    path = policy / file
    steady = word != "frequency"
    channel = Channel(
        f"cpufreq.{policy.name}.{word}",
        Unit.KILOHERTZ,
        Kind.STATE if steady else Kind.INSTANT,
        Quantity.FREQUENCY,
        str(path),
        note=f"cores {cores or 'not stated'}; cpufreq.rst: what was last set, or what the "
        "hardware reports, as the driver has it",
    )
    return Wanted(path, partial(value_part, path, channel, integer))


def _open_cpuinfo(scope: Scope) -> Polled | None:
    """None where /proc/cpuinfo cannot be read or, as on Arm, states no clock."""
    path = scope.proc / "cpuinfo"
    try:
        file = KeptFile.open(path, _CPUINFO_LIMIT_BYTES)
    except OSError:
        return None
    data = file.read()
    cores = [] if isinstance(data, Missing) else list(core_megahertz(data))
    if not cores:
        file.close()
        return None
    return Polled([_cpuinfo_part(file, cores)], scope.clock, SLOW_HZ)


def _cpuinfo_part(file: KeptFile, cores: Sequence[int]) -> Part:
    channels = [
        Channel(
            f"cpuinfo.core{core}.frequency",
            Unit.MEGAHERTZ,
            Kind.INSTANT,
            Quantity.FREQUENCY,
            f"{file.path} cpu MHz",
            note="a virtual machine shows the rated clock here, whatever the real one is",
        )
        for core in cores
    ]
    return file_part(file, channels, partial(_parse_cpuinfo, cores=cores))


def _parse_cpuinfo(data: bytes, cores: Sequence[int]) -> Sequence[Value]:
    found = core_megahertz(data)
    return [found.get(core, Missing(f"no-such-field: core {core}")) for core in cores]


def core_megahertz(data: bytes) -> dict[int, Value]:
    """`cpu MHz` by core number; empty where the lines are not there."""
    found: dict[int, Value] = {}
    core: Value = Missing("no-such-field: processor")
    for line in data.splitlines():
        match = _CPUINFO_LINE.match(line)
        if match is None:
            continue
        if match[1] == b"processor":
            core = integer(match[2])
        elif isinstance(core, int):
            found[core] = decimal(match[2])
    return found
