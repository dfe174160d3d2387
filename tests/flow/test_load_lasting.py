"""A load that lasts, by the command: burst and sustained come out, and verify holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from host.align.read import read_run
from host.check.rules_load import RULES
from host.handover.case import Case
from host.handover.trace import AttemptTrace
from host.pipeline.redo import redo
from tests.fakes.command import Command, small_plan
from tests.fakes.replays import recording, write_recording

# A recorded request takes 100 s, and nobody waits for it: the clock of the replay runs ahead.
SLOW_NS, LASTING_S = 100_000_000_000, 650.0


def lasting_plan(folder: Path) -> Path:
    one = recording(tokens=32)["requests"][0]
    for place, token in enumerate(one["tokens"]):
        token[:2] = [SLOW_NS // 33 * (place + 1), SLOW_NS // 33 * (place + 1) + 500]
    one["end_ns"] = SLOW_NS
    model = write_recording(folder / "r.json", requests=[one])
    path = small_plan(folder / "plan.toml", engine="replay", model=model, attempts=1)
    path.write_text(f'{path.read_text()}\n[load]\nshape = "sustained"\nduration_s = {LASTING_S}\n')
    return path


def test_requests_are_repeated_until_the_time_is_over(command: Command, tmp_path: Path) -> None:
    plan = lasting_plan(tmp_path)
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    found = json.loads(command("verify", said["run"], "--json").stdout)
    assert (found["intact"], found["redone"]) == (True, True)
    # Of a clock that runs ahead, and of nothing else.
    assert {f["rule"] for f in found["findings"]} == {"attempts-within", "sampled-throughout"}
    by = {r["measurand_id"]: r for r in said["results"]}
    for name in ("burst_decode_rate@1", "sustained_decode_rate@1"):
        assert float(by[name]["value"]) > 0
    run = Path(said["run"])
    reading, record = read_run(run), redo(run).record

    def cut(attempt: AttemptTrace) -> AttemptTrace:
        return replace(attempt, requests=attempt.requests[:-1])

    case = Case(reading.run, reading.facts, record)
    shorter = replace(reading.run, attempts=tuple(map(cut, reading.run.attempts)))
    found = [
        [r.id for r in RULES if list(r.breaches(c))] for c in (case, replace(case, run=shorter))
    ]
    assert found == [[], ["sustained-long"]]
