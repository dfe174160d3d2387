"""Which requests may overlap: those of different streams in one step of load, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from host.handover.trace import AttemptTrace, RequestTrace, StatedRun


def stream_of(r: RequestTrace | StatedRun) -> tuple[int, int]:
    """How many streams at once, and which; processes of a runner follow one another."""
    return (0, 0) if isinstance(r, StatedRun) else (r.streams, r.stream)


def early_starts(attempt: AttemptTrace) -> Iterator[tuple[RequestTrace, int]]:
    """Requests that began before they might, and how much, in ns.

    They follow the load, then one another: in their stream where some run at once, and the next
    step of load follows all of this one. Requests are numbered stream by stream.
    """
    after_ns = attempt.load.end_ns if attempt.load is not None else None
    for _, step in groupby(attempt.requests, key=lambda r: stream_of(r)[0]):
        members = list(step)
        for _, stream in groupby(members, key=stream_of):
            until_ns = after_ns
            for r in stream:
                if until_ns is not None and r.start_ns < until_ns:
                    yield r, until_ns - r.start_ns
                until_ns = r.end_ns
        after_ns = max(r.end_ns for r in members)
