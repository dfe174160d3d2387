"""Why a child died: what the kernel and its log say about memory."""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_BYTES = 8192
SIGKILL = 9
# What C++ and Python print when no memory is left.
_NO_MEMORY = (b"bad_alloc", b"MemoryError", b"out of memory", b"Cannot allocate memory")


def oom_kills(proc: Path = Path("/proc")) -> int | None:
    """Processes that the kernel has ended for want of memory (`oom_kill` of proc_vmstat(5))."""
    try:
        text = (proc / "vmstat").read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return None


def crash_reason(status: int, log: Path, before: int | None, after: int | None) -> str:
    """Reason code for a child that ended without a word; status as of a child process.

    before, after: `oom_kills` at start and end; they count for the whole machine, so they speak
    only for a child that was ended by signal 9.
    """
    how = how_ended(status)
    if status == -SIGKILL and before is not None and after is not None and after > before:
        return f"engine-out-of-memory: {how}, the kernel's oom_kill went from {before} to {after}"
    tail = log_tail(log)
    if any(words in tail for words in _NO_MEMORY):
        return f"engine-out-of-memory: {how}, its log says so"
    return f"engine-crash: {how}"


def how_ended(status: int) -> str:
    """An exit status of a child in words; below zero it is a signal."""
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def log_tail(log: Path) -> bytes:
    """The last bytes of a log, none when it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
            return file.read(LOG_TAIL_BYTES)
    except OSError:
        return b""
