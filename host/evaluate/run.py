"""From values an attempt to results: mean, spread, quantiles, intervals."""

from __future__ import annotations

from math import fsum

from host.evaluate.quantile import order_interval, quantile
from host.evaluate.student import student_t
from host.handover.result import Observation, Reduced, Result, Results

QUANTILES = {"median": 0.5, "p95": 0.95, "p99": 0.99}


def evaluate(reduced: Reduced) -> Results:
    """Give every observation its value and its interval; the order stays."""
    return Results(
        tuple(_result(observation) for observation in reduced.results),
        tuple(_result(observation) for observation in reduced.conventions),
    )


def _result(seen: Observation) -> Result:
    if seen.statistic in QUANTILES:
        return _quantile(seen)
    values = [value for _, value in seen.by_attempt]
    return Result(
        measurand=seen.measurand,
        statistic=seen.statistic,
        scope=seen.scope,
        unit=seen.unit,
        value=fsum(values) / len(values) if values else None,
        spread=student_t(values) if values else None,
        interval=None,
        by_attempt=seen.by_attempt,
        source=seen.source,
        tier=seen.tier,
        rule=seen.rule,
        missing=seen.missing,
        count=seen.count,
        bounds=seen.bounds,
    )


def _quantile(seen: Observation) -> Result:
    """A quantile of pooled single values: no mean over attempts, no U, an interval by ranks."""
    share = QUANTILES[seen.statistic]
    ordered = sorted(value for _, values in seen.samples for value in values)
    return Result(
        measurand=seen.measurand,
        statistic=seen.statistic,
        scope=seen.scope,
        unit=seen.unit,
        value=quantile(ordered, share) if ordered else None,
        spread=None,
        interval=order_interval(ordered, share) if ordered else None,
        by_attempt=tuple(
            (number, quantile(sorted(values), share)) for number, values in seen.samples if values
        ),
        source=seen.source,
        tier=seen.tier,
        rule=seen.rule,
        missing=seen.missing,
        count=seen.count,
        bounds=seen.bounds,
    )
