"""Prints what many devices at once cost their host, and whether two bad ones disturb the others.

    python -m tests.bench.many [--devices 50] [--engine replay] [--each]

One real sshd in a network namespace of its own (root, openssh-server, iproute2) stands for all
devices: each is an entry of the inventory with a store and a spool of its own. The last but one
is dead (nobody listens on its port), the last one has a Python that answers with noise without
end. `inferometer measure --device ... --device ...` runs once; its processes and those of the
devices are looked at every half second, less often where there are many. Both share the cores
here, which no real bench does: wall times are no figures of a host.

Memory is proportional set size (proc_pid_smaps(5)): of a page that n processes share, each has
1/n. CPU time of the whole host is exact (wait4(2)); that of each of its processes and of the
devices is as it stood at the last look, which on a machine that is overrun lies far back.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import tomli_w

from host.artefacts.models.store import make
from tests.fakes.command import Command, environment, small_plan
from tests.fakes.ends.sshd_end import Sshd, sshd
from tests.fakes.replays import write_recording

LOOK_S = 0.5
LOOK_SHARE = 2  # looking at hundreds of processes takes its time: a third of it, no more
MIB = 1 << 20
# sshd_config(5): so many may be at the door at once, not yet let in; the usual is 10.
DOOR = "MaxStartups 500:30:1000\nMaxSessions 50"
# As many as the item of the plan orders; another count voids an attempt.
TOKENS = 32
NOISE = "#!/bin/sh\nexec cat /dev/urandom\n"


@dataclass
class Watched:
    """What a process and all below it came to. pss, uss: the most at one look, bytes."""

    cpu_s: float = 0.0
    pss: int = 0
    uss: int = 0
    processes: int = 0


@dataclass
class Look:
    """All looks at one run. each: pid of a device's process -> what it came to.

    far_cpu_s: (pid, start) -> CPU time at the last look at it; what came after is missing.
    """

    each: dict[int, Watched] = field(default_factory=dict)
    whole: Watched = field(default_factory=Watched)
    parent: Watched = field(default_factory=Watched)
    far: Watched = field(default_factory=Watched)
    far_cpu_s: dict[tuple[int, float], float] = field(default_factory=dict)

    def at_host(self, command: psutil.Process) -> None:
        """Look at the command and at each of its children with all below it."""
        total, below = Watched(), _children()
        for one in [command, *below.get(command.pid, [])]:
            seen = _sum([one] if one == command else [one, *_all(one, below)])
            own = self.each.setdefault(one.pid, Watched()) if one != command else None
            _most(own or self.parent, seen)
            total.pss += seen.pss
            total.uss += seen.uss
            total.processes += seen.processes
        _most(self.whole, total)

    def at_devices(self, pids: Iterable[int]) -> None:
        """Look at everything that runs on the devices."""
        total = Watched()
        for pid in pids:
            try:
                process = psutil.Process(pid)
                seen = _sum([process])
                self.far_cpu_s[pid, process.create_time()] = _own_s(process)
            except psutil.Error:
                continue
            total.pss += seen.pss
            total.uss += seen.uss
            total.processes += 1
        _most(self.far, total)


def _children() -> dict[int, list[psutil.Process]]:
    """Parent -> its children, the oldest first; one look at the machine's processes for all."""
    found: dict[int, list[psutil.Process]] = {}
    for one in sorted(psutil.process_iter(["ppid", "create_time"]), key=_age):
        found.setdefault(one.info["ppid"], []).append(one)
    return found


def _age(process: psutil.Process) -> tuple[float, int]:
    return process.info["create_time"], process.pid


def _all(process: psutil.Process, below: dict[int, list[psutil.Process]]) -> list[psutil.Process]:
    """Every process under one."""
    own = below.get(process.pid, [])
    return [*own, *(further for one in own for further in _all(one, below))]


def _sum(tree: Sequence[psutil.Process]) -> Watched:
    """Memory of all of them; CPU time of the first with the children that it has waited for."""
    seen = Watched()
    for process in tree:
        try:
            memory = process.memory_full_info()
        except psutil.Error:
            continue
        seen.pss += memory.pss
        seen.uss += memory.uss
        seen.processes += 1
    with contextlib.suppress(psutil.Error):
        seen.cpu_s = sum(tree[0].cpu_times()[:4])
    return seen


