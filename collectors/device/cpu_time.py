"""CPU time of the machine, from /proc/stat (proc_stat(5)).

Values are USER_HZ ticks since boot; times `Channel.scale` they are s. Fields of a line: user,
nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice; guest time is already in user
and nice. Here busy = user + nice + system + irq + softirq, idle = idle + iowait, and steal is
what other guests of the same hypervisor took.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from collectors.device.part import KeptFile, Polled, file_part, open_reason
from collectors.device.text import printable
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "cpu"
# A counter in steps of 10 ms loses nothing between two readings; at 4 Hz a step is 4 % of the
# time between them, at 10 Hz 10 %. For one read the kernel adds up all interrupts of all CPUs
# (fs/proc/stat.c), so it costs more the more CPUs there are.
CPU_HZ = 4.0
_LINE = re.compile(rb"cpu([0-9]{0,5}) +([0-9 ]{1,240})")
_FIELDS = 8  # user to steal, the last one since Linux 2.6.11 (proc_stat(5))
_HEAD_LIMIT_BYTES = 1 << 18
_GROWTH_BYTES = 100  # room in a line for each of 10 numbers to gain 10 digits during a run
_NOTE = "proc_stat(5): USER_HZ ticks, often 10 ms; iowait and idle can go back a little"

Fields = Sequence[int]


def open_cpu_time(scope: Scope) -> Opened:
    """Busy, idle and steal of the whole machine, busy of each core."""
    path = scope.proc / "stat"
    try:
        cores, limit_bytes = _layout(path)
        file = KeptFile.open(path, limit_bytes)
    except OSError as err:
        return Opened(None, (Absent(KIND, str(path), open_reason(err), "mount procfs"),))
    rows: list[tuple[Channel, bytes, Callable[[Fields], int]]] = [
        (_channel("cpu.total.busy", path), b"", _busy),
        (_channel("cpu.total.idle", path, Quantity.IDLE), b"", _idle),
        (_channel("cpu.total.steal", path), b"", _steal),
        *((_channel(f"cpu.core{int(c)}.busy", path), c, _busy) for c in cores),
    ]
    wanted = [(core, sum_of) for _, core, sum_of in rows]
    part = file_part(file, [row[0] for row in rows], partial(_parse, wanted=wanted))
    return Opened(Polled([part], scope.clock, CPU_HZ))


def _layout(path: Path) -> tuple[list[bytes], int]:
    """Cores that are there, and the bytes that hold their lines with room to grow."""
    file = KeptFile.open(path, _HEAD_LIMIT_BYTES)
    data = file.read()
    file.close()
    if isinstance(data, Missing):
        return [], _HEAD_LIMIT_BYTES
    lines = cpu_lines(data)
    length = sum(len(row) + 1 for row in data.splitlines() if row.startswith(b"cpu"))
    cores = sorted((core for core in lines if core), key=int)
    return cores, length + _GROWTH_BYTES * (len(lines) + 1)


def cpu_lines(data: bytes) -> dict[bytes, tuple[int, ...] | Missing]:
    """Fields of each leading `cpu` line by core number, `b""` for the line of the whole."""
    found: dict[bytes, tuple[int, ...] | Missing] = {}
    for line in data.splitlines():
        if not line.startswith(b"cpu"):
            break
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        fields = tuple(map(int, match[2].split()))
        short = len(fields) < _FIELDS
        found[match[1]] = Missing(f"too-few-fields: {printable(line)}") if short else fields
    return found


def _parse(
    data: bytes, wanted: Sequence[tuple[bytes, Callable[[Fields], int]]]
) -> Sequence[Value]:
    lines = cpu_lines(data)
    return [_value(lines, core, sum_of) for core, sum_of in wanted]


def _value(
    lines: Mapping[bytes, Fields | Missing], core: bytes, sum_of: Callable[[Fields], int]
) -> Value:
    fields = lines.get(core)
    if fields is None:
        return Missing(f"no-such-field: cpu{core.decode()}")
    return fields if isinstance(fields, Missing) else sum_of(fields)


def _busy(fields: Fields) -> int:
    return fields[0] + fields[1] + fields[2] + fields[5] + fields[6]


def _idle(fields: Fields) -> int:
    return fields[3] + fields[4]


def _steal(fields: Fields) -> int:
    return fields[7]


def _channel(name: str, path: Path, quantity: Quantity = Quantity.CPU_TIME) -> Channel:
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    return Channel(
        name,
        Unit.SECOND,
        Kind.COUNTER,
        quantity,
        str(path),
        resolution=tick_s,
        scale=tick_s,
        note=_NOTE,
    )
