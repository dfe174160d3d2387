"""The `timekeeping` message: the clocks of this machine, and who sets its wall clock.

Everything is handed on as it was said; the host judges. Asked before and after the attempts of a
session, never in one.
"""

from __future__ import annotations

import itertools
import os
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.facts.files import AbsentError
from agent.kernel_clock import kernel_clock
from agent.programs import ask_program
from collectors.clocks import boot_id, device_clock

# Programs answer in milliseconds; one that takes longer has hung.
DEADLINE_S = 5.0
# Tries for one reading of all clocks: the quickest of them was not interrupted in between.
PAIR_READS = 200
# Stamps taken back to back for the cost of one.
COST_READS = 2000
CLOCKS = ("CLOCK_MONOTONIC_RAW", "CLOCK_MONOTONIC", "CLOCK_BOOTTIME", "CLOCK_REALTIME")
# Names the chronyc to ask, with its options: another socket, another place.
CHRONYC = "INFEROMETER_CHRONYC"


@dataclass(frozen=True, slots=True)
class Tools:
    """Whom to ask: programs with their first arguments, and roots of the state they leave."""

    chronyc: tuple[str, ...] = ("chronyc",)
    timedatectl: tuple[str, ...] = ("timedatectl",)
    run: Path = Path("/run")
    proc: Path = Path("/proc")
    deadline_s: float = DEADLINE_S
    kernel: Callable[[], dict[str, Any]] = field(default=kernel_clock)


def tools_of(environment: Mapping[str, str]) -> Tools:
    """The tools of this machine. Raises ValueError for an environment that is no command line."""
    return Tools(chronyc=tuple(shlex.split(environment.get(CHRONYC, ""))) or ("chronyc",))


def timekeeping(tools: Tools | None = None) -> dict[str, Any]:
    """All that is known here about time, and `absent`: a list of `fact` and `reason`."""
    asked = tools or tools_of(os.environ)
    absent: list[dict[str, str]] = []
    found: dict[str, Any] = {
        "interval_clock": device_clock(asked.proc).name,
        "boot_id": boot_id(asked.proc),
        "clocks": [_clock(name) for name in CLOCKS if hasattr(time, name)],
        "chrony": _chrony(asked),
    }
    facts: dict[str, Callable[[], Any]] = {
        "kernel": asked.kernel,
        "timesyncd": lambda: _timesyncd(asked),
        "pair": pair,
    }
    for name, fact in facts.items():
        reason = ""
        try:
            found[name] = fact()
        except AbsentError as err:
            reason = str(err)
        if reason:
            absent.append({"fact": name, "reason": reason})
    return {**found, "absent": absent}


def pair() -> dict[str, str]:
    """All clocks within the shortest bracket of MONOTONIC_RAW that could be had, ns.

    The others were read after `raw0_ns` and before `raw1_ns`. Raises AbsentError where a clock
    is missing.
    """
    missing = [name for name in CLOCKS if not hasattr(time, name)]
    if missing:
        raise AbsentError(f"not-present: no {', '.join(missing)}")
    raw, monotonic, boot, real = (getattr(time, name) for name in CLOCKS)
    read = time.clock_gettime_ns
    tries = [
        (read(raw), read(real), read(boot), read(monotonic), read(raw)) for _ in range(PAIR_READS)
    ]
    best = min(tries, key=lambda stamps: stamps[4] - stamps[0])
    names = ("raw0_ns", "realtime_ns", "boottime_ns", "monotonic_ns", "raw1_ns")
    return {name: str(stamp) for name, stamp in zip(names, best, strict=True)}


def _clock(api: str) -> dict[str, Any]:
    """Resolution as the platform states it, and the median time from one stamp to the next."""
    clock_id = getattr(time, api)
    read = time.clock_gettime_ns
    stamps = [read(clock_id) for _ in range(COST_READS)]
    steps = sorted(b - a for a, b in itertools.pairwise(stamps))
    return {
        "api": api,
        "resolution_ns": max(1, round(time.clock_getres(clock_id) * 1e9)),
        "read_cost_ns": steps[len(steps) // 2],
    }


def _chrony(tools: Tools) -> dict[str, Any]:
    """`chronyc -c tracking` and its version; the second is not asked when the first hung."""
    tracking = ask_program((*tools.chronyc, "-c", "tracking"), tools.deadline_s)
    found = {"tracking": tracking}
    if not tracking["fault"]:
        found["version"] = ask_program((tools.chronyc[0], "--version"), tools.deadline_s)
    return found


def _timesyncd(tools: Tools) -> dict[str, Any]:
    """systemd-timesyncd by timedatectl(1), only where its state folder says that it runs.

    Without that, the question itself would start the daemon (bus activation).
    """
    state = tools.run / "systemd/timesync"
    if not state.is_dir():
        raise AbsentError(f"not-present: {state}")
    found: dict[str, Any] = {"synchronized": (state / "synchronized").exists()}
    for name, words in (
        ("show", ("show-timesync", "--all", "--no-pager")),
        ("status", ("timesync-status", "--no-pager")),
        ("version", ("--version",)),
    ):
        found[name] = ask_program((*tools.timedatectl, *words), tools.deadline_s)
        if found[name]["fault"]:
            break
    return found
