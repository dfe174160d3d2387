"""Memory of the measured process, from /proc/PID (proc_pid_statm(5) and its neighbours).

Three sources, for their cost differs by a thousand: `process` reads `statm` (about 20 us, any
size), `process_peak` reads `status`, `process_pss` reads `smaps_rollup`, which walks every page
table entry and holds the memory-map lock of the measured process meanwhile (milliseconds when
weights are mapped). GPU and NPU buffers are in none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from collectors.device.part import (
    KeptFile,
    Part,
    Polled,
    file_part,
    open_reason,
    unreadable,
    whole_lines,
)
from collectors.device.text import integer, keyed, not_a_number
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

RSS_KIND, PEAK_KIND, PSS_KIND = "process", "process_peak", "process_pss"
PEAK_HZ = 1.0
# 2 GiB of mapped weights take 6.5 ms of one core (measured on a 2-core virtual machine): 0.3 % at
# this rate, so that 4 GiB stay below the 1 % that all sources together may take.
PSS_HZ = 0.5
_FIX = "start the engine first, and let the agent run as the same user"
_LIMIT_BYTES = 8192
_STATM_FIELDS = 7  # proc_pid_statm(5): size, resident, shared, text, lib, data, dt
_PSS_FIELDS = {
    "process.pss": ("Pss", "shared pages count by their share"),
    "process.pss_anon": ("Pss_Anon", "memory that the process made itself: caches, buffers"),
    "process.pss_file": ("Pss_File", "mapped files: clean pages of weights are here"),
    "process.swap_pss": ("SwapPss", "its share of what lies in swap"),
}
_ROLLUP = "kernel ABI procfs-smaps_rollup; takes the mmap lock of the process"


def open_rss(scope: Scope) -> Opened:
    """Resident set in pages, times `Channel.scale` in bytes."""
    return _open(RSS_KIND, scope, _statm, None)


def open_peak(scope: Scope) -> Opened:
    """Largest resident set so far, in KiB."""
    return _open(PEAK_KIND, scope, _status, PEAK_HZ)


def open_pss(scope: Scope) -> Opened:
    """Proportional set and its split, in KiB."""
    return _open(PSS_KIND, scope, _rollup, PSS_HZ)


def _open(kind: str, scope: Scope, part: Callable[[Path], Part], max_hz: float | None) -> Opened:
    if scope.pid is None:
        absent = Absent(kind, str(scope.proc / "PID"), "no-process: none is measured", _FIX)
        return Opened(None, (absent,))
    folder = scope.proc / str(scope.pid)
    try:
        return Opened(Polled([part(folder)], scope.clock, max_hz))
    except OSError as err:
        return Opened(None, (Absent(kind, str(folder), open_reason(err), _FIX),))


def _statm(folder: Path) -> Part:
    file = KeptFile.open(folder / "statm")
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    channel = Channel(
        "process.rss",
        Unit.BYTE,
        Kind.INSTANT,
        Quantity.MEMORY,
        f"{file.path} field 2",
        scale=float(page_bytes),
        note="proc_pid_statm(5): pages, batched per thread, so a few are late; mapped weights "
        "that are in memory count in full",
    )
    return file_part(file, (channel,), resident_pages)


def resident_pages(data: bytes) -> Sequence[Value]:
    """Second field of statm; a process without memory has ended (a zombie reads all zeros)."""
    fields = data.split()
    if len(fields) != _STATM_FIELDS:
        return (not_a_number(data),)
    if integer(fields[0]) == 0:
        return (Missing("process-ended: it has no memory left"),)
    return (integer(fields[1]),)


def _status(folder: Path) -> Part:
    file = KeptFile.open(folder / "status", _LIMIT_BYTES)
    channel = Channel(
        "process.rss_peak",
        Unit.KIBIBYTE,
        Kind.PEAK,
        Quantity.MEMORY,
        f"{file.path} VmHWM",
        note="proc_pid_status(5): since the program was started, so loading counts",
    )
    return file_part(file, (channel,), partial(keyed, keys=(b"VmHWM",)))


def _rollup(folder: Path) -> Part:
    """Opened anew each time, for the file keeps to the memory that was there when it was opened.

    A process that starts another program (execve(2)) gets new memory. The folder stays open, so
    that a new process with the same number is not taken for this one.
    """
    path = folder / "smaps_rollup"
    opened = _Folder(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    if not os.access("smaps_rollup", os.R_OK, dir_fd=opened.fd):
        opened.close()
        raise FileNotFoundError(2, "no smaps_rollup", str(path))
    channels = tuple(
        Channel(
            name,
            Unit.KIBIBYTE,
            Kind.INSTANT,
            Quantity.MEMORY,
            f"{path} {key}",
            note=f"{trap}; {_ROLLUP}",
        )
        for name, (key, trap) in _PSS_FIELDS.items()
    )
    return Part(channels, partial(_take_rollup, opened), opened.close)


class _Folder:
    """A folder kept open to open its files by name."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd: int | None = fd

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


def _take_rollup(folder: _Folder) -> Sequence[Value]:
    keys = tuple(key.encode() for key, _ in _PSS_FIELDS.values())
    data = _read_in(folder, "smaps_rollup")
    return (data,) * len(keys) if isinstance(data, Missing) else keyed(data, keys)


def _read_in(folder: _Folder, name: str) -> bytes | Missing:
    if folder.fd is None:
        return Missing("closed")
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder.fd)
    except OSError as err:
        return unreadable(err)
    try:
        return whole_lines(os.read(fd, _LIMIT_BYTES), _LIMIT_BYTES)
    except OSError as err:
        return unreadable(err)
    finally:
        os.close(fd)
