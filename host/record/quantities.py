"""Results as the record's quantity objects, and the definitions they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from host.handover.conventions import CONVENTIONS
from host.handover.formal import EquipmentField
from host.handover.measurands import MEASURANDS
from host.handover.quantity import Definition, IntervalField, Quantity
from host.handover.result import Interval, Result, Spread
from host.handover.stated import STATED
from host.record.budgets import with_figures
from host.record.names import id_of
from host.record.numbers import freedom, integer, optional, pair
from host.record.statement import reported
from host.record.traceability import traceability_of
from host.schema.canonical import decimal

INTERVAL_KIND = "order-statistics"
_DEFINED = {**MEASURANDS, **CONVENTIONS, **STATED}


def quantity_of(result: Result, equipment: Sequence[EquipmentField] = ()) -> Quantity:
    """One result; numbers keep every digit, only `reported` is rounded.

    n: attempts behind a mean, single values behind a quantile. Figures come from the budget;
    where there is none (conventions of other tools) from the spread of the attempts alone.
    """
    bare = _bare(result, traceability_of(result, equipment))
    if result.value is None:
        return bare
    if result.budget is not None:
        return with_figures(bare, result.budget)
    return bare if result.spread is None else _with_spread(bare, result.spread)


def definitions_of(results: Iterable[Sequence[Result]]) -> tuple[Definition, ...]:
    """The definition of everything that is named, once each, in the order of the catalogue."""
    named = {result.measurand for group in results for result in group}
    return tuple(definition for key, definition in _DEFINED.items() if key in named)


def _bare(result: Result, traceability: str) -> Quantity:
    """Value, interval and statement, without the figures of its uncertainty."""
    made = Quantity(
        id=id_of(result),
        measurand_id=result.measurand,
        name=_DEFINED[result.measurand].name,
        statistic=result.statistic,
        scope=result.scope,
        unit=result.unit,
        value=optional(result.value),
        uncertainty_status="not_evaluated",
        n=len(result.by_attempt) if result.interval is None else result.count,
        interval=_interval(result.interval),
        bounds=None if result.bounds is None else pair(result.bounds),
        by_attempt=tuple((number, decimal(value)) for number, value in result.by_attempt),
        reported=reported(result),
        source=result.source,
        tier=result.tier,
        rule=result.rule,
        missing=result.missing if result.value is None else "",
    )
    return msgspec.structs.replace(made, traceability=traceability)


def _with_spread(quantity: Quantity, spread: Spread) -> Quantity:
    """Repeatability between attempts alone, by Student's t."""
    if spread.U is None:
        return quantity
    return msgspec.structs.replace(
        quantity,
        uncertainty_status="type_a_only",
        u=optional(spread.u),
        nu_eff=freedom(spread.nu),
        nu_used=integer(spread.nu),
        k_rule="t_nu_eff",
        k=optional(spread.k),
        p=decimal(spread.p),
        U=optional(spread.U),
    )


def _interval(interval: Interval | None) -> IntervalField | None:
    if interval is None:
        return None
    return IntervalField(
        low=optional(interval.low),
        high=optional(interval.high),
        coverage=optional(interval.coverage),
        kind=INTERVAL_KIND,
        reason=interval.reason,
    )
