"""Steps of streams at once; and of servers alone: drafted tokens, what the server states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from host.handover import rules
from host.handover.measurands import MEASURANDS
from host.handover.result import Basis, Observation
from host.handover.served_figures import (
    ACCEPTED_LENGTH,
    DRAFT_ACCEPTANCE,
    STATED,
    STATED_DECODE,
    STATED_PREFILL,
    STEP,
    SYSTEM_RATE,
)
from host.handover.trace import AttemptTrace, RequestTrace
from host.reduce.basis import mean
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.intervals import interval_quantiles
from host.reduce.latency import NS, mean_time_to_first_token, need_requests
from host.reduce.power import power_results
from host.reduce.throughput import decode_rate, prefill_rate

OverRequests = Callable[[Sequence[RequestTrace]], Estimate]
# By the server's own names: llama-server states rates, Ollama counts and ns.
_STATED = {
    STATED_PREFILL: ("prompt_per_second", "prompt_eval_count", "prompt_eval_duration"),
    STATED_DECODE: ("predicted_per_second", "eval_count", "eval_duration"),
}
# Of a count of Ollama: tokens that its time is not of (its docs/api.md).
_CACHED_COUNT = {"prompt_eval_count": "prompt_eval_cached_count"}
_ENERGY = ("mean_power@1", "energy_per_token@1", "energy_per_token_above_idle@1")


def steps_of(attempts: Sequence[AttemptTrace]) -> tuple[int, ...]:
    """Numbers of streams at once, in the order played; none where requests came one by one."""
    found = [r.streams for a in attempts for r in a.scored() if r.streams]
    return tuple(dict.fromkeys(found))


def step_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Of every step: what one stream has of it, what all have together, and its energy.

    Of streams in one process the intervals between tokens too.
    """
    made: list[Observation] = []
    served = any(r.reply is not None for a in attempts for r in a.scored())
    rule = rules.CHUNKS if served else rules.BATCHED
    for streams in steps_of(attempts):
        parts = [_step(attempt, streams) for attempt in attempts]
        scope = f"{STEP}{streams}"
        for name, reduction in _STEP_RESULTS.items():
            subject = Subject(name, MEASURANDS[name].unit, scope, rule=rule)
            made.append(observe(subject, parts, _scored(reduction)))
        if not served:  # chunks of a server may hold several tokens, which have no intervals
            intervals = interval_quantiles(parts)
            made += [replace(found, scope=scope, rule=rule) for found in intervals]
        made += [
            replace(found, scope=scope)
            for found in power_results(parts)
            if found.measurand in _ENERGY and found.scope == "request"
        ]
    return made


def draft_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Drafted and accepted tokens, where a server states them."""
    if not any("draft_n" in _said(r) for a in attempts for r in a.scored()):
        return []
    return [
        observe(Subject(name, MEASURANDS[name].unit), attempts, _scored(reduction))
        for name, reduction in (
            (DRAFT_ACCEPTANCE, draft_acceptance),
            (ACCEPTED_LENGTH, accepted_length),
        )
    ]


def server_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Rates that a server states, where it does."""
    if not any(_said(r) for a in attempts for r in a.scored()):
        return []
    return [
        observe(Subject(each.id, each.unit), attempts, _stated(*_STATED[each.id]))
        for each in STATED
    ]


def system_rate(requests: Sequence[RequestTrace]) -> Estimate:
    """sum(n) / (last te - first t0), token/s."""
    need_requests(requests)
    start_ns = min(r.scheduled_ns for r in requests)
    time_ns = max(r.end_ns for r in requests) - start_ns
    if time_ns <= 0:
        raise CoverageError("not-resolvable", "the stamps show no time between start and stop")
    tokens = sum(r.tokens.made for r in requests)
    return Estimate(
        tokens / (time_ns * NS), count=tokens, basis=Basis(time_ns * NS, 1, tokens, 0.0)
    )


def draft_acceptance(requests: Sequence[RequestTrace]) -> Estimate:
    """Accepted over drafted tokens. Raises CoverageError where a reply does not state them."""
    drafted, accepted = _drafts(requests)
    if drafted <= 0:
        raise CoverageError("nothing-drafted", "no token was drafted")
    return Estimate(accepted / drafted, count=drafted, basis=Basis(0.0, 1, drafted, 0.0))


def accepted_length(requests: Sequence[RequestTrace]) -> Estimate:
    """Tokens after the first of each request over the steps that made them."""
    _, accepted = _drafts(requests)
    made = sum(r.tokens.made - 1 for r in requests)
    if made - accepted <= 0:
        raise CoverageError("no-steps", f"{accepted} of {made} tokens are said to be drafted")
    return Estimate(made / (made - accepted), count=made, basis=Basis(0.0, 1, made, 0.0))


_STEP_RESULTS: dict[str, OverRequests] = {
    "time_to_first_token@1": mean_time_to_first_token,
    "prefill_rate@1": prefill_rate,
    "decode_rate@1": decode_rate,
    SYSTEM_RATE: system_rate,
}


def _step(attempt: AttemptTrace, streams: int) -> AttemptTrace:
    """The attempt with the requests of one step alone."""
    kept = [r for r in attempt.scored() if r.streams == streams]
    return replace(attempt, requests=tuple(kept))


def _scored(reduction: OverRequests) -> Callable[[AttemptTrace], Estimate]:
    return lambda attempt: reduction(attempt.scored())


def _said(request: RequestTrace) -> dict[str, float]:
    return {} if request.reply is None else dict(request.reply.stated)


def _drafts(requests: Sequence[RequestTrace]) -> tuple[int, int]:
    """Drafted and accepted tokens; a reply that states none drafted none.

    Raises CoverageError for counts that cannot be.
    """
    need_requests(requests)
    drafted = sum(_said(r).get("draft_n", 0.0) for r in requests)
    accepted = sum(_said(r).get("draft_n_accepted", 0.0) for r in requests)
    if not 0 <= accepted <= drafted or drafted != int(drafted) or accepted != int(accepted):
        raise CoverageError("drafts-impossible", f"{accepted:g} of {drafted:g} are accepted")
    return int(drafted), int(accepted)


def _stated(rate: str, count: str, time_ns: str) -> Callable[[AttemptTrace], Estimate]:
    def of_one(request: RequestTrace) -> float:
        said = _said(request)
        if said.get(rate, 0.0) > 0:
            return said[rate]
        made = said.get(count, 0.0) - said.get(_CACHED_COUNT.get(count, ""), 0.0)
        if made > 0 and said.get(time_ns, 0.0) > 0:
            return made / (said[time_ns] * NS)
        raise CoverageError("not-stated", f"the reply of request {request.number} has no {rate}")

    def reduction(attempt: AttemptTrace) -> Estimate:
        scored = attempt.scored()
        need_requests(scored)
        return Estimate(mean([of_one(r) for r in scored]), count=len(scored))

    return reduction
