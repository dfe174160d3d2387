"""Times of single requests, in s. Symbols as in host/handover/measurands.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host.handover.trace import AttemptTrace, FloatArray, RequestTrace
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, mean

NS = 1e-9


def need_tokens(request: RequestTrace, least: int) -> None:
    """Raises CoverageError when the request has fewer output tokens than `least`."""
    if len(request.tokens) < least:
        raise CoverageError(
            "too-few-tokens",
            f"request {request.number} has {len(request.tokens)} output tokens, {least} needed",
        )


def need_requests(requests: Sequence[RequestTrace]) -> None:
    """Raises CoverageError when there is no scored request."""
    if not requests:
        raise CoverageError("no-scored-request", "the attempt ended before one")


def first_token_ns(request: RequestTrace) -> int:
    """t1: first token chosen."""
    need_tokens(request, 1)
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
    """The n - 1 intervals t(i) - t(i-1); empty for fewer than two tokens."""
    return np.diff(request.tokens.t_ns).astype(np.float64) * NS


def pooled_intervals_s(requests: Sequence[RequestTrace]) -> FloatArray:
    """All inter-token intervals of these requests, in time order."""
    parts = [inter_token_intervals_s(request) for request in requests]
    return np.concatenate([np.zeros(0), *parts])


def load_time(attempt: AttemptTrace) -> Estimate:
    """Length of the model load."""
    if attempt.load is None:
        raise CoverageError("load-not-recorded", "no load_start and load_end pair")
    return Estimate(attempt.load.seconds, count=1)


def mean_time_to_first_token(requests: Sequence[RequestTrace]) -> Estimate:
    """Mean of t1 - t0 over requests."""
    need_requests(requests)
    return Estimate(mean([time_to_first_token_s(r) for r in requests]), count=len(requests))


def mean_request_latency(requests: Sequence[RequestTrace]) -> Estimate:
    """Mean of tn - t0 over requests."""
    need_requests(requests)
    return Estimate(mean([request_latency_s(r) for r in requests]), count=len(requests))
