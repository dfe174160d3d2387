"""What fidelity does to the record: a model that is fast and wrong has no valid speed."""

from __future__ import annotations

import msgspec

from host.handover.divergence import STATED_DEFINED
from host.handover.fidelity import DEFINED, FidelityField
from host.handover.quantity import Definition
from host.handover.record import Verdict
from host.handover.text import Txt

FAILED = Txt(
    "（输出与参考不符，速度作废）", " (the output is not the reference's: speeds are void)"
)


def voided(verdict: Verdict, fidelity: FidelityField) -> Verdict:
    """The verdict of the attempts, void where a limit for fidelity is set and not kept.

    Attempts keep their own status: they ran. An incomplete run stays incomplete and says both.
    """
    broken = fidelity.outcome == "void" or any(not limit.kept for limit in fidelity.limits)
    if not broken:
        return verdict
    status = "void" if verdict.status == "valid" else verdict.status
    words = Txt(
        f"{verdict.text.zh.removesuffix('。')}{FAILED.zh}。",
        f"{verdict.text.en.removesuffix('.')}{FAILED.en}.",
    )
    if verdict.status == "valid":
        words = Txt(
            words.zh.replace("有效：", "无效：", 1), words.en.replace("Valid:", "Void:", 1)
        )
    return msgspec.structs.replace(
        verdict, status=status, text=words, reasons=(fidelity.reason, *verdict.reasons)
    )


def fidelity_definitions(fidelity: FidelityField) -> tuple[Definition, ...]:
    """What the figures mean, of those that there are."""
    there = {figure.measurand_id for figure in fidelity.figures}
    return tuple(
        definition for definition in (*DEFINED, *STATED_DEFINED) if definition.id in there
    )
