"""Rules over the requests of valid attempts: what was planned, in its order, in possible times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from host.artefacts.datasets.drawn import drawn
from host.check.rule import Breach, Rule, attempt_file, breach
from host.check.streams import early_starts, stream_of
from host.handover.case import Case
from host.handover.load_shape import shape_of
from host.handover.pairing import order_key
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, RequestTrace

EVENTS, TOKENS = "events.tsv", "tokens.tsv"


def requests_planned(case: Case) -> Iterator[Breach]:
    """Every item once, in the order that the seed draws; warm-ups before, as many as planned.

    A runner that shows no token has a process in the place of each request.
    """
    run = case.facts.plan.plan.run
    items = [r.item for r in case.facts.plan.requests]
    for attempt in case.run.valid():
        key = order_key(attempt.number, attempt.pair)
        expected = [
            (one.item, one.warmup, one.streams, one.stream)
            for one in drawn(items, run, case.facts.plan.plan.load, key)
        ]
        found = [(r.item, r.warmup, *stream_of(r)) for r in attempt.requests or attempt.stated]
        if shape_of(case.facts.plan.plan.load) == "sustained":  # gone through again and again
            scored = expected[run.warmups :]
            expected += [scored[i % len(scored)] for i in range(len(found) - len(expected))]
        if found != expected:
            place = next(
                (i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
                min(len(found), len(expected)),
            )
            yield breach(
                attempt_file(attempt.number, EVENTS),
                f"计划 {len(expected)} 个请求，实有 {len(found)} 个，从第 {place} 个起不同。",
                f"{len(expected)} requests are planned and {len(found)} are there; number {place}"
                " is the first that differs.",
            )


def request_steps(case: Case) -> Iterator[Breach]:
    """Scheduled, started, tokenized, prefilled and ended, in this order."""
    return _each(case, EVENTS, _steps)


def _steps(r: RequestTrace) -> tuple[str, str] | None:
    times = (r.scheduled_ns, r.start_ns, r.tokenized_ns, r.prefill.start_ns, r.prefill.end_ns)
    back = -min(later - earlier for earlier, later in pairwise((*times, r.end_ns)))
    if back <= 0:
        return None
    return f"事件时间倒退 {back} ns", f"has events that go back by {back} ns"


def requests_apart(case: Case) -> Iterator[Breach]:
    """A request starts when the one before in its stream has ended, the first after the load.

    Streams at once are one step of load, which starts when the step before has ended.
    """
    for attempt in case.run.valid():
        for r, early in early_starts(attempt):
            yield breach(
                attempt_file(attempt.number, EVENTS),
                f"请求 {r.number} 在前一步结束前 {early} ns 开始。",
                f"Request {r.number} starts {early} ns before the end of what came before.",
            )


def tokens_ordered(case: Case) -> Iterator[Breach]:
    """Token times rise; each is ready before it is chosen, after the prefill, before the end."""
    return _each(case, TOKENS, _ordered)


def _ordered(r: RequestTrace) -> tuple[str, str] | None:
    t, ready = r.tokens.t_ns, r.tokens.ready_ns
    if np.any(np.diff(t) <= 0):
        return "词元时间没有严格递增", "has token times that do not rise"
    if np.any(ready > t) or np.any(ready[1:] < t[:-1]):
        return (
            "词元就绪时间不在前一词元之后、选定之前",
            "has tokens that are not ready between the token before and their own choice",
        )
    if np.any(ready < r.prefill.end_ns) or np.any(t > r.end_ns):
        return "词元在预填充结束前或请求结束后", "has tokens outside of its own decoding"
    return None


def tokens_counted(case: Case) -> Iterator[Breach]:
    """As many tokens as the engine stated, and as the plan asked for."""
    exact = case.facts.plan.plan.run.stop == "length"

    def counted(r: RequestTrace) -> tuple[str, str] | None:
        n = r.tokens.made
        if n != r.stated_tokens:
            return f"有 {n} 个词元，引擎声明 {r.stated_tokens}", (
                f"has {n} tokens where the engine stated {r.stated_tokens}"
            )
        if n > r.requested_tokens or (exact and n < r.requested_tokens):
            return f"有 {n} 个词元，计划 {r.requested_tokens}", (
                f"has {n} tokens where the plan asks for {r.requested_tokens}"
            )
        return None

    return _each(case, TOKENS, counted)


def tokens_possible(case: Case) -> Iterator[Breach]:
    """Ids within the engine's vocabulary, where it said one; no negative size."""
    said = dict(case.facts.engine.get("model") or {}).get("n_vocab")
    limit = float(said) if isinstance(said, int) else np.inf

    def possible(r: RequestTrace) -> tuple[str, str] | None:
        ids = r.tokens.tokens
        if np.any(ids < 0) or np.any(ids >= limit):
            return "有不可能的词元编号", "has token ids that do not exist"
        if np.any(r.tokens.size_bytes < 0):
            return "有负的词元字节数", "has tokens of negative size"
        return None

    return _each(case, TOKENS, possible)


def _each(
    case: Case, file: str, look: Callable[[RequestTrace], tuple[str, str] | None]
) -> Iterator[Breach]:
    """One breach for the first request of an attempt that is not as it must be."""
    for attempt in case.run.valid():
        found = _first(attempt, look)
        if found is not None:
            number, (zh, en) = found
            yield breach(
                attempt_file(attempt.number, file),
                f"请求 {number} {zh}。",
                f"Request {number} {en}.",
            )


def _first(
    attempt: AttemptTrace, look: Callable[[RequestTrace], tuple[str, str] | None]
) -> tuple[int, tuple[str, str]] | None:
    for r in attempt.requests:
        found = look(r)
        if found is not None:
            return r.number, found
    return None


RULES = (
    Rule(
        "requests-planned",
        Txt(
            "每次测量按种子抽取的顺序执行全部题目，不多不少。",
            "Each attempt runs every item once, in the order that the seed draws.",
        ),
        requests_planned,
    ),
    Rule(
        "request-steps",
        Txt("请求的各步骤按时间先后。", "The steps of a request follow one another in time."),
        request_steps,
    ),
    Rule(
        "requests-apart",
        Txt("请求依次进行，在模型加载之后。", "Requests follow one another, after the load."),
        requests_apart,
    ),
    Rule(
        "tokens-ordered",
        Txt(
            "词元时间严格递增，并在其请求的解码时段内。",
            "Token times rise, within the decoding of their request.",
        ),
        tokens_ordered,
    ),
    Rule(
        "tokens-counted",
        Txt(
            "词元数与引擎声明、计划一致。",
            "Token counts are what the engine stated and the plan asked for.",
        ),
        tokens_counted,
    ),
    Rule(
        "tokens-possible",
        Txt("词元编号与字节数是可能的。", "Token ids and sizes are possible ones."),
        tokens_possible,
    ),
)
