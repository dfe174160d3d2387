"""What a record says of probes beside their fields: reasons to be void, and warnings. Pure."""

from __future__ import annotations

from host.handover.audit import ProbeField
from host.handover.facts import Doubt, RunFacts
from host.handover.record import Warning_
from host.handover.text import Txt

# Probe -> reason code of a record that it makes void.
FAILED = {
    "repeat": "audit-repeat",
    "seed": "audit-seed",
    "permuted": "audit-permuted",
    "canary": "audit-canary",
    "length": "audit-length",
}
_MORE = Txt(
    "增加 [audit] 的 prompts 或测量次数，或在空闲的设备上再测一次。",
    "Raise `prompts` of [audit] or the attempts, or measure again on an idle device.",
)
_LOOK = Txt("见 data/probes/ 中该探针的日志。", "See the logs of the probe under data/probes/.")


def doubts_of(facts: RunFacts) -> tuple[Doubt, ...]:
    """Why no real run of the model made this: probes that failed, then what times show."""
    failed = (Doubt(FAILED[one.probe], one.text) for one in facts.audit if _failed(one))
    return (*failed, *facts.doubts)


def _failed(one: ProbeField) -> bool:
    return one.outcome == "failed"


def audit_warnings(facts: RunFacts) -> list[Warning_]:
    """Doubts, and probes that said nothing."""
    doubts = [Warning_(doubt.code, doubt.seen) for doubt in doubts_of(facts)]
    return [*doubts, *(_open(one) for one in facts.audit if one.outcome in _CODES)]


_CODES = {"undecided": "audit-undecided", "not-judged": "audit-not-judged"}


def _open(one: ProbeField) -> Warning_:
    code = _CODES[one.outcome]
    if one.outcome == "undecided":
        text = Txt(f"探针 {one.probe}：{one.text.zh}", f"Probe {one.probe}: {one.text.en}")
        return Warning_(code, text, next=_MORE)
    text = Txt(
        f"探针 {one.probe} 未判定（{one.reason}）。",
        f"The probe {one.probe} was not judged ({one.reason}).",
    )
    return Warning_(code, text, next=_LOOK)
