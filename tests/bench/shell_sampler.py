"""What the shell agent's sampler costs: 12 nodes at 10 Hz for a minute, in each shell at hand.

    python -m tests.bench.shell_sampler [seconds]

CPU time from /proc/PID/stat of the sampler (utime + stime, ticks of 10 ms) and from its own
`ticks` stream; lateness from the due times and stamps of its rows.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.fakes.agent_shells import KINDS, shell_of
from tests.fakes.shell_runs import ShellSession, order_of, script, spool_of, wait_until

NODES = 12
RATE_HZ = 10.0


def nodes(folder: Path) -> list[str]:
    """Source lines of 12 files as a phone has them: 3 sources with 4 nodes each."""
    lines = []
    for source, unit in (("thermal", "mCel"), ("cpufreq", "kHz"), ("power_supply", "uV")):
        for number in range(NODES // 3):
            path = folder / f"{source}{number}"
            path.write_text(f"{41000 + number}\n")
            lines.append(f"{source}.n{number}.value|{unit}|instant|{path}")
    return lines


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def measure(kind: str, seconds: float, root: Path) -> dict[str, object]:
    shell = shell_of(kind, root)
    tree, spool = root / "sys", root / "001"
    tree.mkdir()
    sampling = {"rate_hz": RATE_HZ, "sources": nodes(tree)}
    order = order_of(
        spool, script(f"sleep {seconds:g}"), sampling=sampling, watchdog_s=seconds * 2
    )
    session = ShellSession(shell, {"INFEROMETER_SYS": str(tree)})
    session.say("attempt", {"order": order})
    wait_until((spool / "events.tsv").exists, session.process)
    wait_until(lambda: "runner_start" in (spool / "events.tsv").read_text(), session.process)
    events = spool_of(spool, "events").lines
    pid = next(json.loads(s.fields[2])["pid"] for s in events if s.fields[1] == "sampler_start")
    first = cpu_ticks(pid)
    last = first
    while "runner_end" not in (spool / "events.tsv").read_text():
        last = cpu_ticks(pid)
        wait_a_little(session)
    session.hear_end()
    session.close()
    ticks = spool_of(spool, "ticks")
    t0, t1 = (int(ticks.lines[n].fields[0]) for n in (1, -1))
    c0, c1 = (int(ticks.lines[n].fields[1]) for n in (1, -1))
    rows = spool_of(spool, "source-cpufreq").lines
    late_ms = sorted((int(r.fields[2]) - int(r.fields[1])) / 1e6 for r in rows)
    names = [c.name for c in ticks.columns]
    ended = dict(zip(names, ticks.lines[-1].fields, strict=True))
    return {
        "shell": kind,
        "core_percent_stat": round((last - first) / os.sysconf("SC_CLK_TCK") / seconds * 100, 2),
        "core_percent_ticks": round((c1 - c0) / (t1 - t0) * 100, 2),
        "rows": len(rows),
        "late_ms_p50": round(statistics.median(late_ms), 2),
        "late_ms_p99": round(late_ms[int(len(late_ms) * 0.99)], 2),
        "late_ms_max": round(late_ms[-1], 2),
        **{name: ended[name] for name in ("late", "missed", "clock_steps")},
    }


def wait_a_little(session: ShellSession) -> None:
    """Half a second, or until the agent ends."""
    with suppress(subprocess.TimeoutExpired):
        session.process.wait(0.5)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    for kind in KINDS:
        if shutil.which(kind):
            with tempfile.TemporaryDirectory() as root:
                sys.stdout.write(json.dumps(measure(kind, seconds, Path(root))) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
