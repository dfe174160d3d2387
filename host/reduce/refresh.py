"""How often a source truly has something new, and the cells that its averages are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host.handover.trace import FloatArray, IntArray, Series
from host.reduce.coverage import CoverageError

# Fewest changes of a power reading from which an update period is taken.
MIN_CHANGES = 4
# Of an hour at 1 kHz every 36th step tells the median as well, in a tenth of the time.
MOST_STEPS = 100_000
# Share of the stays of a value that counts as short: our choice, so that one late reading, which
# makes one stay short, does not decide, and a steady stretch does not either.
SHORT_SHARE = 0.1
NS_PER_S = 1_000_000_000


def spacing_ns(t_ns: IntArray, channel: str) -> int:
    """Median time between two readings, ns. Raises CoverageError for fewer than two."""
    if len(t_ns) < 2:  # noqa: PLR2004 - a spacing needs two
        raise CoverageError("no-reading", f"{channel} gave {len(t_ns)} readings")
    steps = np.diff(t_ns)
    return int(np.median(steps[:: 1 + len(steps) // MOST_STEPS]))


def shortest_stay_ns(series: Series) -> int | None:
    """The shortest stays of a value (lower decile), ns; None where it changed too seldom to tell.

    A source that has something new only now and then cannot change faster than that, while one
    that is merely steady or coarse sometimes does.
    """
    changes = series.t_ns[1:][np.diff(series.values) != 0]
    if len(changes) < MIN_CHANGES:
        return None
    return int(np.quantile(np.diff(changes), SHORT_SHARE, method="higher"))


def update_period_ns(series: Series) -> int:
    """How often a source of momentary power truly has something new, ns.

    The reading period, where the source says itself that each reading is new: a value that repeats
    then is a power that did not change. Else no more often than values were seen to change at the
    soonest, or than the source states, whichever is shorter: it cannot change faster than it has
    something new, and both bound that from above. Where nothing is known, the reading period: a
    value that never or hardly moves says nothing of updates.
    """
    period_ns = spacing_ns(series.t_ns, series.channel)
    if series.each_new:
        return period_ns
    stated_ns = None if series.refresh_s is None else round(series.refresh_s * NS_PER_S)
    known = [ns for ns in (shortest_stay_ns(series), stated_ns) if ns is not None]
    return max(period_ns, min(known, default=period_ns))


def stale_s(series: Series) -> float | None:
    """How much longer than the reading period a value stays, s; None where nothing tells."""
    if series.each_new:
        return 0.0
    stay_ns = shortest_stay_ns(series)
    if stay_ns is None:
        return None
    return max(0, stay_ns - spacing_ns(series.t_ns, series.channel)) / NS_PER_S


def soonest_s(parts: Sequence[Series]) -> float | None:
    """The shortest of what the attempts of a run tell of how long a value stays, s.

    In one attempt the load may stand still where in another it moved. None where nothing tells.
    """
    stays = [ns / NS_PER_S for one in parts if (ns := shortest_stay_ns(one)) is not None]
    stated = [one.refresh_s for one in parts if one.refresh_s is not None]
    return min([*stays, *stated], default=None)


def averages_of(series: Series, stay_ns: int, period_ns: int) -> tuple[IntArray, FloatArray]:
    """Ends and values of the averages of a source that is read more often than it has new ones.

    A value that shows for stay_ns is read several times, each period_ns. Its average ended when
    it was first there: between that reading and the one before, in the middle of both. A value
    that stays longer was the next average as well. The first moment only begins a cell.
    """
    t_ns, values = series.t_ns, series.values
    fresh = np.flatnonzero(np.diff(values) != 0) + 1
    ends = np.concatenate(([t_ns[0]], t_ns[fresh] - period_ns // 2, [t_ns[-1]]))
    shown = np.concatenate(([values[0]], values[fresh], [values[-1]]))
    # At most one cell a reading, whatever the stamps claim.
    read = np.diff(np.concatenate(([0], fresh, [len(t_ns) - 1])))
    times, found = [ends[:1]], [shown[:1]]
    for at in range(1, len(ends)):
        many = min(round(int(ends[at] - ends[at - 1]) / stay_ns), int(read[at - 1]))
        many = max(1, many)
        # Whole numbers of ns from the first end on: doubles cannot hold the ns of a long uptime.
        parts = (int(ends[at] - ends[at - 1]) * np.arange(1, many + 1, dtype=np.int64)) // many
        times.append(ends[at - 1] + parts)
        found.append(np.append(np.full(many - 1, shown[at - 1]), shown[at]))
    return np.concatenate(times), np.concatenate(found)
