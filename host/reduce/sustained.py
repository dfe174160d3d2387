"""Decode rate at the start and the end of an attempt, and how much of the first is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from host.handover.result import Basis
from host.handover.trace import AttemptTrace, RequestTrace, Window
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate
from host.reduce.latency import late_s, pooled_intervals_s, stamped
from host.reduce.phases import windows
from host.reduce.throughput import decode_rate


def sustained_ratio(requests: Sequence[RequestTrace]) -> Estimate:
    """Rate over the last quarter of all inter-token intervals / rate over the first quarter.

    A quarter holds floor(N/4) intervals. Below 1: the device slowed down, or the later prompts
    were longer (the order of the items is in the plan).
    """
    intervals = pooled_intervals_s(requests)
    quarter = len(intervals) // 4
    if quarter == 0:
        raise CoverageError("too-few-tokens", f"{len(intervals)} intervals, 4 needed")
    first, last = float(intervals[:quarter].sum()), float(intervals[-quarter:].sum())
    if last <= 0:
        raise CoverageError("not-resolvable", "the stamps show no time in the last quarter")
    # Two times in a quotient: an error d of both moves it by (1/first + 1/last) * d at most. Each
    # time has spans in as many requests as its quarter reaches into.
    ends = _within(requests, quarter), _within(requests[::-1], quarter)
    basis = Basis(
        duration_s=first * last / (first + last) if first else 0.0,
        windows=max(len(end) for end in ends),
        amount=2 * quarter,
        late_s=max(late_s(end) for end in ends),
        late_known=stamped(requests),
    )
    return Estimate(first / last, count=2 * quarter, basis=basis)


def _within(requests: Sequence[RequestTrace], intervals: int) -> Sequence[RequestTrace]:
    """The requests from the start that so many inter-token intervals reach into."""
    found: list[RequestTrace] = []
    for request in requests:
        if intervals <= 0:
            break
        if len(request.tokens) > 1:
            found.append(request)
            intervals -= len(request.tokens) - 1
    return found


def decode_rate_in(attempt: AttemptTrace, phase: str) -> Estimate:
    """Decode rate over the token intervals that lie inside a phase (`burst`, `sustained`)."""
    (span,) = windows(attempt, phase)
    inside = [part for r in attempt.scored() if len((part := _part(r, span)).tokens) > 1]
    if not inside:
        raise CoverageError("too-few-tokens", f"no inter-token interval lies inside {phase}")
    return decode_rate(inside)


def _part(request: RequestTrace, span: Window) -> RequestTrace:
    """The request with the tokens that were chosen inside a span."""
    first, last = np.searchsorted(request.tokens.t_ns, (span.start_ns, span.end_ns + 1))
    kept = slice(int(first), int(last))
    tokens = request.tokens
    return replace(
        request,
        tokens=replace(
            tokens,
            t_ns=tokens.t_ns[kept],
            ready_ns=tokens.ready_ns[kept],
            tokens=tokens.tokens[kept],
            size_bytes=tokens.size_bytes[kept],
            counts=None if tokens.counts is None else tokens.counts[kept],
        ),
    )
