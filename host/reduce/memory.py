"""Peak memory, with the counter it was read from, and what the system had less of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from host.handover import rules
from host.handover.result import Basis, Observation
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, Series
from host.reduce.channels import channels_of, named, of_channel, series_of, with_readings
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe


def memory_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Peak memory of the engine process and of each device memory, and MemAvailable's drop."""
    found = channels_of(attempts, "memory")
    made = [_peak(like, rule, attempts) for like, rule in _peak_channels(found)]
    if not made:
        made = [_absent("peak_memory@1", "no channel gives VmHWM or resident memory")]
    drops = [_drop(like, attempts) for like in named(found, "memory.available")]
    return made + (drops or [_absent("memory_drop@1", "no channel gives MemAvailable")])


def peak(series: Series) -> Estimate:
    """The largest reading, By."""
    values = with_readings(series).values
    highest = float(values.max())
    basis = Basis(0.0, 1, len(values), 0.0, of_channel(series, highest))
    return Estimate(highest, count=len(values), basis=basis)


def drop(attempt: AttemptTrace, series: Series) -> Estimate:
    """Last reading before the load less the smallest one after it, By.

    Negative when other processes gave back more than the model took.
    """
    if attempt.load is None:
        raise CoverageError("load-not-recorded", "no load_start and load_end pair")
    values = with_readings(series).values
    before = int(np.searchsorted(series.t1_ns, attempt.load.start_ns, side="right"))
    if before == 0 or before == len(values):
        raise CoverageError("not-covered", f"{series.channel} has no reading on both sides")
    lowest = float(values[before:].min())
    start = float(values[before - 1])
    basis = Basis(0.0, 1, len(values), 0.0, of_channel(series, start))
    return Estimate(start - lowest, count=len(values), basis=basis)


def _peak_channels(found: Sequence[Series]) -> list[tuple[Series, Txt]]:
    """VmHWM where it is there, else resident memory; device memories always, by themselves."""
    process = [(s, rules.KERNEL_PEAK) for s in named(found, "process.") if s.kind == "peak"]
    if not process:
        process = [(s, rules.LARGEST_RESIDENT) for s in named(found, "process.rss")]
    return process + [(s, rules.LARGEST_IN_USE) for s in named(found, "memory_used")]


def _peak(like: Series, rule: Txt, attempts: Sequence[AttemptTrace]) -> Observation:
    return _observed("peak_memory@1", like, rule, attempts, lambda _, series: peak(series))


def _drop(like: Series, attempts: Sequence[AttemptTrace]) -> Observation:
    return _observed("memory_drop@1", like, rules.AVAILABLE_DROP, attempts, drop)


def _observed(
    measurand: str,
    like: Series,
    rule: Txt,
    attempts: Sequence[AttemptTrace],
    reduction: Callable[[AttemptTrace, Series], Estimate],
) -> Observation:
    subject = Subject(measurand, "By", source=like.channel, rule=rule)
    return observe(subject, attempts, partial(_reduce, reduction, like))


def _reduce(
    reduction: Callable[[AttemptTrace, Series], Estimate], like: Series, attempt: AttemptTrace
) -> Estimate:
    return reduction(attempt, series_of(attempt, like))


def _absent(measurand: str, why: str) -> Observation:
    return Observation(measurand, "mean", "", "By", (), missing=f"no-source: {why}")
