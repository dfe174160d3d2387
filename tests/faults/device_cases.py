"""The far end dies, restarts, freezes, or is wanted by two hosts (F1, F3, F4, F5, F13)."""

from __future__ import annotations

import functools
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.spool import read_spool
from agent.wire import decode
from host.errors import AgentError
from host.run.folder import create, write_json
from host.run.salvage import left_behind, salvage
from tests.fakes.agent_session import alive, check_streams, children_of
from tests.faults.case import Case, Seen, broken, need, recovered, reported
from tests.faults.host_cases import STATUSES, plan
from tests.faults.kept import Kept, detach, hear_until, joined, kept_session, kill
from tests.faults.programs.host_half import bench_of
from tests.faults.traced import environment

BOOT_ID = "/proc/sys/kernel/random/boot_id"


def role(kept: Kept, name: str) -> int:
    """Process of the engine or of the sampler; the session itself for `session`."""
    for pid in children_of(kept.pid):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if name.encode() in words:
            return pid
    return kept.pid


def lines_in(attempt: Path) -> dict[str, int]:
    """Stream -> whole lines that a reader sees in its file now."""
    return {p.stem: max(p.read_bytes().count(b"\n") - 1, 0) for p in attempt.glob("*.tsv")}


def check_lines(attempt: Path, before: dict[str, int]) -> int:
    """What was flushed before is there and reads back. Gives the number of lines."""
    for name, count in before.items():
        found = read_spool((attempt / f"{name}.tsv").read_bytes())
        faults = {fault.fault for fault in found.faults} - {"torn"}
        need(not faults, f"{name}: {faults}")
        need(len(found.lines) >= count, f"{name}: {len(found.lines)} of {count} lines are left")
    return sum(before.values())


def salvaged(place: Path, kept: Kept, before: dict[str, int]) -> Seen:
    """The host keeps what a dead session left, as an attempt that is incomplete."""
    folder = create(place, "host")
    write_json(folder.data / "plan.json", plan())
    bench = bench_of(folder.path, kept.directory)
    need(left_behind(bench) == [1], f"left behind: {left_behind(bench)}")
    salvage(bench, 1, "agent-died: test")
    bench.journal.close()
    lines = check_lines(folder.attempt(1), before)
    need((folder.attempt(1) / "attempt.json").exists(), "the attempt has no status")
    return reported(f"incomplete, {lines} lines of {len(before)} streams kept", lines)


def killed(name: str) -> Case:
    def play(place: Path, draw: random.Random) -> Seen:
        with kept_session(place) as kept, joined(kept.way()) as stream:
            stream.send(kept.orders(1, idle_before_s=1.0))
            hear_until(stream, "progress", "idle")
            victim = role(kept, name)
            threading.Event().wait(draw.uniform(0.0, 0.4))
            before = lines_in(kept.directory / "001")
            kill(victim, signal.SIGKILL)
            if name != "session":
                end = hear_until(stream, "attempt_end")[-1]
                need(end["status"] in STATUSES[1:], f"{name} killed, {end['status']}")
                check_streams(end, kept.directory / "001")
                lines = check_lines(kept.directory / "001", before)
                hear_until(stream, "queue_end")
                return reported(f"{end['status']} {end['reason'][:60]}", lines)
            while stream.receive_line(timeout_s=60):
                continue
            said = detach(place / "spool" / "next", kept.lock)
            need(said["type"] == "kept", f"the lock is still held: {said}")
            kill(said["pid"], signal.SIGKILL)
            return salvaged(place, kept, before)

    return Case("F4", f"kill -9 of the {name}", play, weight=5)


@functools.cache
def no_boot_id() -> str:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "another boot id needs root and unshare"
    argv = ["unshare", "-m", "mount", "--bind", "/dev/null", BOOT_ID]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stderr.strip()[:200] if done.returncode else ""


