"""From values an attempt to results: mean, spread, quantiles, intervals."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

from host.evaluate.budget_of import budget_of
from host.evaluate.quantile import order_interval, quantile
from host.evaluate.student import student_t
from host.evaluate.terms import Measured
from host.handover.conditions import Conditions
from host.handover.result import Observation, Reduced, Result, Results

QUANTILES = {"median": 0.5, "p95": 0.95, "p99": 0.99}


def evaluate(reduced: Reduced, conditions: Conditions) -> Results:
    """Give every observation its value, its interval and its budget; the order stays.

    Conventions of other tools get no budget: they are reproduced, not measured by us.
    """
    return Results(
        tuple(_budgeted(observation, conditions) for observation in reduced.results),
        tuple(_result(observation) for observation in reduced.conventions),
    )


def _budgeted(seen: Observation, conditions: Conditions) -> Result:
    found = _result(seen)
    if found.value is None or seen.basis is None:
        return found
    measured = Measured(seen, found.value, found.spread, seen.basis, conditions)
    return replace(found, budget=budget_of(measured))


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
