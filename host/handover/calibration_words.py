"""Why a calibration has no line, or no lag, in words of both languages, by the code of the reason.

Codes come from `host/pipeline/calibration*.py`, `host/evaluate/transfer.py`,
`host/reduce/staircase.py` and `lag.py`; a test finds every one of them here.
"""

from __future__ import annotations

from typing import Final

from host.handover.text import Txt

CALIBRATION_REASONS: Final[dict[str, Txt]] = {
    "no-attempt": Txt("没有有效的测量", "no attempt is valid and has both sources"),
    "steps-not-played": Txt(
        "计划的负载台阶没有全部执行", "not all steps of the load that were planned were played"
    ),
    "no-reference": Txt("没有给出功率的参考功率计", "no meter gave power that could be believed"),
    "several-references": Txt(
        "有多台功率计，须指明以哪一台为准", "several meters gave power, and none is named"
    ),
    "no-pairs": Txt("没有可用的台阶", "no step gave a pair of powers"),
    "too-few-levels": Txt("负载档数太少", "there are too few levels of load"),
    "no-span": Txt("负载引起的功率变化太小", "the load changed the power by too little"),
    "frozen": Txt(
        "设备的功率源在各档负载下读数不变", "the source shows the same power at every level"
    ),
    "not-monotone": Txt(
        "功率计读数上升时，设备的功率源没有随之上升",
        "the source does not rise where the meter does",
    ),
    "disagree": Txt(
        "两者变化相差过大，测的不是同一电路",
        "both change so differently that they do not look at the same circuit",
    ),
    "no-line": Txt("各台阶对直线的分散过大", "the steps scatter too far about any line"),
    "lag-not-found": Txt(
        "没有找到最合适的滞后", "no shift in time fits better than those beside it"
    ),
    "not-looked-for": Txt("两点恒定负载，看不出滞后", "two steady loads show no lag"),
}


def calibration_words(reason: str) -> Txt | None:
    """What a reason `code: detail` means; None for "" and for a code that is not one of these."""
    return CALIBRATION_REASONS.get(reason.partition(":")[0])
