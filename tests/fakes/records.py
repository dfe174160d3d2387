"""A whole record of a made-up device, built by the real builder from the example run."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from host.evaluate.run import evaluate
from host.handover.conditions import ClockFacts, Conditions
from host.handover.facts import RunFacts
from host.handover.laboratory import (
    CustomerTable,
    Laboratory,
    LaboratoryTable,
    PersonTable,
    Words,
)
from host.handover.plan import (
    NAMED_BY_PLAN,
    DatasetPlan,
    EnginePlan,
    GatePlan,
    ModelPlan,
    Plan,
    ResolvedPlan,
    ResolvedRequest,
    RunPlan,
    SamplingPlan,
)
from host.handover.record import Record
from host.handover.result import Results
from host.handover.statement import Stated, Statement
from host.handover.text import Txt
from host.handover.trace import AlignedRun
from host.record.build import build
from host.reduce.run import reduce_run
from tests.fakes.traces import EXAMPLE_SHAPES, example_run

MODEL: dict[str, Any] = {
    "name": "tiny-reference",
    "format": "gguf",
    "architecture": "llama",
    "quantization": "Q4_0",
    "bits_per_weight": 4.5,
    "parameters": 15_000_000,
    "size_bytes": 9_400_000,
    "sha256": "1" * 64,
    "tokenizer_sha256": "2" * 64,
}
DATASET: dict[str, Any] = {
    "id": "length-grid",
    "version": "1",
    "licence": "CC0-1.0",
    "sha256": "3" * 64,
    "items": 3,
}
DEVICE: dict[str, Any] = {
    "name": "example board",
    "maker": "Example",
    "kernel": "6.12.0",
    "memory_bytes": 16 << 30,
    "cpu": {"model": "Example CPU", "cores": 8, "governor": "performance"},
}
ENGINE: dict[str, Any] = {"name": "llama.cpp", "version": "b6000", "settings": {"n_threads": 8}}
CONDITIONS = Conditions(
    clock=ClockFacts(
        name="monotonic_raw@example",
        resolution_ns=1,
        read_cost_ns=40,
        rate_ppm=0.0,
        rate_half_width_ppm=500.0,
        rate_how="manufacturer",
        rate_source=Txt("未与UTC比对", "not compared to UTC"),
    ),
    cpus=8,
    page_bytes=4096,
)
CHANNELS = [
    {"name": "rapl.package-0.energy", "kind_of_source": "rapl", "tier": "B"},
    {"name": "hwmon.board.power", "kind_of_source": "hwmon", "tier": "B"},
    {"name": "memory.available", "kind_of_source": "memory", "tier": ""},
    {"name": "thermal.x86_pkg_temp.temperature", "kind_of_source": "thermal", "tier": ""},
]
ABSENT = [
    {
        "kind": "nvml",
        "source": "nvmlInit",
        "reason": "no-driver: NVML Shared Library Not Found",
        "fix": "pip install inferometer[nvidia]",
    },
    {
        "kind": "hwmon_power",
        "source": "/sys/class/hwmon",
        "reason": "not-present: no power sensor",
        "fix": "none: this board or driver does not give it",
    },
]


def sample_plan(attempts: int = 5) -> ResolvedPlan:
    """The resolved plan that the example run was made from."""
    plan = Plan(
        plan=2,
        title="Length grid on the example board",
        device="local",
        model=ModelPlan("tiny"),
        engine=EnginePlan("llama_cpp"),
        dataset=DatasetPlan("length-grid"),
        run=RunPlan(
            attempts=attempts,
            warmups=1,
            output_tokens=128,
            stop="length",
            order="shuffled",
            pairing="none",
            seed=1,
            idle_before_s=5.0,
            idle_after_s=5.0,
            watchdog_s=60.0,
        ),
        sampling=SamplingPlan(enabled=True, rate_hz=10.0, jitter_ratio=0.2),
        gates=GatePlan(timeout_s=30.0),
    )
    scored = [shape for shape in EXAMPLE_SHAPES if not shape.warmup]
    return ResolvedPlan(
        plan=plan,
        engine_kind="llama_cpp",
        engine_reason=NAMED_BY_PLAN,
        engine_settings={"n_ctx": 2048, "n_batch": 2048, "n_ubatch": 512, "n_threads": 8},
        model_path="/models/tiny.gguf",
        model=MODEL,
        dataset=DATASET,
        requests=tuple(
            ResolvedRequest(s.item, f"text of {s.item}", s.prompt_tokens, s.output_tokens)
            for s in scored
        ),
        profile={},
        software=(),
    )


def sample_facts(attempts: int = 5) -> RunFacts:
    """What the folder of the example run says."""
    return RunFacts(
        plan=sample_plan(attempts),
        model=MODEL,
        dataset=DATASET,
        engine=ENGINE,
        device_before=DEVICE,
        device_after=DEVICE,
        sources={"channels": CHANNELS, "absent": ABSENT},
        performed={
            "start": "2026-01-05T09:00:00Z",
            "end": "2026-01-05T09:02:10Z",
        },
        clock={"method": "rtt_bracket", "exchanges": 16, "rtt_min_ns": 80_000},
        software=(
            {"name": "inferometer", "role": "host", "version": "0.1.0", "sha256": "4" * 64},
        ),
        payload_sha256="5" * 64,
        sealed=True,
    )


def sample_laboratory() -> Laboratory:
    """A laboratory file with everything in it that can be in one."""
    return Laboratory(
        format=1,
        record_no="EX-{date}-{id}",
        laboratory=LaboratoryTable(
            Words("示例计量院", "Example Institute"), Words("示例路 1 号", "1 Example Road")
        ),
        people=(
            PersonTable("Operator One", "operator", "a" * 64),
            PersonTable("Checker Two", "checker"),
            PersonTable("Approver Three", "approver", "b" * 64),
        ),
        customer=CustomerTable(Words("示例客户", "Example Customer"), "customer@example.org"),
        intended_use=Words("比对", "comparison"),
    )


def sample_statement(
    number: int, state: Stated, replaces: str, laboratory: Laboratory | None = None
) -> Statement:
    """A statement an hour after the one before; the first an hour after the sample run."""
    return Statement(
        format="inferometer/statement",
        version="1",
        number=number,
        state=state,
        date=f"2026-01-05T{9 + number:02d}:30:00.000Z",
        replaces=replaces,
        record_no="EX-1" if state == "issued" else f"EX-1-{number}",
        laboratory=laboratory or sample_laboratory(),
        reason=None if state == "issued" else Words("更正", "a correction"),
        received="2026-01-04",
        opinions=None,
        external_provider_results=(),
    )


def sample_chain(*states: Stated) -> tuple[tuple[Statement, ...], tuple[Record, ...]]:
    """Statements of these states, and the records with none, the first, the first two of them."""
    run = example_run(2)
    results = _results(2)
    records = [build(run, results, sample_facts(2))]
    made: list[Statement] = []
    for number, state in enumerate(states, 1):
        made.append(sample_statement(number, state, records[-1].record_id))
        records.append(build(run, results, sample_facts(2), made))
    return tuple(made), tuple(records)


def record_of(run: AlignedRun, facts: RunFacts | None = None) -> Record:
    """The record of any run, with the sample's facts where none are given."""
    results = evaluate(reduce_run(run), CONDITIONS)
    return build(run, results, facts or sample_facts(len(run.attempts)))


def sample_record(
    attempts: int = 5, *, sources: bool = True, laboratory: Laboratory | None = None
) -> Record:
    """The record of the example run; the same on every call, and made at the first."""
    return _sample(attempts, sources=sources, laboratory=laboratory)


@cache
def _sample(attempts: int, *, sources: bool, laboratory: Laboratory | None) -> Record:
    facts = replace(sample_facts(attempts), laboratory=laboratory)
    run = example_run(attempts, sources=sources)
    return build(run, _results(attempts, sources=sources), facts)


@cache
def _results(attempts: int, *, sources: bool = True) -> Results:
    return evaluate(reduce_run(example_run(attempts, sources=sources)), CONDITIONS)
