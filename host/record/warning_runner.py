"""A warning of what the shell agent, which runs native runners, does not look for on a device."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.record import Warning_
from host.handover.runner import NATIVE
from host.handover.text import Txt

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


def runner_warnings(facts: RunFacts) -> list[Warning_]:
    """Only where the Python agent could have looked: elsewhere nobody expects more."""
    if facts.plan.engine_kind != NATIVE or not _has_python(facts):
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
