"""Rules over the attempts of a run: none is missing, picked, copied or out of order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from host.check.rule import Breach, Rule, attempt_file, breach
from host.handover.case import Case
from host.handover.pairing import role_of
from host.handover.text import Txt
from host.handover.trace import AttemptTrace

ATTEMPTS = "data/attempts"
RECORD = "record.json"
# An attempt with fewer tokens may share its few stamps with another one by chance.
MIN_COPIED_TOKENS = 2


def verdict_valid(case: Case) -> Iterator[Breach]:
    """What is handed in stands on a run that came to its end."""
    verdict = case.record.verdict
    if verdict.status != "valid":
        why = "; ".join(verdict.reasons)
        yield breach(
            RECORD, f"结论为 {verdict.status}：{why}。", f"It is {verdict.status}: {why}."
        )


def attempts_numbered(case: Case) -> Iterator[Breach]:
    """A number that is missing is an attempt that somebody took out."""
    numbers = [a.number for a in case.run.attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        yield breach(ATTEMPTS, f"序号为 {numbers}。", f"The numbers are {numbers}.")


def attempts_declared(case: Case) -> Iterator[Breach]:
    """More ended attempts than planned would be a choice among them."""
    planned = case.facts.plan.plan.run.attempts
    ended = sum(a.status != "incomplete" for a in case.run.attempts)
    if ended > planned:
        yield breach(
            ATTEMPTS,
            f"计划 {planned} 次，结束的有 {ended} 次。",
            f"{planned} were planned and {ended} have ended.",
        )


def attempts_apart(case: Case) -> Iterator[Breach]:
    """Attempts follow one another; each clock of a boot is looked at by itself."""
    spans = [(a, span) for a in case.run.attempts if (span := _span(a)) is not None]
    for (first, one), (second, other) in pairwise(spans):
        if first.clock == second.clock and other[0] <= one[1]:
            yield breach(
                attempt_file(second.number, "events.tsv"),
                f"第 {second.number} 次在第 {first.number} 次结束前 {one[1] - other[0]} ns 开始。",
                f"Attempt {second.number} begins {one[1] - other[0]} ns before the end of"
                f" attempt {first.number}.",
            )


def attempts_distinct(case: Case) -> Iterator[Breach]:
    """Two attempts with the same times between all tokens are one attempt and its copy."""
    seen: dict[bytes, int] = {}
    for attempt in case.run.valid():
        shape = _shape(attempt)
        if shape is None:
            continue
        if shape in seen:
            yield breach(
                attempt_file(attempt.number, "tokens.tsv"),
                f"第 {attempt.number} 次与第 {seen[shape]} 次的词元间隔完全相同。",
                f"Attempt {attempt.number} has the very token intervals of attempt {seen[shape]}.",
            )
        seen.setdefault(shape, attempt.number)


def streams_whole(case: Case) -> Iterator[Breach]:
    """Every line that was written is there, as it was written."""
    for fault in case.faults:
        zh, en = FAULT_WORDS.get(fault.fault, (fault.fault, fault.fault))
        here = (f"第 {fault.line} 行", f"Line {fault.line}")
        at_zh, at_en = WHOLE_FILE.get(fault.line, here)
        yield breach(fault.file, f"{at_zh}{zh}。", f"{at_en} {en}.")


WHOLE_FILE = {0: ("文件", "The file")}
FAULT_WORDS = {
    "torn": ("行尾不完整", "is torn"),
    "crc": ("校验码不符", "does not match its CRC"),
    "sequence": ("序号不连续，有行丢失", "breaks the sequence: lines are lost"),
    "columns": ("列数不对", "has a wrong number of columns"),
    "text": ("不是有效文本", "is no valid text"),
    "header": ("头部损坏", "is no spool header"),
    "missing": ("缺失", "is missing though the writer stated it"),
    "count": ("行数与写入者声明的不符", "does not have the number of lines its writer stated"),
    "clock": ("不在本次测量的时钟上", "is not on the clock of its attempt"),
    "changed": ("不是写入者所声明的内容", "is not what its writer stated"),
    "too-large": ("过大", "is too large"),
    "name": ("不是任何一次测量的", "has a name that no attempt has"),
}


def pairs_drawn(case: Case) -> Iterator[Breach]:
    """With the sampler or without it by the plan and its seed: nobody chose after the fact."""
    ended = [a for a in case.run.attempts if a.status != "incomplete"]
    for slot, attempt in enumerate(ended):
        role = role_of(case.facts.plan.plan, slot)
        if (attempt.pair, attempt.sampled) != (role.pair, role.sampled):
            yield breach(
                attempt_file(attempt.number, "attempt.json"),
                f"第 {attempt.number} 次所属的对或有无采样与按种子抽取的不符。",
                f"Attempt {attempt.number} is not of the pair, or not with or without sampling,"
                " as the seed draws it.",
            )


def _span(attempt: AttemptTrace) -> tuple[int, int] | None:
    """First and last stamp of load and requests, ns."""
    starts = [r.start_ns for r in attempt.requests]
    ends = [r.end_ns for r in attempt.requests]
    if attempt.load is not None:
        starts.append(attempt.load.start_ns)
        ends.append(attempt.load.end_ns)
    return (min(starts), max(ends)) if starts else None


def _shape(attempt: AttemptTrace) -> bytes | None:
    """All times of tokens or inferences of an attempt against its first; None for too few."""
    parts = [r.tokens.t_ns for r in attempt.requests if len(r.tokens)]
    parts += [r.inferences.end_ns for r in attempt.requests if r.inferences is not None]
    if sum(map(len, parts)) < MIN_COPIED_TOKENS:
        return None
    return np.diff(np.concatenate(parts)).tobytes()


RULES = (
    Rule(
        "verdict-valid",
        Txt("测量结论为有效。", "The verdict of the run is valid."),
        verdict_valid,
    ),
    Rule(
        "attempts-numbered",
        Txt("测量次序号从 1 起连续。", "Attempts are numbered from 1 without a hole."),
        attempts_numbered,
    ),
    Rule(
        "attempts-declared",
        Txt("结束的测量次数不超过计划次数。", "No more attempts have ended than were planned."),
        attempts_declared,
    ),
    Rule(
        "attempts-apart",
        Txt("各次测量依次进行，互不重叠。", "Attempts follow one another and do not overlap."),
        attempts_apart,
    ),
    Rule(
        "attempts-distinct",
        Txt("没有两次测量是同一次的复制。", "No attempt is a copy of another."),
        attempts_distinct,
    ),
    Rule(
        "streams-whole",
        Txt(
            "每个数据流完整，与写入时一致。",
            "Every stream is whole and as its writer wrote it.",
        ),
        streams_whole,
    ),
    Rule(
        "pairs-drawn",
        Txt(
            "各次测量有无采样与计划及种子一致。",
            "Attempts are with or without sampling as the plan and its seed say.",
        ),
        pairs_drawn,
    ),
)
