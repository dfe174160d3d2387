"""A language model of hashes on a clock of its own, run by the real runner through audited runs.

The next token is a hash of all tokens before it and of the weights: bytes of the model's file. A
step takes a drawn time. Engines that cheat are in `cheats.py`.
"""

from __future__ import annotations

import gc
import hashlib
import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from agent.engines.base import Generated, Mark, TokenSink
from agent.order import parse_order
from agent.pipes import Sender
from agent.runner import run_attempt
from agent.spool import StreamEnd
from host.artefacts.probes import requests_of, variant
from host.handover.audit import COMMITTED, DETACHED, DRAWN, STARTED, ProbeFile, Reference, SeedFile
from host.handover.audit_plan import (
    DEFAULT_AUDIT,
    FIRST,
    AuditPlan,
    attempts_of,
    number_of,
)
from host.handover.pairing import Role
from host.handover.plan import ResolvedPlan, ResolvedRequest
from host.run.attempts import order_of
from host.run.folder import RunFolder, write_json
from host.run.journal import Journal
from tests.fakes.records import sample_plan

VOCABULARY = 4096
PREFILL_NS, STEP_NS = 20_000, 400_000  # a token of the prompt, a token of the output
SEED = bytes(range(32))


class OwnClock:
    """Goes on only as the engine says; a microsecond for each look."""

    domain = "monotonic_raw@00000000-0000-0000-0000-000000000009"

    def __init__(self) -> None:
        self.t_ns = 1_000_000_000

    def now_ns(self) -> int:
        self.t_ns += 1000
        return self.t_ns


@dataclass
class HashModel:
    """Honest: no memory from one request to the next. noise: of a step's time, relative.

    machine: the random numbers of the machine's noise. pace: of this attempt, beside its steps.
    """

    model: Path
    clock: OwnClock
    machine: random.Random
    noise: float = 0.03
    pace: float = 1.0
    weights: bytes = b""
    eos_after: int | None = None
    kept: dict[Any, Any] = field(default_factory=dict)

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "hash", "settings": {}}

    def load(self, *, vocabulary_only: bool = False) -> None:
        self.spend(50_000_000)
        self.weights = self.read_weights()

    def read_weights(self) -> bytes:
        return hashlib.sha256(self.model.read_bytes()).digest()

    def tokenize(self, text: str) -> list[int]:
        return list(text.encode())

    def piece(self, token: int) -> bytes:
        return bytes([token & 255])

    def spend(self, mean_ns: float) -> None:
        self.clock.t_ns += round(mean_ns * self.pace * self.machine.gauss(1.0, self.noise))

    def next_token(self, prompt: Sequence[int], made: Sequence[int]) -> int:
        said = hashlib.sha256(self.weights + bytes(prompt) + repr(list(made)).encode())
        return int.from_bytes(said.digest()[:4], "big") % VOCABULARY

    def prefill(self, prompt: Sequence[int]) -> None:
        self.spend(PREFILL_NS * len(prompt))

    def step(self, prompt: Sequence[int], made: Sequence[int]) -> int:
        self.spend(STEP_NS)
        return self.next_token(prompt, made)

    def natural_length(self, prompt: Sequence[int]) -> int:
        """Where the model would end by itself: 4 to 11 tokens."""
        return 4 + self.next_token(prompt, [-1]) % 8

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        mark("prefill_start")
        self.prefill(prompt)
        ready = mark("prefill_end")
        count = output_tokens
        if stop_at_end:
            count = min(output_tokens, self.natural_length(prompt))
        made: list[int] = []
        for index in range(count):
            token = self.next_token(prompt, made) if index == 0 else self.step(prompt, made)
            ready = ready if index == 0 else self.clock.now_ns()
            made.append(token)
            on_token(ready, self.clock.now_ns(), token)
        return Generated("end-of-text" if count < output_tokens else "length")

    def close(self) -> None:
        """Nothing is held."""


Maker = Callable[[Path, OwnClock, random.Random], HashModel]


def audited_plan(audit: AuditPlan, attempts: int, stop: str) -> ResolvedPlan:
    """The sample's plan with these probes; prompts are bytes, so counts are exact."""
    plan = sample_plan(attempts)
    inner = plan.plan
    run = msgspec.structs.replace(
        inner.run, stop=stop, idle_before_s=0.0, idle_after_s=0.0, warmups=0
    )
    sampling = msgspec.structs.replace(inner.sampling, enabled=False)
    requests = tuple(
        ResolvedRequest(f"item-{i}", f"text of item {i} ", 64 + 16 * i, 12) for i in range(4)
    )
    items = [{"id": r.item, "language": "en", "prompt_tokens": r.prompt_tokens} for r in requests]
    return msgspec.structs.replace(
        plan,
        plan=msgspec.structs.replace(inner, run=run, sampling=sampling, audit=audit),
        requests=requests,
        dataset={**plan.dataset, "items": items},
    )


