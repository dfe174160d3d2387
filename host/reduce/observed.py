"""What momentary readings saw of a phase: parts without one, and how they scatter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from host.handover.trace import AttemptTrace, FloatArray, IntArray, Window
from host.reduce.coverage import CoverageError
from host.reduce.integral import MAX_UNOBSERVED_RATIO
from host.reduce.phases import DECODE, PREFILL, windows

About = Callable[[IntArray, FloatArray], FloatArray]

# As many means of readings in a row stand for more of them: their correlation is kept, and the
# mean and its uncertainty do not change. Our choice: beyond it nothing is gained.
MOST_MEANS = 256
# Readings in a token from which trapezoids follow its ripple: two would be enough for a sine of
# just that period (Nyquist), and steps need more.
PER_TOKEN = 4
LEAST = 2  # values from which a scatter can be taken
# A straight line has two parameters; with fewer readings nothing is left that could scatter.
LINE = 2


def need_seen(t_ns: IntArray, attempt: AttemptTrace, found: Sequence[Window]) -> None:
    """Refuse windows in which no reading at all fell on prefill, or none on decode.

    Between two momentary readings power is only known where it has no part of its own there. A
    source of one reading a second can miss the only prefill: nothing then tells its power.
    """
    for phase in (PREFILL, DECODE):
        parts = _inside(_windows(attempt, phase), found)
        length_s = sum(w.seconds for w in parts)
        whole_s = sum(w.seconds for w in found)
        if length_s > MAX_UNOBSERVED_RATIO * whole_s and not any(_count(t_ns, w) for w in parts):
            raise CoverageError(
                "unobserved",
                f"no reading fell on {phase}, which lasts {length_s:.3g} s of {whole_s:.3g} s",
            )


def _windows(attempt: AttemptTrace, phase: str) -> tuple[Window, ...]:
    try:
        return windows(attempt, phase)
    except CoverageError:
        return ()


def _inside(parts: Sequence[Window], found: Sequence[Window]) -> list[Window]:
    cut = (
        Window(max(p.start_ns, w.start_ns), min(p.end_ns, w.end_ns)) for p in parts for w in found
    )
    return [w for w in cut if w.end_ns > w.start_ns]


def _count(t_ns: IntArray, window: Window) -> int:
    first, last = np.searchsorted(t_ns, (window.start_ns, window.end_ns))
    return int(last - first)


def follows_tokens(attempt: AttemptTrace, period_ns: int) -> bool:
    """Whether readings come so often that the ripple of the tokens is seen, and not sampled."""
    steps = [np.diff(r.tokens.t_ns) for r in attempt.scored() if len(r.tokens) > 1]
    if not steps:
        return False
    return float(np.median(np.concatenate(steps))) >= PER_TOKEN * period_ns


def scatter(
    t_ns: IntArray, values: FloatArray, parts: Sequence[tuple[int, int]], about: About
) -> tuple[float, ...]:
    """How readings scatter about what was expected of them, in their unit; 256 at most.

    parts: places of the readings of each stretch between two events. More of them are put
    together so that their mean has the same standard uncertainty. Empty where too few are left.
    """
    left = [about(t_ns[first:last], values[first:last]) for first, last in parts]
    kept = [each for each in left if len(each)]
    if sum(len(each) for each in kept) < LEAST:
        return ()
    return tuple(_few(np.concatenate(kept), thin=about is about_neighbours).tolist())


def _few(left: FloatArray, *, thin: bool) -> FloatArray:
    """At most 256 values whose mean has the same standard uncertainty.

    Means of readings in a row keep their correlation. Differences of neighbours cancel in them:
    of those every so many stands for all, made smaller by the root of how many.
    """
    size = -(-len(left) // MOST_MEANS)
    whole = left[: len(left) // size * size].reshape(-1, size)
    found = whole[:, 0] / np.sqrt(size) if thin else whole.mean(axis=1)
    return np.asarray(found, dtype=np.float64)


def stretches(
    t_ns: IntArray, found: Sequence[Window], events_ns: IntArray
) -> list[tuple[int, int]]:
    """Places of the readings between two events in a row, inside the windows."""
    made: list[tuple[int, int]] = []
    for window in found:
        within = events_ns[(events_ns > window.start_ns) & (events_ns < window.end_ns)]
        edges = np.concatenate(([window.start_ns], within, [window.end_ns]))
        made += pairwise(np.searchsorted(t_ns, edges).tolist())
    return made


def about_a_line(t_ns: IntArray, values: FloatArray) -> FloatArray:
    """About the straight line of least squares; made larger by what its parameters took.

    For readings that are too rare to follow the ripple: all of it is chance to them, but not
    the level of a phase, nor a slow drift.
    """
    if len(values) <= LINE:
        return values[:0]
    x = (t_ns - t_ns[0]).astype(np.float64)
    x -= x.mean()
    y = values - values.mean()
    left = y - x * (np.sum(x * y) / np.sum(x * x))  # np.dot adds in an order of each CPU
    return np.asarray(left * np.sqrt((len(y) - 1) / (len(y) - LINE)), dtype=np.float64)


def about_neighbours(t_ns: IntArray, values: FloatArray) -> FloatArray:
    """About the middle of both neighbours, over sqrt(1.5): that of independent ones is theirs.

    For readings that follow the ripple: trapezoids take it in, what they cannot is left.
    """
    del t_ns  # the schedule is even; both ways of looking at readings are asked alike
    middle = (values[:-2] + values[2:]) / 2
    return np.asarray((values[1:-1] - middle) / np.sqrt(1.5), dtype=np.float64)
