"""How much else the machine has to do: load average and pressure stall information."""

from __future__ import annotations

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
    open_reason,
    open_wanted,
    present,
)
from collectors.device.text import decimal, integer, not_a_number
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

LOAD_KIND, PRESSURE_KIND = "load", "pressure"
# The kernel brings the averages up to date every 5 s (LOAD_FREQ, kernel include/linux/sched/
# loadavg.h); the count of runnable tasks is of the moment.
LOAD_HZ = 1.0
# Totals are counters, so a slower reading loses nothing; each read of a file makes the kernel
# gather the states of all CPUs (psi_show in kernel/sched/psi.c), and there are three files.
PRESSURE_HZ = 1.0
_LIMIT_BYTES = 1024
_LOADAVG_FIELDS = 5  # proc_loadavg(5): three averages, runnable/all tasks, last process number
_PRESSURE_FIX = "boot with psi=1, on a kernel with CONFIG_PSI"


def open_load(scope: Scope) -> Opened:
    """One-minute load average and runnable tasks, from /proc/loadavg (proc_loadavg(5))."""
    path = scope.proc / "loadavg"
    try:
        file = KeptFile.open(path)
    except OSError as err:
        return Opened(None, (Absent(LOAD_KIND, str(path), open_reason(err), "mount procfs"),))
    channels = (
        Channel(
            "load.one_minute",
            Unit.ONE,
            Kind.AVERAGE,
            Quantity.LOAD,
            f"{path} field 1",
            resolution=0.01,  # two decimals, proc_loadavg(5)
            note="proc_loadavg(5): tasks that run or wait for a disk; brought up to date each 5 s",
        ),
        Channel(
            "load.runnable",
            Unit.COUNT,
            Kind.INSTANT,
            Quantity.LOAD,
            f"{path} field 4",
            resolution=1.0,
            note="proc_loadavg(5): tasks that can run now, the one that reads it with them",
        ),
    )
    return Opened(Polled([file_part(file, channels, load_values)], scope.clock, LOAD_HZ))


def load_values(data: bytes) -> Sequence[Value]:
    """Fields 1 and 4 (`runnable/all`) of /proc/loadavg."""
    fields = data.split()
    if len(fields) != _LOADAVG_FIELDS:
        return (not_a_number(data),) * 2
    return decimal(fields[0]), integer(fields[3].partition(b"/")[0])


def open_pressure(scope: Scope) -> Opened:
    """Time in which tasks stood still for want of CPU, memory or I/O, in us since boot.

    Source: kernel, Documentation/accounting/psi.rst. The totals are counters, so that a rate is
    good over any window; the averages beside them are not read.
    """
    folder = scope.proc / "pressure"
    if not present(folder):
        return not_present(PRESSURE_KIND, folder, "no pressure files", _PRESSURE_FIX)
    wanted = [
        Wanted(folder / what, partial(_pressure_part, folder / what, words))
        for what, words in (("cpu", ("some",)), ("memory", ("some", "full")), ("io", ("some",)))
    ]
    return open_wanted(PRESSURE_KIND, wanted, scope, _PRESSURE_FIX, PRESSURE_HZ)


def _pressure_part(path: Path, words: tuple[str, ...]) -> Part:
    file = KeptFile.open(path, _LIMIT_BYTES)
    channels = [
        Channel(
            f"pressure.{path.name}.{word}",
            Unit.MICROSECOND,
            Kind.COUNTER,
            Quantity.LOAD,
            f"{path} {word} total",
            note=f"psi.rst: time in which {'all' if word == 'full' else 'some'} tasks waited",
        )
        for word in words
    ]
    keys = [word.encode() for word in words]
    return file_part(file, channels, partial(stall_totals, words=keys))


def stall_totals(data: bytes, words: Sequence[bytes]) -> Sequence[Value]:
    """`total=` of the lines that start with these words."""
    found: dict[bytes, Value] = {}
    for line in data.splitlines():
        word, _, rest = line.partition(b" ")
        _, found_total, total = rest.rpartition(b"total=")
        if found_total:
            found[word] = integer(total)
    return [found.get(word, Missing(f"no-such-field: {word.decode()}")) for word in words]
