"""Runs audit probes: each one more attempt with requests of its own, after the scored ones.

After them, for two reasons: nothing of a probe can warm the device, fill a cache or be learnt
before what is scored is over, and the seed that makes its prompts is drawn only then, when the
plan has long been committed. What it leaves lies under `data/probes/`, in the same streams, and is
no attempt of the run.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import msgspec

from agent.wire import Message
from host.artefacts.probes import variant
from host.errors import FolderError
from host.handover.audit import COMMITTED, DRAWN, SEED_BYTES, STARTED, ProbeFile, SeedFile
from host.handover.audit_plan import number_of
from host.handover.pairing import Role
from host.handover.progress import Progress
from host.run.ambient import pass_ambient
from host.run.attempts import (
    AGENT_GRACE_S,
    Bench,
    LeftGateError,
    StopSwitch,
    keep,
    order_of,
    role_fields,
    tell,
)
from host.run.collect import write_attempt
from host.run.folder import RunFolder, check_writable, write_json
from host.run.gates import pass_gates
from host.run.link import Link

SEED = "seed.json"


@dataclass(frozen=True, slots=True)
class Ask:
    """A probe's attempt before it runs. model_path: where the engine finds the model.

    stop: how outputs end. asked: what `probe.json` will say.
    """

    asked: ProbeFile
    model_path: str
    stop: str


def commit_plan(bench: Bench) -> None:
    """Note the hash of the plan before anything runs, where probes are asked for."""
    if bench.plan.plan.audit:
        bench.journal.note(COMMITTED, {"sha256": plan_sha256(bench.folder)})


def plan_sha256(folder: RunFolder) -> str:
    """SHA-256 of `data/plan.json` as it lies there."""
    return hashlib.sha256((folder.data / "plan.json").read_bytes()).hexdigest()


def seed_of(bench: Bench) -> bytes:
    """The seed of the probes, drawn by the system's random numbers when first asked for.

    Its hash is journalled before it is kept; a resumed run goes on with it.
    """
    path = bench.folder.data / "probes" / SEED
    if path.exists():
        try:
            return bytes.fromhex(msgspec.json.decode(path.read_bytes(), type=SeedFile).seed)
        except (msgspec.DecodeError, ValueError) as err:
            raise FolderError(str(path), f"is no seed: {err}") from err
    seed = os.urandom(SEED_BYTES)
    bench.journal.note(DRAWN, {"sha256": hashlib.sha256(seed).hexdigest()})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, SeedFile(seed.hex(), plan_sha256(bench.folder)))
    return seed


def tries_of(folder: RunFolder, name: str) -> tuple[int, bool]:
    """How often a probe was tried, and whether one of them came to its end, valid or void."""
    for again in count():
        number = number_of(name, again)
        if not (folder.attempt(number) / "attempt.json").exists():
            return again, False
        if folder.ended(number):
            return again + 1, True
    raise AssertionError


def run_probe(bench: Bench, link: Link, ask: Ask) -> str:
    """Run one probe to its end. Gives "" or why it was cut off, as `run_attempts` does.

    Raises LeftGateError where the user would not wait until a gate had opened.
    """
    name = ask.asked.name
    number = _begin(bench, ask.asked)
    plan = variant(bench.plan, name, ask.asked.requests, ask.stop)
    apart = replace(bench, plan=msgspec.structs.replace(plan, model_path=ask.model_path))
    role = Role(0, plan.plan.sampling.enabled)
    closed = _wait(apart, link, number, name)
    if closed:
        _void(bench, number, closed)
        return ""
    bench.journal.note(STARTED, {"number": number, "name": name})
    end = link.attempt(
        order_of(apart.plan, number, bench.spool / str(number), role),
        lambda message: _tell(apart, name, message),
        silence_s=plan.plan.run.watchdog_s + AGENT_GRACE_S,
    )
    spoilt = bench.around.after(number) if bench.around else ""
    if spoilt and end.get("status") == "valid":
        end = {**end, "status": "void", "reason": spoilt}
    outcome = keep(apart, number, end, link.device)
    return _cut(bench.switch, str(outcome["status"]), str(outcome["reason"]))


def give_up(bench: Bench, asked: ProbeFile, why: str) -> None:
    """State a probe as void that could not be made, and why."""
    _void(bench, _begin(bench, asked), why)


def _begin(bench: Bench, asked: ProbeFile) -> int:
    """The number of the next try, whose `probe.json` is written."""
    number = number_of(asked.name, tries_of(bench.folder, asked.name)[0])
    place = bench.folder.attempt(number)
    check_writable(bench.folder.path.parent)
    place.mkdir(parents=True, exist_ok=True)
    write_json(place / "probe.json", asked)
    return number


def _void(bench: Bench, number: int, why: str) -> None:
    role = role_fields(Role(0, bench.plan.plan.sampling.enabled))
    fields = {"reason": why, "streams": [], "engine": {}, **role}
    write_attempt(bench.folder, number, {"status": "void", **fields})


def _cut(switch: StopSwitch, status: str, reason: str) -> str:
    if status == "incomplete":
        code = reason.partition(":")[0]
        return "interrupted" if code == "stopped" else code
    return "interrupted" if switch.level else ""


def _wait(bench: Bench, link: Link, number: int, name: str) -> str:
    """Wait at the plan's gates: "" or why the probe is void."""

    def waiting(why: str) -> None:
        if bench.switch.level:
            raise LeftGateError
        bench.watch(Progress("gate", waiting=f"audit {name}: {why}"))

    gates = bench.plan.plan.gates
    if bench.around is not None:
        closed = bench.around.before(number, waiting)
    else:
        closed = pass_gates(gates, link, bench.clock, waiting)
    return closed or pass_ambient(gates, bench.air, bench.clock, waiting)


def _tell(bench: Bench, name: str, message: Message) -> None:
    """Progress under the probe's name: it is none of the plan's attempts."""

    def watch(progress: Progress) -> None:
        bench.watch(replace(progress, attempt=0, attempts=0, waiting=f"audit {name}"))

    tell(replace(bench, watch=watch), 0, message)


def reference_path(folder: RunFolder) -> Path:
    """Where known outputs are kept in a run."""
    return folder.data / "probes" / "reference.json"
