"""Attempts in pairs with and without the sampler: the ratio of their results.

The mean over pairs is the geometric one: the mean of ln(on / off). A rate and the time behind it
then have reciprocal ratios, on and off can be exchanged, and the ratio of a pair is free of what
drifts from pair to pair (a ratio of means is not). Its standard uncertainty is that of the mean
of the logarithms times the ratio (JCGM 100:2008, 4.2.3 and 5.1.2), with pairs - 1 degrees of
freedom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, fsum, log, sqrt

from host.handover.conditions import Perturbation, ratio_name
from host.handover.pairing import MIN_PAIRS
from host.handover.result import Observation
from host.handover.trace import AlignedRun, AttemptTrace, Series
from host.reduce.run import reduce_run

INTERVAL = "inter_token_interval@1"
MEAN = "mean"


@dataclass(frozen=True, slots=True)
class PairRatio:
    """on, off: attempt numbers; ratio: value of `on` over value of `off`."""

    pair: int
    on: int
    off: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Paired:
    """One quantity over all pairs. dropped: (pair, reason). ratio, u: None with a reason set.

    source: the channel of a meter beside the device, "" for what needs no readings.
    """

    measurand: str
    scope: str
    source: str
    pairs: tuple[PairRatio, ...]
    dropped: tuple[tuple[int, str], ...]
    ratio: float | None
    u: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnOffResult:
    """dropped: pairs that gave nothing at all, with their reason."""

    pairs: int
    dropped: tuple[tuple[int, str], ...]
    paired: tuple[Paired, ...]


def perturbation_of(run: AlignedRun, origin: str) -> Mapping[str, Perturbation]:
    """Ratios by `ratio_name` that have an uncertainty. origin: id of the run."""
    return {
        ratio_name(p.measurand, p.scope, p.source): Perturbation(
            p.ratio, p.u, float(len(p.pairs) - 1), len(p.pairs), origin
        )
        for p in on_off(run, 0).paired
        if p.ratio is not None and p.u is not None
    }


def on_off(run: AlignedRun, planned: int) -> OnOffResult:
    """All quantities that exist without the sampler, over the pairs of which both are valid.

    planned: pairs by the plan; those that never came to be are dropped with that reason.
    """
    pairs = _pairs(run)
    whole: dict[int, tuple[AttemptTrace, AttemptTrace]] = {}
    dropped = []
    for number in range(1, max([planned, *pairs], default=0) + 1):
        found = pairs.get(number, ())
        reason = _broken(found)
        if reason:
            dropped.append((number, reason))
        else:
            on, off = sorted(found, key=lambda attempt: not attempt.sampled)
            whole[number] = on, off
    numbers = {n: (on.number, off.number) for n, (on, off) in whole.items()}
    values = _values(run, [a for both in whole.values() for a in both])
    paired = tuple(_paired(name, by_attempt, numbers) for name, by_attempt in values.items())
    return OnOffResult(max([planned, *pairs], default=0), tuple(dropped), paired)


def _pairs(run: AlignedRun) -> dict[int, list[AttemptTrace]]:
    """Ended attempts by pair: one that was cut off was made up for by another."""
    found: dict[int, list[AttemptTrace]] = {}
    for attempt in run.attempts:
        if attempt.pair and attempt.status != "incomplete":
            found.setdefault(attempt.pair, []).append(attempt)
    return found


def _broken(found: Sequence[AttemptTrace]) -> str:
    """Why a pair cannot be used, "" when it can."""
    for attempt in found:
        if attempt.status != "valid":
            return f"attempt-{attempt.status}: attempt {attempt.number}, {attempt.reason}"
    if sorted(attempt.sampled for attempt in found) != [False, True]:
        return "pair-not-whole: it has not one attempt with and one without the sampler"
    return ""


def _values(
    run: AlignedRun, attempts: Sequence[AttemptTrace]
) -> dict[tuple[str, str, str], dict[int, float]]:
    """(measurand, scope, source) -> attempt number -> value, of what the sampler does not read.

    The reductions are those of any run, over traces with the series of meters beside the device
    alone. Of inter-token intervals the mean of an attempt is taken: its quantiles hold single
    values, which have no pairs.
    """
    bare = tuple(
        replace(a, series=tuple(filter(_is_outside, a.series)), costs=(), pair=0) for a in attempts
    )
    found: dict[tuple[str, str, str], dict[int, float]] = {}
    for seen in reduce_run(replace(run, attempts=bare)).results:
        if seen.source and (seen.statistic != MEAN or not _is_outside(seen)):
            continue
        values = dict(seen.by_attempt)
        if seen.measurand == INTERVAL:
            values = {number: fsum(each) / len(each) for number, each in seen.samples if each}
        if values:
            found.setdefault((seen.measurand, seen.scope, seen.source), values)
    return found


def _is_outside(of: Series | Observation) -> bool:
    """Whether a meter beside the device gave it: tiers A and A- (design, law 5)."""
    return of.tier.startswith("A")


def _paired(
    name: tuple[str, str, str], values: Mapping[int, float], numbers: Mapping[int, tuple[int, int]]
) -> Paired:
    made, dropped = [], []
    for pair, (on, off) in numbers.items():
        reason = "".join(_no_ratio(values, (on, off)))
        if reason:
            dropped.append((pair, reason))
        else:
            made.append(PairRatio(pair, on, off, values[on] / values[off]))
    if len(made) < MIN_PAIRS:
        reason = f"too-few-pairs: {len(made)} of at least {MIN_PAIRS}, so there is no spread"
        return Paired(*name, tuple(made), tuple(dropped), None, None, reason)
    ratio, u = geometric_mean([p.ratio for p in made])
    return Paired(*name, tuple(made), tuple(dropped), ratio, u)


def _no_ratio(values: Mapping[int, float], both: tuple[int, int]) -> Iterator[str]:
    """The first reason why two values have no ratio."""
    for number in both:
        if number not in values:
            yield f"not-measured: attempt {number} gave no value"
            return
        if values[number] <= 0:
            yield f"not-positive: attempt {number} gave {values[number]:g}"
            return


def geometric_mean(ratios: Sequence[float]) -> tuple[float, float]:
    """The geometric mean of two or more positive ratios, and its standard uncertainty."""
    logs = [log(ratio) for ratio in ratios]
    n, middle = len(logs), fsum(logs) / len(logs)
    s = sqrt(fsum((each - middle) ** 2 for each in logs) / (n - 1))
    return exp(middle), exp(middle) * s / sqrt(n)
