"""The windows of an attempt that results belong to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from host.handover.spans import BURST_S, LONG_S, SUSTAINED_S
from host.handover.trace import AttemptTrace, IntArray, RequestTrace, Window
from host.reduce.coverage import CoverageError

Windows = tuple[Window, ...]

LOAD, PREFILL, DECODE, REQUEST, IDLE = "load", "prefill", "decode", "request", "idle"
BURST, SUSTAINED = "burst", "sustained"


def windows(attempt: AttemptTrace, phase: str) -> Windows:
    """The windows of a phase, none of them empty. Raises CoverageError when there is none."""
    found = tuple(w for w in _FINDERS[phase](attempt) if w.end_ns > w.start_ns)
    if not found:
        raise CoverageError("phase-not-recorded", f"no {phase} window in the trace")
    for before, after in pairwise(found):
        if after.start_ns < before.end_ns:
            raise CoverageError("phases-overlap", f"two {phase} windows at {after.start_ns} ns")
    return found


def seconds(found: Windows) -> float:
    """Their length together."""
    return sum(w.end_ns - w.start_ns for w in found) * 1e-9


def events_of(attempt: AttemptTrace) -> IntArray:
    """Moments at which power may step, ascending: edges of the phases, warm-ups counted."""
    found = [w for w in (attempt.load, *_idle(attempt)) if w is not None]
    for request in attempt.requests:
        found += [Window(request.start_ns, request.end_ns), request.prefill, _decode(request)]
    edges = [moment for w in found for moment in (w.start_ns, w.end_ns)]
    return np.unique(np.array(edges, dtype=np.int64))


def whole(attempt: AttemptTrace) -> Window:
    """From the first request, warm-ups counted, to the end of the last scored one."""
    scored = attempt.scored()
    if not scored:
        raise CoverageError("no-scored-request", "the attempt ended before one")
    return Window(min(r.start_ns for r in attempt.requests), max(r.end_ns for r in scored))


def _decode(request: RequestTrace) -> Window:
    """t1 to tn; an empty window where there is no decode step."""
    if len(request.tokens) == 0:
        return Window(request.end_ns, request.end_ns)
    return Window(int(request.tokens.t_ns[0]), int(request.tokens.t_ns[-1]))


def _block(attempt: AttemptTrace) -> Windows:
    """One window over all scored requests: only two edges, and the loop's pauses belong to it."""
    scored = attempt.scored()
    if not scored:
        return ()
    return (Window(min(r.start_ns for r in scored), max(r.end_ns for r in scored)),)


def _idle(attempt: AttemptTrace) -> Windows:
    return tuple(w for w in (attempt.idle_before, attempt.idle_after) if w is not None)


def is_long(attempt: AttemptTrace) -> bool:
    """Whether burst and sustained can be told apart in it."""
    return seconds(_block(attempt)) >= LONG_S


def _burst(attempt: AttemptTrace) -> Windows:
    """The first of an attempt, until it throttles."""
    whole_of = _long(attempt)
    ends = [whole_of.start_ns + round(BURST_S * 1e9)]
    ends += [w.start_ns for w in attempt.throttled if w.start_ns > whole_of.start_ns]
    return (Window(whole_of.start_ns, min(ends)),)


def _sustained(attempt: AttemptTrace) -> Windows:
    """The last of an attempt."""
    whole_of = _long(attempt)
    return (Window(whole_of.end_ns - round(SUSTAINED_S * 1e9), whole_of.end_ns),)


def _long(attempt: AttemptTrace) -> Window:
    found = _block(attempt)
    if not is_long(attempt):
        raise CoverageError(
            "too-short", f"the scored requests last {seconds(found):.3g} s, {LONG_S:g} s needed"
        )
    return found[0]


_FINDERS: dict[str, Callable[[AttemptTrace], Windows]] = {
    LOAD: lambda a: () if a.load is None else (a.load,),
    PREFILL: lambda a: tuple(r.prefill for r in a.scored()),
    DECODE: lambda a: tuple(_decode(r) for r in a.scored()),
    REQUEST: _block,
    IDLE: _idle,
    BURST: _burst,
    SUSTAINED: _sustained,
}
