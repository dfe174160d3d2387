"""Sentences about transfer calibrations, in Chinese and English; words as they are earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from host.handover.calibration import Reference, Stored
from host.handover.equipment import Problem
from host.handover.text import Txt

if TYPE_CHECKING:
    from host.equipment.transfer_line import TransferLine

USABLE = ("transfer_calibration", "two_point_check")
ISSUERS = {
    "transfer_calibration": "inferometer calibrate run",
    "two_point_check": "inferometer calibrate check",
}
NO_CALIBRATION = Txt(
    "它是比对或没有结果，不是校准", "it is a comparison or has no result, and no calibration"
)
OTHER_DEVICE = Txt(
    "它属于另一台设备或仪器", "it was made for another device or instrument than is here"
)
NO_DATES = Txt("运行没有日期，无法判断有效期", "the run has no dates to judge it by")
NO_CHANNEL = Txt("本次运行没有该通道的读数", "this run has no readings of the channel")
OTHER_KIND = Txt(
    "该通道如今给出另一种量或读数方式", "the channel now gives another quantity or kind of reading"
)
TWICE = Txt("该通道已由另一份校准修正", "the channel is corrected by another calibration already")
HOW = Txt(
    "转移校准的直线与参考仪表的不确定度，取所用功率中最大者，u = U/k",
    "line of the transfer calibration and uncertainty of its meter, at the power used where it is"
    " largest, u = U/k",
)


def ref_of(one: Stored) -> str:
    """How budgets and the record name it."""
    return f"{one.transfer.word.replace('_', '-')}#{one.name}"


def not_yet(made: str, start: str) -> Txt:
    """One that was made after its use."""
    return Txt(
        f"校准日期 {made} 晚于使用日期 {start}", f"it was made on {made}, after its use on {start}"
    )


def expired(due: str, end: str) -> Txt:
    """One that ran out before the run ended."""
    return Txt(
        f"有效期至 {due}，使用日期为 {end}，已过期", f"it ran out on {due}, and is used on {end}"
    )


def out_of_range(share: float, range_w: tuple[float, float], seen: tuple[float, float]) -> Txt:
    """share: of the indications that lie outside."""
    low, high = range_w
    return Txt(
        f"{share:.1%} 的示值超出其范围 {low:.4g} 至 {high:.4g} W（示值为 {seen[0]:.4g} 至"
        f" {seen[1]:.4g} W）",
        f"{share:.1%} of the indications lie outside its range of {low:.4g} to {high:.4g} W; they"
        f" go from {seen[0]:.4g} to {seen[1]:.4g} W",
    )


def refused(one: Stored, why: Txt) -> Problem:
    """A calibration that was asked for and not used."""
    source = one.transfer.source
    return Problem(
        "transfer-not-applied",
        Txt(
            f"校准 {one.name} 未用于 {source}：{why.zh}。示值未作修正。",
            f"Calibration {one.name} was not used on {source}: {why.en}. Its indications stand as"
            " they are.",
        ),
    )


DEVICE = Txt("设备最热处的传感器", "the hottest sensor of the device")
AIR = Txt("环境", "the air")
_AGAIN = Txt(
    "在使用时的温度下重新校准，或使温度回到校准时的范围。",
    "Calibrate again as warm as it is used, or use it as warm as it was calibrated.",
)


def elsewhere(
    one: Stored, what: Txt, spans: tuple[tuple[float, float], tuple[float, float]], margin_k: float
) -> Problem:
    """It was used at another temperature. what: whose. spans: then and now, Cel."""
    (low, high), (cold, warm) = spans
    return Problem(
        "transfer-temperature",
        Txt(
            f"校准 {one.name}（{one.transfer.source}）时{what.zh}为 {low:.4g} 至 {high:.4g} °C，"
            f"本次为 {cold:.4g} 至 {warm:.4g} °C，超出其 ±{margin_k:g} K；其随温度的变化未知，"
            "未计入不确定度，证据等级不变。",
            f"Calibration {one.name} of {one.transfer.source} was made with {what.en} at {low:.4g}"
            f" to {high:.4g} °C and is used at {cold:.4g} to {warm:.4g} °C, more than"
            f" {margin_k:g} K from there: how it changes with temperature is not known and stands"
            " in no uncertainty, and its tier stays what it was.",
        ),
        _AGAIN,
    )


def source(one: Stored) -> Txt:
    """Where the numbers come from. Traceable is a word for the meter's certificate alone."""
    found, day = one.calibration, one.calibration.performed[:10]
    if one.transfer.word == "two_point_check":
        return Txt(
            f"两点核查 {one.name}（{day}），对给定的参考值",
            f"two-point check {one.name} ({day}) against stated values",
        )
    papers = _papers(found.reference)
    return Txt(
        f"转移校准 {one.name}（{day}），参考 {papers}",
        f"transfer calibration {one.name} ({day}) against {papers}",
    )


def _papers(reference: Reference | None) -> str:
    if reference is None:
        return "-"
    valid = [f"{c.number}, {c.issuer}" for c in reference.certificates if c.valid]
    return f"{reference.channel} ({'; '.join(valid)})" if valid else reference.channel


def label(one: Stored, line: TransferLine) -> Txt:
    """What was done to a channel, whole: it stands in the record beside its results."""
    by, what = source(one), one.transfer.source
    term = f"- {line.offset_w:.4g}" if line.offset_w >= 0 else f"+ {-line.offset_w:.4g}"
    done = f"(y {term} W) / {line.gain:.5g}"
    return Txt(
        f"{what} 已按{by.zh}修正：{done}；证据等级不变。",
        f"{what} is corrected by {by.en}: {done}; its tier stays what it was.",
    )


def unknown_reference(one: Stored) -> bool:
    """Whether nobody said how wrong the stated values may be."""
    reference = one.calibration.reference
    return one.transfer.word == "two_point_check" and (reference is None or bool(reference.open))


def open_of(one: Stored) -> Txt:
    """What is not known: drift since then, and what was open of the meter."""
    by, reference = source(one), one.calibration.reference
    parts = () if reference is None else reference.open
    zh, en = "；".join(p.zh for p in parts), "; ".join(p.en for p in parts)
    return Txt(
        f"{by.zh}；此后的漂移未知" + (f"；参考：{zh}" if zh else ""),
        f"{by.en}; nothing is known of its drift since then"
        + (f"; of the reference: {en}" if en else ""),
    )
