"""The wall clock steps while something is measured (F18)."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from agent.spool import SpoolFile, read_spool
from host.align.time_corrections import slack_ns, step_ns
from host.handover.timekeeping import Pair
from tests.fakes.agent_session import AgentSession, check_streams
from tests.fakes.replays import order, sampled, write_recording
from tests.faults.case import Case, Seen, need, recovered
from tests.faults.clock import WallClock, why_not
from tests.faults.host_cases import check_kept, check_seal, prepared
from tests.faults.traced import environment, program

STEPS_S = (-3600, 3600, -86_400 * 365, 1, -1)
# An attempt of the replay engine with 0.3 s of idle: far less than any step that is looked for.
LONGEST_NS = 60_000_000_000


def check_stamps(found: SpoolFile, column: str) -> None:
    at = found.index(column)
    stamps = [int(line.fields[at]) for line in found.lines]
    need(stamps == sorted(stamps), f"{found.stream}: {column} goes back")
    need(stamps[-1] - stamps[0] < LONGEST_NS, f"{found.stream}: {column} jumped")


def on_the_device(place: Path, draw: random.Random) -> Seen:
    """Durations stay as they are, and what is asked before and after shows the step."""
    wall, seconds = WallClock(place / "shift"), draw.choice(STEPS_S)
    wall.step(0)
    fields = {"sampling": sampled(), "idle_before_s": 0.3}
    made = order(place / "001", write_recording(place / "recording"), **fields)
    with AgentSession(environment=wall.environment()) as agent:
        agent.hello()
        before = agent.ask("timekeeping")
        agent.say("attempt", order=made)
        agent.hear_phase("idle")
        wall.step(seconds)
        end = agent.hear_end()
        after = agent.ask("timekeeping")
        agent.say("bye")
    need(end["status"] == "valid", f"the attempt is {end['status']}: {end['reason']}")
    check_streams(end, place / "001")
    for path in (place / "001").glob("*.tsv"):
        found = read_spool(path.read_bytes())
        check_stamps(found, "t0_ns" if path.stem.startswith("source") else "t_ns")
    pairs = [Pair(**{k: int(v) for k, v in m["pair"].items()}) for m in (before, after)]
    step, slack = step_ns(pairs[0], pairs[1]), slack_ns(pairs[0], pairs[1])
    off_ns = abs(step - seconds * 10**9)
    need(off_ns <= slack + 1000, f"a step of {seconds} s was seen as {step} ns")
    return recovered(f"step of {seconds} s seen within {off_ns} ns", len(end["streams"]))


def on_the_host(place: Path, draw: random.Random) -> Seen:
    """The journal's own stamps go on; only the label jumps."""
    wall, seconds = WallClock(place / "shift"), draw.choice(STEPS_S)
    wall.step(0)
    folder, spool = prepared(place)
    with subprocess.Popen(
        program("host_half", folder.path, spool),
        stdout=subprocess.PIPE,
        env={**environment(), **wall.environment(), "PYTHONPATH": environment()["PYTHONPATH"]},
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        wall.step(seconds)
        said += process.stdout.read()
    need(process.returncode == 0 and said.endswith(b"sealed\n"), f"it said {said!r}")
    check_stamps(read_spool((folder.data / "journal.tsv").read_bytes()), "t_ns")
    check_seal(folder)
    return recovered(f"step of {seconds} s on the host", check_kept(folder))


CASES = (
    Case("F18", "step on the device", on_the_device, why_not, 6),
    Case("F18", "step on the host", on_the_host, why_not, 8),
)
