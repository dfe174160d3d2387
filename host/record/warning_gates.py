"""A warning of gates that the device's profile has and that this run was not held to."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.record import Warning_
from host.handover.text import Txt

_NEXT = Txt(
    "门限所看的量须由设备给出；也可在方案中自行写明门限。",
    "Let the device show what they look at, or state gates of your own in the plan.",
)


def gate_warnings(facts: RunFacts) -> list[Warning_]:
    """One for all of them, each with the code of its reason."""
    if not facts.gates_left_out:
        return []
    told = facts.gates_left_out.items()
    listed = ", ".join(f"{name} ({why.partition(':')[0]})" for name, why in told)
    text = Txt(
        f"设备型号配置中的这些门限没有检查：{listed}。",
        f"These gates of the device's profile were not looked at: {listed}.",
    )
    return [Warning_("gates-left-out", text, str(len(facts.gates_left_out)), "0", _NEXT)]
