"""Power that was read in step with the tokens: its ripple is not seen, and in no budget."""

from __future__ import annotations

import numpy as np

from host.handover.record import Warning_
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace, FloatArray, Series

# Fewer readings within tokens say nothing of how they lie.
LEAST = 20
# Length of the mean of the unit vectors of all phases: 1 where all readings hit one moment of a
# token, 0 where they lie evenly. Of 20 readings at random it is above 0.6 once in a thousand
# times (Rayleigh: exp(-n R^2)). Our choice.
MOST = 0.6


def in_step_warnings(run: AlignedRun) -> list[Warning_]:
    """One for every channel of momentary power; the attempt in which it is worst."""
    worst: dict[str, float] = {}
    for attempt in run.valid():
        for series in attempt.series:
            if (series.quantity, series.kind) == ("power", "instant"):
                found = in_step(attempt, series)
                worst[series.channel] = max(found, worst.get(series.channel, 0.0))
    return [_warning(channel, found) for channel, found in worst.items() if found > MOST]


def in_step(attempt: AttemptTrace, series: Series) -> float:
    """How much alike the moments of the readings within their tokens are, 0..1; 0 for too few."""
    phases = [_phases(r.tokens.t_ns, series.t_ns) for r in attempt.scored() if len(r.tokens) > 1]
    found = np.concatenate(phases) if phases else np.zeros(0)
    if len(found) < LEAST:
        return 0.0
    return float(abs(np.exp(2j * np.pi * found).mean()))


def _phases(
    tokens_ns: np.ndarray[tuple[int], np.dtype[np.int64]],
    readings_ns: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> FloatArray:
    """Where within its token each reading lies, 0..1."""
    inside = readings_ns[(readings_ns >= tokens_ns[0]) & (readings_ns < tokens_ns[-1])]
    after = np.searchsorted(tokens_ns, inside, side="right")
    start, end = tokens_ns[after - 1], tokens_ns[after]
    return np.asarray((inside - start) / (end - start), dtype=np.float64)


def _warning(channel: str, found: float) -> Warning_:
    text = Txt(
        f"{channel} 的读数与词元同步：每次都落在词元的同一时刻，词元内的功率起伏看不到，"
        "也不在不确定度内。",
        f"{channel} was read in step with the tokens: at one moment of each, so that the ripple"
        " within a token is not seen and is in no uncertainty.",
    )
    after = Txt("换一个采样频率再测。", "Measure again at another sampling rate.")
    return Warning_("in-step", text, f"{found:.2f}", f"{MOST:.2f}", after)
