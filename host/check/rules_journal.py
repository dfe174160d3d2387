"""Rules over the host's journal: the attempts that are there are those that the host ran."""

from __future__ import annotations

from collections.abc import Iterator

from host.check.rule import Breach, Rule, attempt_file, breach
from host.handover.case import Case
from host.handover.facts import Journalled
from host.handover.text import Txt
from host.handover.trace import AttemptTrace

JOURNAL = "data/journal.tsv"
# Damage that was found on reading makes an attempt void after the host noted its end.
# What only reading shows: the host noted what the agent said when the attempt ended.
READ_LATER = ("stream-damaged", "runner-output")


def attempts_journalled(case: Case) -> Iterator[Breach]:
    """What the host began is there once, with the status that the host noted."""
    journal = case.facts.journal
    begun = [line.number for line in journal if line.event == "attempt_start"]
    there = {a.number for a in case.run.attempts}
    ran = {a.number for a in case.run.attempts if a.requests}
    wrong = sorted({n for n in begun if n not in there or begun.count(n) > 1} | ran - set(begun))
    if wrong:
        named = ", ".join(map(str, wrong))
        yield breach(
            JOURNAL,
            f"日志中开始的测量次与文件夹中的不符：{named}。",
            f"The attempts that it begins are not those in the folder: {named}.",
        )
    ended = {line.number: line.status for line in journal if line.event == "attempt_end"}
    for a in case.run.attempts:
        noted = ended.get(a.number, a.status)
        if noted != a.status and not a.reason.startswith(READ_LATER):
            yield breach(
                attempt_file(a.number, "attempt.json"),
                f"状态为 {a.status}，而日志记为 {noted}。",
                f"It is {a.status}, and the host noted {noted}.",
            )


def attempts_within(case: Case) -> Iterator[Breach]:
    """On one clock, an attempt lies between the lines that begin and end it."""
    attempts = {a.number: a for a in case.run.attempts}
    for line in case.facts.journal:
        attempt = attempts.get(line.number)
        if attempt is not None and attempt.clock == line.clock and _outside(line, attempt):
            yield breach(
                attempt_file(line.number, "events.tsv"),
                f"有时间戳在日志的 {line.event} 之外。",
                f"It has stamps on the wrong side of {line.event} in the journal.",
            )


def _outside(line: Journalled, attempt: AttemptTrace) -> bool:
    if line.event == "attempt_start":
        return any(r.start_ns < line.t_ns for r in attempt.requests)
    return any(r.end_ns > line.t_ns for r in attempt.requests)


RULES = (
    Rule(
        "attempts-journalled",
        Txt(
            "测量次及其状态与主机日志一致。",
            "Attempts and their status are those of the host's journal.",
        ),
        attempts_journalled,
    ),
    Rule(
        "attempts-within",
        Txt(
            "各次测量在主机日志所记的起止之间。",
            "Attempts lie within what the host's journal says of them.",
        ),
        attempts_within,
    ),
)
