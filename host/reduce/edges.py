"""How an event cuts what a source gives: where in a cell its energy lies.

Power steps where a phase begins or ends, and the moment is known from the events. What is not
known of a cut cell is asked of its neighbours; the bounds of the rules do not rest on it.
"""

from __future__ import annotations

import numpy as np

from host.handover.trace import FloatArray, IntArray

# Cells on each side that are asked: one gives the power, what the next differs says how steady
# that side is. More would reach into other phases.
BESIDE = 2
# Below this share of the powers two errors are alike: doubles lose some units of 2.2e-16.
ALIKE_RATIO = 1e-9
SMALLEST = 1e-150  # below, quotients of doubles mean nothing; no power of a device is there


def energy_before(means: FloatArray, at: int, length_s: float, before_s: float) -> float:
    """Energy in a cell before a moment that cuts it, in (unit of the means) * s.

    means: mean power of each cell. at: the one that is cut, length_s long, before_s after its
    start. The energy of the whole cell is known. Three estimates: power before the moment as in
    the cell before; power after it as in the cell after; power the same in all of the cell. Each
    counts by the inverse square of the error it would have: half of what the two nearest cells
    of its side differ, or a quarter of the step between both sides (a step in the middle of the
    cell). Never less than nothing, never more than the cell holds; what lies before and after
    a moment adds up to it.
    """
    own, inside = float(means[at]), float(means[at]) * length_s
    left = _side(means[max(0, at - BESIDE) : at][::-1])
    right = _side(means[at + 1 : at + 1 + BESIDE])
    step = abs((right[0] if right else own) - (left[0] if left else own))
    found = [(own * before_s, step / 4)]
    if left:
        found.append((left[0] * before_s, left[1] / 2))
    if right:
        found.append((inside - right[0] * (length_s - before_s), right[1] / 2))
    scale = max(abs(own), step)
    if scale < SMALLEST:
        return own * before_s
    weights = [1 / ((error / scale) ** 2 + ALIKE_RATIO**2) for _, error in found]
    shares = zip(found, weights, strict=True)
    mixed = sum(value * weight for (value, _), weight in shares) / sum(weights)
    return min(max(mixed, min(0.0, inside)), max(0.0, inside))


def _side(cells: FloatArray) -> tuple[float, float] | None:
    """Power of the nearest cell of a side and how much the next one differs; None for fewer."""
    if len(cells) < BESIDE:
        return None
    return float(cells[0]), abs(float(cells[0]) - float(cells[1]))


def stepped(
    t_ns: IntArray, values: FloatArray, events_ns: IntArray
) -> tuple[IntArray, FloatArray]:
    """Momentary readings with power held up to the event that follows, and back to the one before.

    In a cell between two readings that events cut, power stays as at its start until the first
    of them, goes straight to that of its end until the last, and stays. events_ns: ascending.
    The value of each cell stays between that of its two readings.
    """
    after = np.searchsorted(t_ns, events_ns, side="left")
    inside = (after > 0) & (after < len(t_ns))
    inside[inside] &= t_ns[after[inside]] > events_ns[inside]
    cells, events = after[inside], events_ns[inside]
    if not len(cells):
        return t_ns, values
    firsts = np.flatnonzero(np.diff(cells, prepend=-1))
    lasts = np.append(firsts[1:], len(cells)) - 1
    cut, begin = cells[firsts], events[firsts]
    # 1 ns apart at least, for two readings of one stamp are refused everywhere else.
    end = np.maximum(events[lasts], begin + 1)
    room = end < t_ns[cut]
    cut, begin, end = cut[room], begin[room], end[room]
    places = np.repeat(cut, 2)
    moments = np.stack((begin, end), axis=1).ravel()
    held = np.stack((values[cut - 1], values[cut]), axis=1).ravel()
    return np.insert(t_ns, places, moments), np.insert(values, places, held)