@dataclass
class Bench:
    """Runs an audited run of an engine into a folder, through the runner and the real streams.

    shape: makes another plan of the usual one. later_pace: of a run that nobody was with, how slow
    the machine is by the time that the probes run, 1: as it was.
    """

    root: Path
    make: Maker
    audit: AuditPlan = DEFAULT_AUDIT
    attempts: int = 4
    stop: str = "length"
    reference: Reference | None = None
    noise: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    shape: Callable[[ResolvedPlan], ResolvedPlan] | None = None
    later_pace: float | None = None

    def run(self) -> RunFolder:
        folder = RunFolder(self.root / "run")
        plan = audited_plan(self.audit, self.attempts, self.stop)
        plan = self.shape(plan) if self.shape is not None else plan
        settings = {**plan.engine_settings, **self.settings}
        plan = msgspec.structs.replace(plan, engine_settings=settings)
        models = self._models()
        _begin(folder, plan)
        clock, machine = OwnClock(), random.Random(self.noise)  # noqa: S311 - noise, no secret
        journal = Journal(folder, clock)
        sha256 = hashlib.sha256((folder.data / "plan.json").read_bytes()).hexdigest()
        journal.note("run_start")
        journal.note(COMMITTED, {"sha256": sha256})
        for number in range(1, self.attempts + 1):
            journal.note("attempt_start", {"number": number})
            self._attempt(folder, plan, number, models["plain"], (clock, machine))
            journal.note("attempt_end", {"number": number, "status": "valid"})
        if self.later_pace is not None:
            journal.note(DETACHED)
        self._probes(folder, plan, models, (clock, machine), journal)
        gc.enable()  # attempts switch it off
        journal.note("run_end")
        journal.close()
        return folder

    def _probes(
        self,
        folder: RunFolder,
        plan: ResolvedPlan,
        models: Mapping[str, Path],
        world: tuple[OwnClock, random.Random],
        journal: Journal,
    ) -> None:
        """Everything from the draw of the seed on."""
        sha256 = hashlib.sha256((folder.data / "plan.json").read_bytes()).hexdigest()
        journal.note(DRAWN, {"sha256": hashlib.sha256(SEED).hexdigest()})
        write_json(folder.data / "probes" / "seed.json", SeedFile(SEED.hex(), sha256))
        if self.reference is not None:
            write_json(folder.data / "probes" / "reference.json", self.reference)
        for name in attempts_of(self.audit):
            number = number_of(name, 0)
            asked = requests_of(name, plan, SEED, self.reference)
            stop = {"repeat": "length", "seed": "length"}.get(name, self.stop)
            journal.note(STARTED, {"number": number, "name": name})
            model = models["permuted" if name == "permuted" else "plain"]
            place = variant(plan, name, asked, stop)
            self._attempt(folder, place, number, model, world)
            write_json(folder.attempt(number) / "probe.json", ProbeFile(name, "1" * 64, asked))

    def _models(self) -> dict[str, Path]:
        made = {}
        for name in ("plain", "permuted"):
            made[name] = self.root / f"{name}.bin"
            made[name].write_bytes(name.encode())
        return made

    def _attempt(
        self,
        folder: RunFolder,
        plan: ResolvedPlan,
        number: int,
        model: Path,
        world: tuple[OwnClock, random.Random],
    ) -> None:
        place = folder.attempt(number)
        clock, machine = world
        spool = PurePosixPath(place)
        order = parse_order(order_of(plan, number, spool, Role(0, sampled=False)))
        place.mkdir()
        engine = self.make(model, clock, machine)
        engine.pace = machine.gauss(1.0, engine.noise / 10)
        if self.later_pace is not None and number >= FIRST:
            engine.pace *= self.later_pace
        read_end, write_end = os.pipe()
        outcome = run_attempt(order, engine, Sender(write_end), threading.Event())
        for end in (read_end, write_end):
            os.close(end)
        stated = {"status": outcome.status, "reason": outcome.reason, "sampled": False}
        ends = [_stated(end) for end in outcome.streams]
        write_json(place / "attempt.json", {"number": number, **stated, "streams": ends})


def _begin(folder: RunFolder, plan: ResolvedPlan) -> None:
    """What a run folder holds before its first attempt."""
    (folder.data / "attempts").mkdir(parents=True)
    (folder.data / "probes").mkdir()
    clock = {"domain": OwnClock.domain, "name": "monotonic_raw", "resolution_ns": 1}
    write_json(folder.data / "run.json", {"id": "0" * 32})
    write_json(folder.data / "plan.json", msgspec.to_builtins(plan))
    write_json(folder.data / "session.json", {"clock": clock, "launch": {}})


def _stated(end: StreamEnd) -> dict[str, Any]:
    return {
        "stream": end.stream,
        "lines": end.lines,
        "size_bytes": end.size_bytes,
        "sha256": end.sha256,
    }
