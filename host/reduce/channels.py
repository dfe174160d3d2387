"""Which channels a run has, and the series of one of them in one attempt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from host.handover.trace import AttemptTrace, Series
from host.reduce.coverage import CoverageError


def channels_of(attempts: Iterable[AttemptTrace], quantity: str) -> tuple[Series, ...]:
    """One series of each channel of a quantity, in the order in which they first appear."""
    found: dict[str, Series] = {}
    for attempt in attempts:
        for series in attempt.series:
            if series.quantity == quantity:
                found.setdefault(series.channel, series)
    return tuple(found.values())


def series_of(attempt: AttemptTrace, like: Series) -> Series:
    """The series of the same channel in this attempt. Raises CoverageError when it has none."""
    for series in attempt.series:
        if series.channel == like.channel:
            return series
    raise CoverageError("channel-absent", f"{like.channel} is not in the attempt")


def with_readings(series: Series) -> Series:
    """The series itself, one with numbers in it.

    Raises CoverageError when it is empty, with the reason of its first gap, and when the source
    gave NaN or infinity.
    """
    if not np.isfinite(series.values).all():
        raise CoverageError("not-finite", f"{series.channel} gave what is no number")
    if len(series.values):
        return series
    why = series.gaps[0].reason if series.gaps else "it has no gap either"
    raise CoverageError("no-reading", f"{series.channel} gave none ({why})")


def named(found: Sequence[Series], word: str) -> tuple[Series, ...]:
    """Those whose channel name holds a word."""
    return tuple(s for s in found if word in s.channel)
