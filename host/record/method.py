"""The method of a measurement and its sampling plan, from what the software does and the plan."""

from __future__ import annotations

import msgspec

from host.handover.conventions import CONVENTIONS
from host.handover.facts import RunFacts
from host.handover.formal import MethodField, SamplingPlanField
from host.handover.inference import TIMES
from host.handover.measurands import MEASURANDS
from host.handover.plan import GatePlan
from host.handover.reasons import explained
from host.handover.record import AttemptField, Attempts
from host.handover.result import Result
from host.handover.text import Txt
from host.record.settings import CACHE, SAMPLER, TIMING_BOUNDARY
from host.schema.canonical import quoted, sha256_of

METHOD_ID = "urn:inferometer:method:on-device-inference"
# Raised when what is done changes; definitions alone show in the hash.
METHOD_VERSION = "1"
TITLE = Txt(
    "端侧大语言模型推理性能测量方法",
    "Measurement of the performance of on-device language model inference",
)
GRAPH_TITLE = Txt(
    "端侧计算图推理性能测量方法",
    "Measurement of the performance of on-device inference of plain graphs",
)
OF_GRAPHS = frozenset(definition.id for definition in TIMES)
GUF_NORMS = ("JCGM 100:2008", "JJF 1059.1-2012")
MONTE_CARLO_NORM = "JCGM 101:2008"
NO_DEVIATIONS = Txt("无。", "None.")


def method_of(attempts: Attempts, results: tuple[Result, ...]) -> MethodField:
    """The method with the documents that the evaluation of these results followed."""
    budgets = [r.budget for r in results if r.budget is not None]
    norms = GUF_NORMS if any(b.u is not None for b in budgets) else ()
    if any(b.monte_carlo is not None for b in budgets):
        norms = (*norms, MONTE_CARLO_NORM)
    return MethodField(
        id=METHOD_ID,
        version=METHOD_VERSION,
        title=GRAPH_TITLE if any(r.measurand in OF_GRAPHS for r in results) else TITLE,
        norms=norms,
        deviations=_deviations(attempts),
        sha256=sha256_of(definition()),
    )


def definition() -> dict[str, object]:
    """All that the hash of the method is over."""
    found: dict[str, object] = quoted(
        {
            "id": METHOD_ID,
            "version": METHOD_VERSION,
            "definitions": [
                {
                    "id": d.id,
                    "model": msgspec.to_builtins(d.model),
                    "unit": d.unit,
                    "start": msgspec.to_builtins(d.start),
                    "stop": msgspec.to_builtins(d.stop),
                }
                for d in (*MEASURANDS.values(), *CONVENTIONS.values())
            ],
            "timing_boundary": TIMING_BOUNDARY,
            "sampler": SAMPLER,
            "cache": CACHE,
        }
    )
    return found


def sampling_plan_of(facts: RunFacts, attempts: Attempts) -> SamplingPlanField:
    """One device, planned attempts in the planned order, and what no result counts."""
    run, gates = facts.plan.plan.run, facts.plan.plan.gates
    return SamplingPlanField(
        devices=1,
        runs=run.attempts,
        order=run.order,
        randomised=run.order == "shuffled",
        seed=str(run.seed),
        warm_up=Txt(
            f"每次加载后先执行 {run.warmups} 个不计入结果的请求。",
            f"Requests after each load that no result counts: {run.warmups}.",
        ),
        cool_down_rule=_with_air(_cool_down(gates, run.idle_before_s), gates),
        exclusions=tuple(_excluded(a) for a in attempts.attempts if a.status != "valid"),
    )


def _excluded(attempt: AttemptField) -> Txt:
    status = {"void": "作废", "incomplete": "未完成"}.get(attempt.status, attempt.status)
    zh, en = f"第 {attempt.number} 次尝试：{status}", f"attempt {attempt.number}: {attempt.status}"
    words = explained(attempt.reason)
    if words is None:
        return Txt(f"{zh}，{attempt.reason}", f"{en}, {attempt.reason}")
    return Txt(f"{zh}，{words.zh}（{attempt.reason}）", f"{en}, {words.en} ({attempt.reason})")


def _cool_down(gates: GatePlan, idle_s: float) -> Txt:
    limit_c, above_k, timeout_s = (
        gates.max_temperature_c,
        gates.cooldown_above_start_k,
        gates.timeout_s,
    )
    idle = Txt(f"每次之前空闲 {idle_s:g} s", f"{idle_s:g} s idle before each attempt")
    if limit_c is None and above_k is None:
        return Txt(f"{idle.zh}；不等待温度。", f"{idle.en}; no temperature is waited for.")
    zh, en = [], []
    if limit_c is not None:
        zh.append(f"不高于 {limit_c:g} °C")
        en.append(f"to {limit_c:g} °C or below")
    if above_k is not None:
        zh.append(f"比第一次之前高不超过 {above_k:g} K")
        en.append(f"to at most {above_k:g} K above what it was before the first")
    return Txt(
        f"{idle.zh}；等到最热的传感器{'，且'.join(zh)}，至多 {timeout_s:g} s，否则该次作废。",
        f"{idle.en}; the hottest sensor must come {' and '.join(en)} within"
        f" {timeout_s:g} s, else the attempt is void.",
    )


def _with_air(rule: Txt, gates: GatePlan) -> Txt:
    """The rule with the gate on the air behind it, where the plan has one."""
    ends = [
        (zh, en, value)
        for zh, en, value in (
            ("不低于", "at least", gates.min_ambient_c),
            ("不高于", "at most", gates.max_ambient_c),
        )
        if isinstance(value, float)
    ]
    if not ends:
        return rule
    zh = "且".join(f"{word} {value:g} °C" for word, _, value in ends)
    en = " and ".join(f"{word} {value:g} °C" for _, word, value in ends)
    return Txt(
        f"{rule.zh}环境温度须{zh}（至多等待 {gates.timeout_s:g} s，否则该次作废）。",
        f"{rule.en} The air must be {en}, waited for {gates.timeout_s:g} s at most, else the"
        " attempt is void.",
    )


def _deviations(attempts: Attempts) -> Txt:
    """Attempts that were cut off and made up for, and those that are lacking."""
    lacking = attempts.planned - attempts.valid - attempts.void
    parts: list[Txt] = []
    if attempts.incomplete:
        parts.append(
            Txt(f"{attempts.incomplete} 次被中断", f"attempts cut off: {attempts.incomplete}")
        )
    if lacking > 0:
        parts.append(Txt(f"缺 {lacking} 次计划的测量", f"planned attempts lacking: {lacking}"))
    if not parts:
        return NO_DEVIATIONS
    return Txt(
        "；".join(p.zh for p in parts) + "。", "; ".join(p.en for p in parts).capitalize() + "."
    )
