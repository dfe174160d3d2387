"""Budgets as the record holds them: every row, evaluated or not, in the order of the model."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from host.handover.budget import Budget, Correlation, MonteCarlo, Row
from host.handover.quantity import (
    BudgetField,
    CorrelationField,
    MonteCarloField,
    Quantity,
    RowField,
)
from host.handover.result import Result
from host.record.names import id_of
from host.record.no_interval import without_u
from host.record.numbers import freedom, integer, optional, pair
from host.schema.canonical import decimal

# What computed u, nu and k. The version is that of our rules, raised when a result changes; it is
# not the library's, for a record must be redone to the same bytes under each release of it.
ENGINE = {"name": "inferometer/evaluate", "version": "1", "library": "GTC"}
COUNT = "{count}"


def budgets_of(results: Iterable[Result]) -> tuple[BudgetField, ...]:
    """The budget of every result that has one, under the id of its result."""
    return tuple(
        _budget(id_of(r), r.budget, len(r.by_attempt)) for r in results if r.budget is not None
    )


def with_figures(quantity: Quantity, budget: Budget) -> Quantity:
    """The quantity with u, nu, k, U of its budget, as far as there are any.

    A count that is the same in all attempts, with nothing left open, is exact: it has no U. A
    budget without U gives no u either: what it would leave out is not named where u is read.
    """
    exact = budget.unit == COUNT and budget.u == 0 and not budget.open_rows
    whole = budget.U is not None and not exact
    return msgspec.structs.replace(
        quantity,
        uncertainty_status="exact_count" if exact else _status(budget),
        u=optional(budget.u) if whole or exact else None,
        nu_eff=freedom(budget.nu_eff) if whole else None,
        nu_used=integer(budget.nu_used) if whole else None,
        k_rule=budget.k_rule if whole else "",
        method=_method(budget) if whole else "",
        mcm=_monte_carlo(budget.monte_carlo) if budget.monte_carlo and whole else None,
        second_order=optional(budget.second_order) if whole else None,
        open_rows=budget.open_rows,
        budget_ref=quantity.id,
        k=optional(budget.k) if whole else None,
        p=decimal(budget.p) if whole else None,
        U=optional(budget.U) if whole else None,
    )


def _method(budget: Budget) -> str:
    return "both" if budget.monte_carlo else "GUF"


def _status(budget: Budget) -> str:
    if budget.U is None:
        return "not_evaluated"
    return "partly_evaluated" if budget.open_rows else "evaluated"


def _budget(name: str, budget: Budget, attempts: int) -> BudgetField:
    return BudgetField(
        id=name,
        measurand_id=budget.measurand,
        model=budget.model,
        unit=budget.unit,
        rows=tuple(_row(row, budget.unit) for row in budget.rows),
        correlations=tuple(_correlation(each) for each in budget.correlations),
        engine=dict(ENGINE),
        reason=None if budget.U is not None else without_u(budget.reason, attempts),
    )


def _row(row: Row, unit: str) -> RowField:
    given = row.input
    return RowField(
        symbol=given.symbol,
        name=given.name,
        source=given.source,
        type=given.kind,
        distribution=given.distribution,
        estimate=decimal(given.estimate),
        unit=given.unit,
        u=optional(given.u),
        nu=None if given.u is None else freedom(given.nu),
        c=optional(row.c),
        c_unit=_ratio(unit, given.unit),
        contribution=optional(row.contribution),
        share=optional(row.share),
        evaluation=given.evaluation,
        half_width=optional(given.half_width),
        beta=optional(given.beta),
        U=optional(given.U),
        k=optional(given.k),
        equipment_ref=given.equipment_ref,
        shared=given.shared,
        n=given.n,
        autocorr=_autocorrelation(given.lags, given.inflation),
    )


def _ratio(over: str, under: str) -> str:
    """UCUM code of the one unit over the other."""
    if over == under:
        return "1"
    return over if under == "1" else f"({over})/({under})"


def _autocorrelation(lags: int | None, inflation: float | None) -> dict[str, str] | None:
    if lags is None or inflation is None:
        return None
    return {"lags": str(lags), "inflation": decimal(inflation)}


def _correlation(found: Correlation) -> CorrelationField:
    return CorrelationField(found.a, found.b, decimal(found.r), found.reason)


def _monte_carlo(found: MonteCarlo) -> MonteCarloField:
    return MonteCarloField(
        trials=found.trials,
        rng=found.rng,
        seed=str(found.seed),
        mean=optional(found.mean),
        u=optional(found.u),
        symmetric=pair(found.symmetric),
        shortest=pair(found.shortest),
        delta=decimal(found.delta),
        gum_validated=found.gum_validated,
    )
