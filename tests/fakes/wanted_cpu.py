"""How much of the machine a device's load pulses want, as /proc shows it to anybody.

A process that computes is in state R whether it has a core or waits for one, so that other work on
the machine of a test changes nothing (proc(5), /proc/PID/stat, field 3).
"""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


class WantedCpu:
    """Processes of a load pattern, by a variable of their environment and their role."""

    def __init__(self, name: str, value: str, role: str = "busy") -> None:
        self._mark = f"{name}={value}".encode()
        self._role = role.encode()
        self._strangers: set[int] = set()
        self._own: set[int] = set()

    def share(self) -> float:
        """Computing processes over all that there are of the pattern; 0 where there are none."""
        self._look()
        states = [state for pid in self._own if (state := _state(pid))]
        return sum(state == "R" for state in states) / len(states) if states else 0.0

    def _look(self) -> None:
        """Sort new processes; a forked one has its own command line only after its exec."""
        now = {int(name) for name in os.listdir(PROC) if name.isdigit()}  # noqa: PTH208 - a Path each is slow
        self._strangers &= now
        self._own &= now
        for pid in now - self._strangers - self._own:
            try:
                argv = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
                environment = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
            except OSError:  # ended meanwhile
                continue
            if self._mark not in environment:
                self._strangers.add(pid)
            elif self._role in argv:
                self._own.add(pid)


def _state(pid: int) -> str:
    """Its state, "" when it has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
