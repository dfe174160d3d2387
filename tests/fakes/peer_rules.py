"""How other tools get the energy of a window from readings, for comparison with ours.

Written from what `shared` reference peers says of them (2.1, 2.3, 2.4, 2.9). For a meter of 1 s
averages they give its table 4.1 within 0.3 %, but for the clipped trapezoid, whose ends are not
described there (ours loses 16.6 % of 3 s where the table has 18.9 %). How Zeus cuts its polled
readings is our reading of it. All take readings (t_s, W) and a window in s and give J.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from host.handover.trace import FloatArray
from tests.fakes.energy_loads import Seen

Rule = Callable[[FloatArray, FloatArray, float, float], float]


def clipped_trapezoid(t_s: FloatArray, watts: FloatArray, start: float, end: float) -> float:
    """MLPerf Client: trapezoid, its ends cut by straight lines between readings."""
    inside = (t_s > start) & (t_s < end)
    times = np.concatenate(([start], t_s[inside], [end]))
    ends = np.interp([start, end], t_s, watts)
    return float(np.trapezoid(np.concatenate((ends[:1], watts[inside], ends[1:])), times))


def mean_inside(t_s: FloatArray, watts: FloatArray, start: float, end: float) -> float:
    """power-dev: mean of the readings in the window times its length."""
    inside = (t_s >= start) & (t_s <= end)
    return float(watts[inside].mean()) * (end - start) if inside.any() else 0.0


def strictly_inside(t_s: FloatArray, watts: FloatArray, start: float, end: float) -> float:
    """MELT: rectangles between the readings strictly inside."""
    inside = (t_s > start) & (t_s < end)
    return float(np.dot(watts[inside][1:], np.diff(t_s[inside])))


def overlap_weighted(t_s: FloatArray, watts: FloatArray, start: float, end: float) -> float:
    """Each reading held back to the one before, weighted by how much of that is inside."""
    overlap = np.minimum(t_s[1:], end) - np.maximum(t_s[:-1], start)
    return float(np.dot(watts[1:], np.clip(overlap, 0, None)))


def zeus_polling(t_s: FloatArray, watts: FloatArray, start: float, end: float) -> float:
    """Zeus without a counter: trapezoid over the polled readings in the window."""
    inside = (t_s >= start) & (t_s <= end)
    return float(np.trapezoid(watts[inside], t_s[inside]))


def zeus_counter(t_s: FloatArray, joules: FloatArray, start: float, end: float) -> float:
    """Zeus with a counter: what it shows at the end less what it shows at the start."""
    last = np.searchsorted(t_s, (start, end), side="right") - 1
    return float(joules[last[1]] - joules[last[0]])


RULES: dict[str, Rule] = {
    "clipped": clipped_trapezoid,
    "mean": mean_inside,
    "strict": strictly_inside,
    "overlap": overlap_weighted,
    "zeus": zeus_polling,
}


def by_peers(found: Seen, start: float, end: float) -> dict[str, float]:
    """J by every rule. Of a counter: its growth between readings as power, and Zeus's own."""
    if found.kind != "counter":
        return {name: rule(found.t_s, found.values, start, end) for name, rule in RULES.items()}
    watts = np.diff(found.values) / np.diff(found.t_s)
    made = {name: rule(found.t_s[1:], watts, start, end) for name, rule in RULES.items()}
    return made | {"zeus": zeus_counter(found.t_s, found.values, start, end)}
