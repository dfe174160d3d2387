"""Requests in their order, gone through again until a load has lasted as long as it shall."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, cycle

from agent.order import MAX_REQUESTS, Request


def in_turn(
    requests: Sequence[Request], lasting_s: float | None, now_ns: Callable[[], int]
) -> Iterator[tuple[int, Request]]:
    """Each with its number.

    lasting_s: the scored ones are all done, and done again, one by one, until so long after the
    first of them began; None: each once. A request is never cut off.
    """
    began_ns = None
    for number, request in enumerate(requests):
        if began_ns is None and not request.warmup:
            began_ns = now_ns()
        yield number, request
    scored = [request for request in requests if not request.warmup]
    if lasting_s is None or began_ns is None:
        return
    until_ns = began_ns + round(lasting_s * 1e9)
    for number, request in zip(count(len(requests)), cycle(scored), strict=False):
        if now_ns() >= until_ns or number >= MAX_REQUESTS:
            return
        yield number, request
