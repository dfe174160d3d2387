"""Results as the record's quantity objects, and the definitions they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from host.handover.conventions import CONVENTIONS
from host.handover.measurands import MEASURANDS
from host.handover.quantity import Definition, IntervalField, Quantity
from host.handover.result import Interval, Result
from host.record.statement import reported
from host.schema.canonical import decimal

INTERVAL_KIND = "order-statistics"
_DEFINED = {**MEASURANDS, **CONVENTIONS}


def quantity_of(result: Result) -> Quantity:
    """One result; numbers keep every digit, only `reported` is rounded.

    n: attempts behind a mean, single values behind a quantile.
    """
    spread = result.spread
    evaluated = spread is not None and spread.U is not None
    return Quantity(
        id=_id(result),
        measurand_id=result.measurand,
        name=_DEFINED[result.measurand].name,
        statistic=result.statistic,
        scope=result.scope,
        unit=result.unit,
        value=_decimal(result.value),
        uncertainty_status="type_a_only" if evaluated else "not_evaluated",
        n=len(result.by_attempt) if result.interval is None else result.count,
        u=_decimal(spread.u) if spread else None,
        nu_eff=str(spread.nu) if spread and spread.nu is not None else None,
        nu_used=str(spread.nu) if spread and spread.nu is not None else None,
        k=_decimal(spread.k) if spread else None,
        p=decimal(spread.p) if spread and evaluated else None,
        U=_decimal(spread.U) if spread else None,
        interval=_interval(result.interval),
        bounds=None if result.bounds is None else _pair(result.bounds),
        by_attempt=tuple((number, decimal(value)) for number, value in result.by_attempt),
        reported=reported(result),
        source=result.source,
        tier=result.tier,
        rule=result.rule,
        missing=result.missing if result.value is None else "",
    )


def definitions_of(results: Iterable[Sequence[Result]]) -> tuple[Definition, ...]:
    """The definition of everything that is named, once each, in the order of the catalogue."""
    named = {result.measurand for group in results for result in group}
    return tuple(definition for key, definition in _DEFINED.items() if key in named)


def _id(result: Result) -> str:
    """Unique in a record: measurand, statistic, scope and source, those that are there."""
    parts = (result.measurand, result.statistic, result.scope, result.source)
    return "/".join(part for part in parts if part)


def _interval(interval: Interval | None) -> IntervalField | None:
    if interval is None:
        return None
    return IntervalField(
        low=_decimal(interval.low),
        high=_decimal(interval.high),
        coverage=_decimal(interval.coverage),
        kind=INTERVAL_KIND,
        reason=interval.reason,
    )


def _pair(bounds: tuple[float, float]) -> tuple[str, str]:
    return decimal(bounds[0]), decimal(bounds[1])


def _decimal(value: float | None) -> str | None:
    return None if value is None else decimal(value)
