"""Warnings of native runners: answers that were not found, sources that nobody looked for."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.record import Warning_
from host.handover.runner import NATIVE
from host.handover.text import Txt
from host.handover.trace import AlignedRun

# Kinds of `collectors/table.py` that the shell agent has no lines for (agent/shell/sources.sh);
# those that need a library or a program a reading cannot be in its loop, which starts no process.
UNREAD = (
    "amdsmi", "battery", "bmc", "cooling", "cpu_throttle", "cpufreq_limits", "cpuidle", "gpu",
    "hwmon_power", "hwmon_rails", "hwmon_temperature", "ina3221", "load", "npu", "nvml", "pmic",
    "pressure", "process_peak", "process_pss", "thermal_hal",
)  # fmt: skip
_NEXT = Txt(
    "需要这些来源时，使用 Python 代理程序的引擎（如 llama_cpp），或外接功率计。",
    "Where they matter take an engine of the Python agent (llama_cpp), or an external meter.",
)
_TRY = Txt(
    "用 `inferometer runners try` 检查说明文件中的 [answer]。",
    "Check [answer] of its description with `inferometer runners try`.",
)


def runner_warnings(run: AlignedRun, facts: RunFacts) -> list[Warning_]:
    """What is not there of a native runner, and would be of another engine."""
    if facts.plan.engine_kind != NATIVE:
        return []
    return [*_unanswered(run, facts), *_unread(facts)]


def _unanswered(run: AlignedRun, facts: RunFacts) -> list[Warning_]:
    """Answers that are described and were not found; fidelity and scores are of the others."""
    if facts.plan.engine_settings.get("answer") is None:
        return []
    due = len(facts.plan.requests) * len(run.valid())
    there = sum(not answer.warmup for attempt in run.valid() for answer in attempt.answers)
    if there >= due:
        return []
    text = Txt(
        f"{due} 个回答中有 {due - there} 个无法从程序输出中取出，保真度与得分不含它们。",
        f"{due - there} of {due} answers could not be taken out of what the runner printed;"
        " fidelity and scores are without them.",
    )
    return [Warning_("runner-answers-missing", text, next=_TRY)]


def _unread(facts: RunFacts) -> list[Warning_]:
    """Only where the Python agent could have looked: elsewhere nobody expects more."""
    if not _has_python(facts):
        return []
    listed = ", ".join(UNREAD)
    text = Txt(
        f"原生程序由 shell 代理程序运行，未查找以下种类的来源：{listed}。",
        "A native runner is run by the shell agent, which looks for no sources of these kinds:"
        f" {listed}.",
    )
    return [Warning_("shell-agent-sources", text, next=_NEXT)]


def _has_python(facts: RunFacts) -> bool:
    agent = facts.plan.profile.get("agent")
    return isinstance(agent, dict) and agent.get("kind") == "python"