def rebooted(place: Path, draw: random.Random) -> Seen:
    """Every process of the device ends at once; who is asked next has a new boot id."""
    new_id = place / "boot_id"
    new_id.write_text("11111111-2222-3333-4444-555555555555\n")
    again = ["unshare", "-m", "sh", "-c", f'mount --bind {new_id} {BOOT_ID} && exec "$@"', "sh"]
    with kept_session(place) as kept:
        restarted = threading.Event()

        def attach(first: int) -> Sequence[str]:
            return [*(again if restarted.is_set() else []), *kept.attach(first)]

        with joined(replace(kept.way(), attach=attach)) as stream:
            stream.send(kept.orders(1, idle_before_s=30.0))
            hear_until(stream, "progress", "idle")
            threading.Event().wait(draw.uniform(0.0, 0.4))
            before = lines_in(kept.directory / "001")
            restarted.set()
            for pid in (kept.pid, *children_of(kept.pid)):
                kill(pid, signal.SIGKILL)
            try:
                while stream.receive_line(timeout_s=60):
                    continue
            except AgentError as err:
                need("restarted meanwhile" in str(err), str(err))
                return salvaged(place, kept, before)
    raise broken("a restart was not noticed")


def frozen(place: Path, draw: random.Random) -> Seen:
    """The sampler stalls: the readings that are late keep their own stamps, none is made up."""
    with kept_session(place) as kept, joined(kept.way()) as stream:
        stream.send(kept.orders(1, idle_before_s=0.8))
        hear_until(stream, "progress", "idle")
        sampler = role(kept, "sampler")
        threading.Event().wait(0.1)
        kill(sampler, signal.SIGSTOP)
        threading.Event().wait(draw.uniform(0.2, 0.5))
        kill(sampler, signal.SIGCONT)
        end = hear_until(stream, "attempt_end")[-1]
        check_streams(end, kept.directory / "001")
        found = read_spool((kept.directory / "001" / "source-cpu.tsv").read_bytes())
        t0, due = found.index("t0_ns"), found.index("due_ns")
        stamps = [int(line.fields[t0]) for line in found.lines]
        due_ns = [int(line.fields[due]) for line in found.lines]
        need(stamps == sorted(stamps), "stamps go back")
        need(len(set(due_ns)) == len(due_ns), "a slot was read twice to catch up")
        hole_ms = max(b - a for a, b in itertools.pairwise(stamps)) // 10**6
        need(hole_ms >= 150, f"a stall of 200 ms is a hole of {hole_ms} ms")
        return recovered(f"a hole of {hole_ms} ms stands in the stamps", len(found.lines))


def second(place: Path, draw: random.Random) -> Seen:
    """A second run on a device in use is refused, and told who is there."""
    with kept_session(place) as kept:
        said = detach(place / "spool" / f"other-{draw.randrange(1000)}", kept.lock)
        need(said["type"] == "error" and said["code"] == "busy", f"let in: {said}")
        need(f"run (process {kept.pid})" in said["detail"], f"not named: {said}")
        need(alive(kept.pid), "the first one was disturbed")
        return reported(said["detail"])


def host_killed(place: Path, draw: random.Random) -> Seen:
    """The host is killed while a queue runs; another one takes over and misses nothing."""
    with kept_session(place) as kept:
        argv = [sys.executable, "-m", "tests.faults.programs.listener", *kept.attach(0)[:-2]]
        host = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        )
        assert host.stdin is not None
        assert host.stdout is not None
        with host:
            host.stdin.write(kept.orders(2, idle_before_s=0.1))
            host.stdin.close()
            lines = draw.randint(1, 6)
            heard = [decode(host.stdout.readline()) for _ in range(lines)]
            host.kill()
        with joined(kept.way()) as stream:
            found = hear_until(stream, "queue_end")
        need(found[: len(heard)] == heard, f"the first host had heard {heard}")
        ends = [m for m in found if m["type"] == "attempt_end"]
        need([e["number"] for e in ends] == [1, 2], f"attempts {ends}")
        for end in ends:
            check_streams(end, kept.directory / f"{end['number']:03d}")
        return recovered(f"host killed after {lines} messages, 2 attempts whole", len(found))


CASES = (
    killed("engine"),
    killed("sampler"),
    killed("session"),
    Case("F5", "another boot id", rebooted, no_boot_id, 6),
    Case("F13", "sampler stalls", frozen, weight=6),
    Case("F3", "second run on a device", second, weight=6),
    Case("F1", "host killed, queue goes on", host_killed, weight=5),
)
