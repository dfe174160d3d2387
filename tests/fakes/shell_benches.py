"""Runs of the shell agent as the pipeline makes them, of a plan whose runner is a line of sh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from agent.spool import read_spool
from host.handover.plan import ResolvedPlan, RunPlan
from host.handover.progress import Progress
from host.pipeline.fill import Work
from host.pipeline.reach import Reached
from host.run.folder import RunFolder, create, write_json
from tests.fakes.records import sample_plan

RUN = RunPlan(
    attempts=2,
    warmups=0,
    output_tokens=4,
    stop="length",
    order="listed",
    pairing="none",
    seed=1,
    idle_before_s=0.0,
    idle_after_s=0.0,
    watchdog_s=30.0,
)


def unwatched(_: Progress) -> None:
    """Nobody looks on."""


def inventory(path: Path, **device: Any) -> Path:  # noqa: ANN401
    """An inventory of one device, called `unit`."""
    path.write_text(tomli_w.dumps({"inventory": 1, "device": [{"name": "unit", **device}]}))
    return path


def native_plan(runner: str, attempts: int = 2, **run: Any) -> ResolvedPlan:  # noqa: ANN401
    """One request an attempt. runner: a line of sh."""
    given = sample_plan(attempts)
    shape = msgspec.structs.replace(RUN, attempts=attempts, **run)
    sampling = msgspec.structs.replace(given.plan.sampling, kinds=("memory",))
    return msgspec.structs.replace(
        given,
        plan=msgspec.structs.replace(given.plan, run=shape, sampling=sampling),
        engine_kind="native",
        engine_settings={"argv": ["sh", "-c", runner]},
        requests=given.requests[:1],
    )


def work_of(runs: Path, plan: ResolvedPlan, device: Reached) -> Work:
    """A new run folder, as `measure` makes it."""
    folder = create(runs, "run")
    write_json(folder.data / "plan.json", msgspec.to_builtins(plan))
    return Work(plan, folder, device, unwatched)


def attempts_of(folder: RunFolder) -> list[dict[str, Any]]:
    """What was collected, every stream looked at: it is as stated, and whole."""
    found = []
    for number in folder.attempts():
        place = folder.attempt(number)
        stated: dict[str, Any] = json.loads((place / "attempt.json").read_bytes())
        for stream in stated["streams"]:
            read = read_spool((place / f"{stream['stream']}.tsv").read_bytes())
            assert (len(read.lines), read.faults) == (stream["lines"], ()), stream
        found.append(stated)
    return found
