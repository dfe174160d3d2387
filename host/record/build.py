"""Builds the record of a run. Pure: the same run, results and facts give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from host.handover.facts import RunFacts
from host.handover.fidelity import not_measured
from host.handover.formal import StatusField
from host.handover.record import SCHEMA_NAME, SCHEMA_VERSION, PerformedField, Record, SchemaField
from host.handover.result import Results
from host.handover.statement import Statement
from host.handover.text import Txt
from host.handover.trace import AlignedRun
from host.record.attempts import attempts_of
from host.record.audit import doubts_of
from host.record.budgets import budgets_of
from host.record.environment import environment_of
from host.record.fidelity import fidelity_definitions, voided
from host.record.formal import with_formal
from host.record.limitations import limitations_of
from host.record.method import method_of, sampling_plan_of
from host.record.quantities import definitions_of, quantity_of
from host.record.settings import settings_of
from host.record.sources import absent_of, gaps_of, sources_of
from host.record.time import time_of
from host.record.verdict import verdict_of
from host.record.warning import Evidence, warnings_of
from host.schema.canonical import NO_ID, identified, quoted, sha256_of

KIND: Final = "performance_test_report"
SCOPE = Txt(
    "结果仅与所测设备、模型文件、运行时及所列设置有关。",
    "Results relate only to the device, model file, runtime and settings that were tested.",
)
LABELS = Txt(
    "主机墙上时钟的 UTC 标签，不由其计算时长",
    "UTC as the host's wall clock has it; a label, no duration is taken from it",
)
DEFAULT_TITLE = Txt("端侧大语言模型推理性能", "Performance of on-device language model inference")
GRAPH_TITLE = Txt("端侧计算图推理性能", "Performance of on-device inference of a plain graph")


def build(
    run: AlignedRun, results: Results, facts: RunFacts, statements: Sequence[Statement] = ()
) -> Record:
    """The record of a run, with its identity. statements: in order, none for a draft."""
    attempts = attempts_of(run, facts.plan.plan.run.attempts)
    sources = sources_of(run, facts.sources)
    evidence = Evidence(run, results, facts, attempts, sources)
    settings = settings_of(facts)
    fidelity = facts.fidelity or not_measured()
    quantities = tuple(quantity_of(result, facts.equipment) for result in results.results)
    conventions = tuple(quantity_of(result) for result in results.conventions)
    record = Record(
        schema=SchemaField(SCHEMA_NAME, SCHEMA_VERSION),
        record_id=NO_ID,
        record_no="",
        kind=_kind(facts),
        title=_title(facts),
        status=StatusField(),
        verdict=voided(
            verdict_of(attempts, facts.interrupted, facts.beyond, doubts_of(facts)), fidelity
        ),
        laboratory=None,
        customer=None,
        people=(),
        item_received="",
        performed=PerformedField(
            facts.performed.get("start", ""), facts.performed.get("end", ""), LABELS
        ),
        issued="",
        method=method_of(attempts, results.results),
        sampling_plan=sampling_plan_of(facts, attempts),
        scope_statement=SCOPE,
        intended_use=None,
        item={"before": quoted(facts.device_before), "after": quoted(facts.device_after)},
        model_artifact=quoted(facts.model),
        runtime=_runtime(facts),
        dataset=quoted(facts.dataset),
        plan=_plan(facts),
        settings_sha256=sha256_of(settings),
        settings=settings,
        equipment=facts.equipment,
        environment=environment_of(facts),
        attempts=attempts,
        results=quantities,
        budgets=budgets_of(results.results),
        conventions=conventions,
        fidelity=fidelity,
        scores=facts.scores,
        definitions=(
            *definitions_of((results.results, results.conventions)),
            *fidelity_definitions(fidelity),
        ),
        sources=sources,
        absent=absent_of(facts.sources),
        gaps=gaps_of(run),
        warnings=warnings_of(evidence),
        time=time_of(run, facts),
        external_provider_results=(),
        opinions=None,
        software=tuple(dict(part) for part in facts.software),
        payload_sha256=facts.payload_sha256,
        limitations=limitations_of(quantities, conventions),
        audit=facts.audit,
        end_of_record=True,
    )
    return identified(with_formal(record, facts.laboratory, statements))


def _kind(facts: RunFacts) -> Literal["performance_test_report", "intermediate_check"]:
    """Pairs with and without the sampler, or a load staircase, check the measuring itself."""
    plan = facts.plan.plan
    return "intermediate_check" if plan.run.pairing == "on_off" or plan.staircase else KIND


def _title(facts: RunFacts) -> Txt:
    """The plan's title as the user wrote it, in both places; ours when there is none."""
    title = facts.plan.plan.title.strip()
    if title:
        return Txt(title, title)
    return GRAPH_TITLE if facts.plan.plan.inference else DEFAULT_TITLE


def _runtime(facts: RunFacts) -> dict[str, Any]:
    """What ran the model and how it was launched.

    settings: all of them as the engine used them; those of the plan where it never said so.
    described: what else it says of itself (version, commit, build and CPU flags, placement).
    """
    said = dict(facts.engine)
    settings = said.pop("settings", None) or facts.plan.engine_settings
    return {
        "kind": facts.plan.engine_kind,
        "reason": msgspec.to_builtins(facts.plan.engine_reason),
        "launch_path": quoted(facts.launch),
        "settings": quoted(settings),
        "described": quoted(said),
    }


def _plan(facts: RunFacts) -> dict[str, Any]:
    """The plan without the host's paths, and with hashes in place of prompt texts."""
    requests = [
        {
            "item": r.item,
            "text_sha256": hashlib.sha256(r.text.encode("utf-8", "replace")).hexdigest(),
            "prompt_tokens": r.prompt_tokens,
            "output_tokens": r.output_tokens,
        }
        for r in facts.plan.requests
    ]
    said = quoted(msgspec.to_builtins(facts.plan.plan))
    return {"given": said, "profile": quoted(facts.plan.profile), "requests": requests}
