"""Rates over requests: ratios of sums, so that every token weighs the same."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.result import Basis
from host.handover.trace import RequestTrace
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate
from host.reduce.latency import (
    NS,
    first_token_ns,
    last_token_ns,
    late_s,
    need_computed,
    need_first,
    need_requests,
    need_sizes,
    need_steps,
    stamped,
)


def decode_time_ns(request: RequestTrace) -> int:
    """Time of the n - 1 decode steps, tn - t1."""
    return last_token_ns(request) - first_token_ns(request)


def prefill_rate(requests: Sequence[RequestTrace]) -> Estimate:
    """sum(m) / sum(Tp), token/s; of a server Tp lasts from the request to its first chunk."""
    need_requests(requests)
    for request in requests:
        need_first(request)
    tokens = sum(need_computed(r) for r in requests)
    time_ns = sum(r.prefill.end_ns - r.prefill.start_ns for r in requests)
    return _rate(tokens, time_ns, requests, _ready_late_s(requests))


def decode_rate(requests: Sequence[RequestTrace]) -> Estimate:
    """sum(n - 1) / sum(tn - t1), token/s; the first token belongs to the prefill."""
    need_requests(requests)
    return _decoded(sum(need_steps(r) for r in requests), requests)


def output_byte_rate(requests: Sequence[RequestTrace]) -> Estimate:
    """Bytes of tokens 2..n over the time they took, By/s."""
    need_requests(requests)
    for request in requests:
        need_steps(request)
        need_sizes(request)
    size_bytes = sum(int(r.tokens.size_bytes[1:].sum()) for r in requests)
    return _decoded(size_bytes, requests)


def _decoded(amount: int, requests: Sequence[RequestTrace]) -> Estimate:
    time_ns = sum(decode_time_ns(r) for r in requests)
    return _rate(amount, time_ns, requests, late_s(requests))


def _ready_late_s(requests: Sequence[RequestTrace]) -> float:
    """What lies between the end of the prefill call and the logits, s, summed; often one stamp."""
    return sum(
        abs(int(r.tokens.ready_ns[0]) - r.prefill.end_ns) * NS
        if r.reply is None
        else (r.reply.late_ns or 0) * NS
        for r in requests
        if len(r.tokens)
    )


def _rate(amount: int, time_ns: int, requests: Sequence[RequestTrace], late: float) -> Estimate:
    """An amount over a time. A time of 0 gives no rate: the stamps do not resolve it."""
    if time_ns <= 0:
        raise CoverageError("not-resolvable", "the stamps show no time between start and stop")
    known = stamped(requests)
    basis = Basis(time_ns * NS, len(requests), amount, late, late_known=known)
    return Estimate(amount / (time_ns * NS), count=amount, basis=basis)
