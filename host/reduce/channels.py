"""Which channels a run has, and the series of one of them in one attempt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from host.handover.result import ChannelBasis
from host.handover.trace import AttemptTrace, Series
from host.reduce.coverage import CoverageError

# Smallest value in coherent units. A negative power is a current that flows the other way or a
# driver with the other sign: no consumption can be told from it. 0 K is -273.15 Cel (SI brochure).
LEAST = {"power": 0.0, "memory": 0.0, "frequency": 0.0, "temperature": -273.15}
# Far beyond any quantity of a device in coherent units, far below where squares of doubles end.
MOST = 1e30


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

    Raises CoverageError when it is barred, when it is empty, with the reason of its first gap,
    when the source gave NaN or infinity, and when a reading lies below or far beyond what its
    quantity can be.
    """
    if series.barred:
        code, _, detail = series.barred.partition(": ")
        raise CoverageError(code, detail)
    if not np.isfinite(series.values).all():
        raise CoverageError("not-finite", f"{series.channel} gave what is no number")
    largest = float(np.abs(series.values).max(initial=0.0))
    if largest > MOST:
        raise CoverageError(
            "beyond-the-possible", f"{series.channel} gave {largest:g} {series.unit}"
        )
    least = LEAST.get(series.quantity)
    if least is not None and len(series.values) and float(series.values.min()) < least:
        raise CoverageError(
            "below-the-possible",
            f"{series.channel} gave {float(series.values.min()):g} {series.unit};"
            f" {series.quantity} is never below {least:g} here",
        )
    if len(series.values):
        return series
    why = series.gaps[0].reason if series.gaps else "it has no gap either"
    raise CoverageError("no-reading", f"{series.channel} gave none ({why})")


def of_channel(
    series: Series, indication: float, edge: float = 0.0, rule: float = 0.0
) -> ChannelBasis:
    """What a value took from a channel; indication: the mean one behind it, in its unit.

    edge, rule: half-widths in the unit of the value; 0 where nothing was integrated.
    """
    return ChannelBasis(
        unit=series.unit,
        quantity=series.quantity,
        kind=series.kind,
        resolution=series.resolution,
        edge=edge,
        rule=rule,
        indication=indication,
        step=0.0,
        bracket_s=0.0,
        lag_s=0.0,
    )


def named(found: Sequence[Series], word: str) -> tuple[Series, ...]:
    """Those whose channel name holds a word."""
    return tuple(s for s in found if word in s.channel)
