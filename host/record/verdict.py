"""The verdict: what a reader must know before any number."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.facts import Doubt
from host.handover.record import Attempts, Verdict
from host.handover.text import Txt


def verdict_of(
    attempts: Attempts,
    interrupted: str,
    beyond: Sequence[Txt] = (),
    doubts: Sequence[Doubt] = (),
) -> Verdict:
    """`incomplete`, `void` or `valid`, with reason codes.

    incomplete: the run was interrupted, or fewer attempts ended than were planned. void: all
    planned attempts ended and none is valid, or a result is beyond what the device can do (design
    law 9), or a probe or the times themselves say that no real run made it. beyond, doubts:
    sentences that say so. valid: all ended and at least one is valid; the reasons then name the
    void ones, and those that were cut off and made up for by new ones.
    """
    ended = attempts.valid + attempts.void
    reasons = (
        *(f"{doubt.code}: {doubt.seen.en}" for doubt in doubts),
        *(f"beyond-limit: {words.en}" for words in beyond),
        *_reasons(attempts),
    )
    if interrupted:
        reasons = (f"ended-early: {interrupted}", *reasons)
    if interrupted or ended < attempts.planned:
        missing = attempts.planned - ended
        if missing > 0:
            reasons = (*reasons, f"attempts-missing: {missing} of {attempts.planned}")
        return Verdict("incomplete", _text(attempts, "未完成", "Incomplete"), reasons)
    if beyond:
        zh, en = "无效（有结果超出设备的限值）", "Void (a result is beyond the device's limits)"
        return Verdict("void", _text(attempts, zh, en), reasons)
    if doubts:
        zh, en = "无效（探针或时间表明并非真实运行）", "Void (probes or times show no real run)"
        return Verdict("void", _text(attempts, zh, en), reasons)
    if attempts.valid == 0:
        return Verdict("void", _text(attempts, "无效", "Void"), reasons or ("no-attempt: 0",))
    return Verdict("valid", _text(attempts, "有效", "Valid"), reasons)


def _reasons(attempts: Attempts) -> tuple[str, ...]:
    """Attempts that are not valid, each with its status and reason code."""
    return tuple(
        f"attempt-{a.status}: attempt {a.number}, {a.reason}"
        for a in attempts.attempts
        if a.status != "valid"
    )


def _text(attempts: Attempts, zh: str, en: str) -> Txt:
    times = "attempt" if attempts.planned == 1 else "attempts"
    return Txt(
        f"{zh}：计划 {attempts.planned} 次，有效 {attempts.valid} 次，作废 {attempts.void} 次，"
        f"未完成 {attempts.incomplete} 次。",
        f"{en}: {attempts.planned} {times} planned, {attempts.valid} valid,"
        f" {attempts.void} void, {attempts.incomplete} incomplete.",
    )
