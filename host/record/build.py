"""Builds the record of a run. Pure: the same run, results and facts give the same bytes."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from host.handover.facts import RunFacts
from host.handover.record import SCHEMA_NAME, SCHEMA_VERSION, Record
from host.handover.result import Results
from host.handover.text import Txt
from host.handover.trace import AlignedRun
from host.record.attempts import attempts_of
from host.record.quantities import definitions_of, quantity_of
from host.record.settings import settings_of
from host.record.sources import absent_of, gaps_of, sources_of
from host.record.time import time_of
from host.record.verdict import verdict_of
from host.record.warning import Evidence, warnings_of
from host.schema.canonical import identified, quoted, sha256_of

KIND = "performance_test_report"
SCOPE = Txt(
    "结果仅与所测设备、模型文件、运行时及所列设置有关。",
    "Results relate only to the device, model file, runtime and settings that were tested.",
)
LIMITATIONS = Txt(
    "U 只含各次运行之间的重复性（A 类）；来源的 B 类分量尚未评定，读数来自设备自身的计数器，"
    "未溯源。分位数区间假定各词元间隔相互独立。",
    "U holds repeatability between attempts only (Type A). Type B components of the sources are"
    " not evaluated yet; readings come from the device's own counters and have no traceability."
    " Intervals of quantiles take inter-token intervals as independent.",
)
DEFAULT_TITLE = Txt("端侧大语言模型推理性能", "Performance of on-device language model inference")


def build(run: AlignedRun, results: Results, facts: RunFacts) -> Record:
    """The record of a run, with its identity."""
    attempts = attempts_of(run, facts.plan.plan.run.attempts)
    sources = sources_of(run, facts.sources)
    evidence = Evidence(run, results, facts, attempts, sources)
    settings = settings_of(facts)
    record = Record(
        schema={"name": SCHEMA_NAME, "version": SCHEMA_VERSION},
        record_id="",
        kind=KIND,
        title=_title(facts),
        verdict=verdict_of(attempts, facts.interrupted),
        performed=dict(facts.performed),
        scope_statement=SCOPE,
        item={"before": quoted(facts.device_before), "after": quoted(facts.device_after)},
        model_artifact=quoted(facts.model),
        runtime=_runtime(facts),
        dataset=quoted(facts.dataset),
        plan=_plan(facts),
        settings_sha256=sha256_of(settings),
        settings=settings,
        attempts=attempts,
        results=tuple(quantity_of(result) for result in results.results),
        conventions=tuple(quantity_of(result) for result in results.conventions),
        definitions=definitions_of((results.results, results.conventions)),
        sources=sources,
        absent=absent_of(facts.sources),
        gaps=gaps_of(run),
        warnings=warnings_of(evidence),
        time=time_of(run, facts),
        software=tuple(dict(part) for part in facts.software),
        payload_sha256=facts.payload_sha256,
        limitations=LIMITATIONS,
    )
    return identified(record)


def _title(facts: RunFacts) -> Txt:
    """The plan's title as the user wrote it, in both places; ours when there is none."""
    title = facts.plan.plan.title.strip()
    return Txt(title, title) if title else DEFAULT_TITLE


def _runtime(facts: RunFacts) -> dict[str, Any]:
    """What ran the model and how it was launched.

    settings: all of them as the engine used them; those of the plan where it never said so.
    described: what else it says of itself (version, commit, build and CPU flags, placement).
    """
    said = dict(facts.engine)
    settings = said.pop("settings", None) or facts.plan.engine_settings
    return {
        "kind": facts.plan.engine_kind,
        "reason": facts.plan.engine_reason,
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