def _own_s(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


def _most(kept: Watched, seen: Watched) -> None:
    kept.cpu_s = max(kept.cpu_s, seen.cpu_s)
    kept.pss, kept.uss = max(kept.pss, seen.pss), max(kept.uss, seen.uss)
    kept.processes = max(kept.processes, seen.processes)


def inventory(place: Path, far: Sshd, count: int) -> tuple[Path, list[str]]:
    """The inventory of so many devices, two of them bad, and their names."""
    noise = place / "noise.sh"
    noise.write_text(NOISE)
    noise.chmod(0o755)
    names = [f"device-{n:02d}" for n in range(1, count - 1)] + ["dead", "noise"]
    devices = [
        {
            "name": name,
            "address": "ssh:root@127.0.0.1:9" if name == "dead" else f"ssh:{name}",
            "profile": "linux-pc",
            "python": str(noise) if name == "noise" else sys.executable,
            "store": str(place / name / "store"),
            "spool": str(place / name / "spool"),
            "options": {"ssh_config": str(far.config(name))},
        }
        for name in names
    ]
    path = place / "devices.toml"
    path.write_text(tomli_w.dumps({"inventory": 1, "device": devices}))
    return path, names


def plan(place: Path, engine: str) -> Path:
    """A plan of two attempts. The gate for load is open: all devices are one machine here."""
    over: dict[str, Any] = {"gates": {"max_busy_ratio": 1.0, "forbid_throttle": False}}
    if engine == "replay":
        over["model"] = write_recording(place / "recording.json", TOKENS)
    else:
        make("tiny", "int4", directory=place / "models")
    items = ["assistant-tea-en"]
    return small_plan(place / "plan.toml", engine=engine, items=items, attempts=2, **over)


def watched(process: subprocess.Popen[str], far: Sshd) -> tuple[Look, float, float]:
    """Look until it ends: what was seen, its wall time, and the CPU time of all below it, in s."""
    look, begun_s = Look(), time.monotonic()
    command, due_s = psutil.Process(process.pid), begun_s
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        now_s = time.monotonic()
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return look, now_s - begun_s, used.ru_utime + used.ru_stime
        if now_s >= due_s:
            with contextlib.suppress(psutil.Error):  # it ends this moment
                look.at_host(command)
            look.at_devices(far.place.pids())
            due_s = time.monotonic() + max(LOOK_S, LOOK_SHARE * (time.monotonic() - now_s))
        time.sleep(LOOK_S / 5)


def measured(place: Path, count: int, engine: str, *, each: bool) -> int:
    """Run once and print it; 1 when a good device was disturbed."""
    with sshd(_made(place / "ssh")) as far:
        far.stop()
        far.start(DOOR)
        path, names = inventory(place, far, count)
        command = Command(environment(place / "models", place / "local"))
        argv: list[str | Path] = ["measure", "--plan", plan(place, engine), "--json"]
        argv += ["--runs", place / "runs", "--inventory", path]
        for name in names:
            argv += ["--device", name]
        before = os.getloadavg()
        with (place / "said").open("w+") as out, (place / "progress").open("w") as err:
            process = subprocess.Popen(
                command.argv(*argv), stdout=out, stderr=err, text=True, env=command.environment
            )
            look, wall_s, cpu_s = watched(process, far)
            out.seek(0)
            said = json.loads(out.read())["devices"]
    report(look, said, wall_s, cpu_s, each=each)
    say(f"load of the machine before {before[0]:.1f}, {os.cpu_count()} cores")
    return disturbed(said)


def disturbed(said: list[dict[str, Any]]) -> int:
    """Print what became of the devices; 1 when it is not what each of them deserves."""
    bad = [one for one in said if one["device"] in ("dead", "noise")]
    good = [one for one in said if one not in bad]
    failed = [one for one in good if one.get("status") != "valid"]
    say(f"good devices valid: {len(good) - len(failed)} of {len(good)}")
    for one in [*bad, *failed]:
        said_so = one.get("error") or f"{one.get('status')} {one.get('reasons')}"
        say(f"  {one['device']}: exit code {one['exit_code']}: {said_so[:300]!r}")
    return 1 if failed or any(one["exit_code"] != 3 for one in bad) else 0


def report(
    look: Look, said: list[dict[str, Any]], wall_s: float, cpu_s: float, *, each: bool
) -> None:
    """Print the table."""
    seen = list(look.each.values())
    say(f"{len(said)} devices, wall {wall_s:.1f} s")
    say(f"{'on the host':24}{'median':>10}{'most':>10}")
    for what, values in (
        ("CPU s a device", [one.cpu_s for one in seen]),
        ("PSS MiB a device", [one.pss / MIB for one in seen]),
        ("USS MiB a device", [one.uss / MIB for one in seen]),
        ("processes a device", [float(one.processes) for one in seen]),
    ):
        say(f"{what:24}{statistics.median(values):10.2f}{max(values):10.2f}")
    whole, own = look.whole, look.parent
    say(f"all of the host: {cpu_s:.1f} CPU s ({cpu_s / len(said):.2f} a device)")
    say(
        f"  at once at most {whole.pss / MIB:.0f} MiB PSS"
        f" ({whole.pss / MIB / len(said):.1f} a device), {whole.processes} processes;"
        f" the command itself {own.pss / MIB:.1f} MiB"
    )
    far_s = sum(look.far_cpu_s.values())
    say(
        f"all of the devices (sshd, agents): {far_s:.1f} CPU s at least, at once at most"
        f" {look.far.pss / MIB:.0f} MiB PSS in {look.far.processes} processes"
    )
    if each:
        for one, outcome in zip(seen, said, strict=False):
            say(
                f"  {outcome['device']:12} {one.cpu_s:6.2f} s {one.pss / MIB:6.1f} MiB PSS"
                f" {one.uss / MIB:6.1f} MiB USS {outcome.get('status', 'failed')}"
            )


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def say(line: str) -> None:
    """One line of result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.many")
    parser.add_argument("--devices", type=int, default=50, help="two of them bad; at least 3")
    parser.add_argument("--engine", default="replay", choices=("replay", "onnx_genai"))
    parser.add_argument("--each", action="store_true", help="a line a device")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inferometer-many-") as name:
        return measured(Path(name), asked.devices, asked.engine, each=asked.each)


if __name__ == "__main__":
    sys.exit(main())
