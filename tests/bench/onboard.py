"""Prints what the sampler costs with twelve on-board nodes at 100 Hz, in per cent of a core.

    python tests/bench/onboard.py [SECONDS] [RATE_HZ]

The nodes are files of a made-up machine in memory: four power and four energy nodes of hwmon
chips and four RAPL zones. A process of its own reads them with the agent's sampler and collectors
and writes the agent's spool. CPU time is that process's own, so that a busy machine shows in the
lateness and hardly in the cost. Beside it, in turn, a bare loop of twelve kept-open preads that
waits in the same way: no sampler in this language can be below it. Bar: 2 %.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from agent.pacing import schedule, slots_per_read
from agent.sampler import Sampler, Source
from agent.spool import read_spool
from agent.stopping import Stop
from agent.streams import TICK_COLUMNS, TICKS, open_stream, source_columns, source_stream
from collectors.clocks import device_clock
from collectors.protocol import Scope
from collectors.table import open_all
from tests.fakes.tree import tree

HWMON, CAP = "sys/class/hwmon", "sys/class/powercap"
KINDS = ("hwmon_power", "rapl")
JITTER_RATIO, SEED, ROUNDS = 0.2, 1, 3
BAR_PERCENT = 2.0


def nodes() -> dict[str, str]:
    """The machine: twelve nodes that are read, and what names them."""
    found = {f"{HWMON}/hwmon0/name": "amdgpu\n", f"{HWMON}/hwmon1/name": "xe\n"}
    found |= {f"{HWMON}/hwmon0/power{n}_input": f"{35_000_000 + n}\n" for n in range(1, 5)}
    found |= {f"{HWMON}/hwmon1/energy{n}_input": f"{123_456_789 + n}\n" for n in range(1, 5)}
    for zone in range(4):
        found |= {
            f"{CAP}/intel-rapl:{zone}/name": f"package-{zone}\n",
            f"{CAP}/intel-rapl:{zone}/energy_uj": "99000123456\n",
            f"{CAP}/intel-rapl:{zone}/max_energy_range_uj": "262143328850\n",
        }
    return found


def read_nodes(root: Path) -> list[str]:
    """Paths of the twelve."""
    return [str(root / n) for n in nodes() if n.endswith(("_input", "energy_uj"))]


def ours(root: Path, spool: Path, rate_hz: float, seconds: float) -> None:
    """The agent's sampler for so long."""
    clock = device_clock()
    kinds, _ = open_all(Scope(clock, root / "proc", root / "sys"), KINDS)
    sources = tuple(
        Source(
            one,
            open_stream(spool, source_stream(kind), clock, source_columns(one.describe())),
            slots_per_read(rate_hz, one.max_hz),
        )
        for kind, one in kinds
    )
    sampler = Sampler(sources, open_stream(spool, TICKS, clock, TICK_COLUMNS), clock)
    gc.freeze()
    gc.disable()
    stop = Stop()
    threading.Timer(seconds, stop.set).start()
    sampler.run(schedule(clock.now_ns(), rate_hz, JITTER_RATIO, SEED), stop)
    report_cpu()
    sampler.close()


def bare(root: Path, rate_hz: float, seconds: float) -> None:
    """Twelve preads a slot and nothing else."""
    fds = [os.open(path, os.O_RDONLY) for path in read_nodes(root)]
    stop = Stop()
    gc.disable()
    start = due = time.monotonic()
    while due - start < seconds and not stop.wait(max(0.0, due - time.monotonic())):
        for fd in fds:
            int(os.pread(fd, 128, 0))
        due += 1 / rate_hz
    report_cpu()


def report_cpu() -> None:
    """CPU time of this process so far, s; what it took to start is in it and is taken off."""
    sys.stdout.write(f"{time.process_time() - STARTED_S}\n")
    sys.stdout.flush()


STARTED_S = time.process_time()


def percent(what: str, arguments: Sequence[str], seconds: float) -> float:
    """CPU time of a child over the time that it sampled."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.onboard", what, *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout) / seconds * 100


def main() -> None:
    """Print both, in turn, and how late our slots were."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    rate_hz = float(sys.argv[2]) if len(sys.argv) > 2 else 100.0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        root = tree(Path(place), nodes())
        found: dict[str, list[float]] = {"bare": [], "ours": []}
        for number in range(ROUNDS):
            spool = root / str(number)
            spool.mkdir()
            for what, values in found.items():
                arguments = [str(root), str(spool), str(rate_hz), str(seconds)]
                values.append(percent(what, arguments, seconds))
        lines = read_spool((root / str(ROUNDS - 1) / "source-rapl.tsv").read_bytes()).lines
        late = sorted(int(one.fields[2]) - int(one.fields[1]) for one in lines)
    for what, values in found.items():
        middle = statistics.median(values)
        say(f"{what}: {middle:.2f} % of a core ({min(values):.2f} to {max(values):.2f})")
    say(
        f"{len(lines)} of {seconds * rate_hz:.0f} slots; late by {late[len(late) // 2] / 1e6:.2f}"
        f" ms (p50), {late[len(late) * 99 // 100] / 1e6:.2f} ms (p99); bar {BAR_PERCENT} %"
    )


def say(line: str) -> None:
    """One line of result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 5:
        root_, spool_ = Path(sys.argv[2]), Path(sys.argv[3])
        rate_, seconds_ = float(sys.argv[4]), float(sys.argv[5])
        if sys.argv[1] == "ours":
            ours(root_, spool_, rate_, seconds_)
        else:
            bare(root_, rate_, seconds_)
    else:
        main()
