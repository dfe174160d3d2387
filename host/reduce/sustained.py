"""How much of the first decode rate is left at the end of an attempt."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.result import Basis
from host.handover.trace import RequestTrace
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate
from host.reduce.latency import late_s, pooled_intervals_s


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
