"""Times of single requests, in s. Symbols as in host/handover/measurands.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host.handover.result import Basis
from host.handover.trace import AttemptTrace, FloatArray, RequestTrace
from host.reduce.basis import mean
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate

NS = 1e-9


def need_tokens(request: RequestTrace, least: int) -> None:
    """Raises CoverageError when the request has fewer output tokens than `least`."""
    if len(request.tokens) < least:
        raise CoverageError(
            "too-few-tokens",
            f"request {request.number} has {len(request.tokens)} output tokens, {least} needed",
        )


def need_first(request: RequestTrace) -> None:
    """Raises CoverageError where no first token can be told from the others.

    A reply that comes whole has one time for all its tokens (elizaOS/eliza#11912).
    """
    need_tokens(request, 1)
    if len(request.tokens) == 1 and request.tokens.made > 1:
        raise CoverageError(
            "one-chunk",
            f"the {request.tokens.made} tokens of request {request.number} came at one time",
        )


def need_steps(request: RequestTrace) -> int:
    """Decode steps that the entries after the first show, at least 1.

    Raises CoverageError where there are none, or the server did not say how many.
    """
    need_first(request)
    need_tokens(request, 2)
    steps = request.tokens.steps
    if not steps:
        raise CoverageError(
            "chunk-counts-unknown",
            f"{request.tokens.made} tokens of request {request.number} came in"
            f" {len(request.tokens)} chunks, the server does not say how many in which",
        )
    return steps


def need_single(request: RequestTrace) -> None:
    """Raises CoverageError where tokens came several at once, so that each has no time."""
    need_first(request)
    if request.reply is not None and request.reply.stated.get("draft_n", 0.0) > 0:
        raise CoverageError(
            "speculative",
            f"request {request.number} has drafted tokens, which are accepted several at once",
        )
    if not request.tokens.single:
        raise CoverageError(
            "tokens-in-chunks",
            f"{request.tokens.made} tokens of request {request.number} came in"
            f" {len(request.tokens)} chunks",
        )


def need_computed(request: RequestTrace) -> int:
    """Prompt tokens that were computed.

    Raises CoverageError where a server may have taken some from its cache and does not say so.
    """
    if request.reply is not None and not request.reply.kept_known:
        raise CoverageError(
            "prefix-not-stated",
            f"the server does not say how much of request {request.number} was in its cache",
        )
    return request.prompt_tokens


def need_sizes(request: RequestTrace) -> None:
    """Raises CoverageError where the engine showed when tokens came, and not which."""
    if not request.tokens.sized:
        raise CoverageError("tokens-unknown", "the engine shows no bytes of its tokens")


def need_requests(requests: Sequence[RequestTrace]) -> None:
    """Raises CoverageError when there is no scored request."""
    if not requests:
        raise CoverageError("no-scored-request", "the attempt ended before one")


def first_token_ns(request: RequestTrace) -> int:
    """t1: first token chosen, or first chunk with text of a server."""
    need_first(request)
    return int(request.tokens.t_ns[0])


def last_token_ns(request: RequestTrace) -> int:
    """tn: last token chosen."""
    need_tokens(request, 1)
    return int(request.tokens.t_ns[-1])


def time_to_first_token_s(request: RequestTrace) -> float:
    """From the scheduled arrival to the first token, t1 - t0: the queue before the call counts."""
    return (first_token_ns(request) - request.scheduled_ns) * NS


def request_latency_s(request: RequestTrace) -> float:
    """From the scheduled arrival to the last token, tn - t0."""
    return (last_token_ns(request) - request.scheduled_ns) * NS


def inter_token_intervals_s(request: RequestTrace) -> FloatArray:
    """The n - 1 intervals t(i) - t(i-1); empty for fewer than two tokens.

    Raises CoverageError where tokens came several at once.
    """
    if request.reply is not None:
        need_single(request)
    return np.diff(request.tokens.t_ns).astype(np.float64) * NS


def pooled_intervals_s(requests: Sequence[RequestTrace]) -> FloatArray:
    """All inter-token intervals of these requests, in time order."""
    parts = [inter_token_intervals_s(request) for request in requests]
    return np.concatenate([np.zeros(0), *parts])


def late_s(requests: Sequence[RequestTrace]) -> float:
    """How much the spans t1 to tn may be off, s, summed.

    A token is chosen after its logits were ready and before its stamp: each end of a span is
    late by at most that stretch.
    """
    return sum(max(_late_s(r, 0), _late_s(r, -1)) for r in requests if len(r.tokens))


def first_late_s(requests: Sequence[RequestTrace]) -> float:
    """How much later than the choice of the first token its stamp may be, s, summed."""
    return sum(_late_s(r, 0) for r in requests)


def last_late_s(requests: Sequence[RequestTrace]) -> float:
    """How much later than the choice of the last token its stamp may be, s, summed."""
    return sum(_late_s(r, -1) for r in requests)


def longest_late_s(requests: Sequence[RequestTrace]) -> float:
    """The longest stretch from logits ready to a token's stamp, s."""
    late = [r.tokens.t_ns - r.tokens.ready_ns for r in requests if len(r.tokens)]
    far = [(r.reply.late_ns or 0) for r in requests if r.reply is not None]
    return max((*(max(0, int(each.max())) for each in late), *far), default=0) * NS


def _late_s(request: RequestTrace, index: int) -> float:
    tokens, reply = request.tokens, request.reply
    if reply is not None:  # its chunks are late by what its first one is, as far as is known
        return (reply.late_ns or 0) * NS
    return max(0, int(tokens.t_ns[index]) - int(tokens.ready_ns[index])) * NS


def stamped(requests: Sequence[RequestTrace]) -> bool:
    """Whether it is known how late the stamps are; of a server only where it states its times."""
    return all(r.reply is None or r.reply.late_ns is not None for r in requests)


def _times(requests: Sequence[RequestTrace], times_s: Sequence[float], late: float) -> Estimate:
    """The mean of one time a request."""
    count = len(requests)
    basis = Basis(sum(times_s), count, count, late, late_known=stamped(requests))
    return Estimate(mean(times_s), None, count, basis)


def load_time(attempt: AttemptTrace) -> Estimate:
    """Length of the model load."""
    if attempt.load is None:
        raise CoverageError("load-not-recorded", "no load_start and load_end pair")
    length_s = attempt.load.seconds
    return Estimate(length_s, count=1, basis=Basis(length_s, 1, 1, attempt.load_late_ns * NS))


def mean_time_to_first_token(requests: Sequence[RequestTrace]) -> Estimate:
    """Mean of t1 - t0 over requests."""
    need_requests(requests)
    times_s = [time_to_first_token_s(r) for r in requests]
    return _times(requests, times_s, first_late_s(requests))


def mean_request_latency(requests: Sequence[RequestTrace]) -> Estimate:
    """Mean of tn - t0 over requests."""
    need_requests(requests)
    times_s = [request_latency_s(r) for r in requests]
    return _times(requests, times_s, last_late_s(requests))
