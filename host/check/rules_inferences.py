"""Rules over the inferences of plain graphs: as many as planned, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from host.check.rule import Breach, Rule, attempt_file, breach
from host.handover.case import Case
from host.handover.text import Txt
from host.handover.trace import InferenceTrace, RequestTrace

INFERENCES = "inferences.tsv"
Seen = tuple[str, str] | None


def inferences_counted(case: Case) -> Iterator[Breach]:
    """As many inferences as the agent stated and the plan asks for."""
    plan = case.facts.plan.plan.inference
    wanted = plan.count if plan else 0

    def counted(_: RequestTrace, trace: InferenceTrace) -> Seen:
        made = len(trace)
        if made == trace.stated == wanted:
            return None
        return (
            f"有 {made} 次推理，代理声明 {trace.stated}，计划 {wanted}",
            f"has {made} inferences, the agent stated {trace.stated} and {wanted} are planned",
        )

    return _each(case, counted)


def inferences_ordered(case: Case) -> Iterator[Breach]:
    """Each ends after it started, starts when the one before has ended, within its request."""
    return _each(case, _ordered)


def _ordered(r: RequestTrace, trace: InferenceTrace) -> Seen:
    start, end = trace.start_ns, trace.end_ns
    if np.any(end <= start) or np.any(start[1:] < end[:-1]):
        return "推理的起止时间不依次递增", "has inferences that do not follow one another"
    if np.any(start < r.tokenized_ns) or np.any(end > r.end_ns):
        return "推理在输入就绪前或请求结束后", "has inferences outside of its own time"
    return None


def _each(case: Case, look: Callable[[RequestTrace, InferenceTrace], Seen]) -> Iterator[Breach]:
    """One breach for the first request of an attempt that is not as it must be."""
    for attempt in case.run.valid():
        for r in attempt.requests:
            found = look(r, r.inferences) if r.inferences is not None else None
            if found is not None:
                zh, en = found
                file = attempt_file(attempt.number, INFERENCES)
                yield breach(file, f"请求 {r.number} {zh}。", f"Request {r.number} {en}.")
                break


RULES = (
    Rule(
        "inferences-counted",
        Txt(
            "推理次数与代理声明、计划一致。",
            "Inferences are as many as the agent stated and the plan asked for.",
        ),
        inferences_counted,
    ),
    Rule(
        "inferences-ordered",
        Txt(
            "推理依次进行，并在其请求之内。",
            "Inferences follow one another, within their request.",
        ),
        inferences_ordered,
    ),
)
