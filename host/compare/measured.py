"""A result of a record as numbers: what the comparisons compute with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite

from host.errors import UsageError
from host.handover.quantity import BudgetField, Quantity, RowField
from host.handover.record import Record
from host.handover.stated import STATED

# Welch-Satterthwaite takes fourth powers, and products of them, which a double holds from
# 1e-308 to 1e308.
LARGEST = 1e60


@dataclass(frozen=True, slots=True)
class SharedTerm:
    """A budget row whose error other budgets may have too.

    name: the physical error (`RowField.shared`). signed: c * u, in the unit of the result. nu:
    degrees of freedom of u. equipment_ref: the instrument behind it, "" for the device's own.
    """

    name: str
    symbol: str
    signed: float
    nu: float
    equipment_ref: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A result with its numbers. value in the coherent unit of `quantity.unit`.

    u: standard uncertainty, None where there is none; nu: its effective degrees of freedom.
    shared: rows that may be common with another record. instruments: `equipment_ref` of all rows.
    """

    quantity: Quantity
    value: float | None
    u: float | None
    nu: float
    shared: tuple[SharedTerm, ...] = ()
    instruments: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return self.quantity.id


def quantities_of(record: Record) -> tuple[Quantity, ...]:
    """Its results, and what its runner states of itself: of some runners there is nothing else.

    What other tools would call our figures is left out: it is derived from the same stamps.
    """
    return (*record.results, *(q for q in record.conventions if q.measurand_id in STATED))


def results_of(record: Record, label: str) -> dict[str, Measured]:
    """All of `quantities_of` by id, in the order of the record.

    Raises UsageError, with `label` and the result, for text that is no finite number, a negative
    u, or an id that stands twice.
    """
    budgets = {budget.id: budget for budget in record.budgets}
    found: dict[str, Measured] = {}
    for quantity in quantities_of(record):
        if quantity.id in found:
            raise UsageError(label, f"holds the result {quantity.id} twice")
        found[quantity.id] = _measured(quantity, budgets, f"{label}: {quantity.id}")
    return found


def number(text: str, where: str) -> float:
    """A finite number from its decimal text."""
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not isfinite(value):
        raise UsageError(where, f"{text!r} is no finite number")
    if abs(value) > LARGEST or 0 < abs(value) < 1 / LARGEST:
        raise UsageError(where, f"{text!r} is of a size that no quantity compared here has")
    return value


def degrees(text: str | None, where: str) -> float:
    """Degrees of freedom: a number of at least 1, or `inf`, also where none are stated."""
    if text is None or text == "inf":
        return inf
    value = number(text, where)
    if value < 1:
        raise UsageError(where, f"{text} degrees of freedom are fewer than one")
    return value


def _measured(quantity: Quantity, budgets: Mapping[str, BudgetField], where: str) -> Measured:
    value = None if quantity.value is None else number(quantity.value, where)
    u = None if quantity.u is None else number(quantity.u, where)
    if u is not None and u < 0:
        raise UsageError(where, f"a standard uncertainty of {quantity.u} is negative")
    budget = budgets.get(quantity.budget_ref)
    rows = budget.rows if budget else ()
    return Measured(
        quantity=quantity,
        value=value,
        u=u,
        nu=degrees(quantity.nu_eff, where),
        shared=tuple(term for row in rows if (term := _shared(row, where)) is not None),
        instruments=frozenset(row.equipment_ref for row in rows if row.equipment_ref),
    )


def _shared(row: RowField, where: str) -> SharedTerm | None:
    if not row.shared or row.u is None or row.c is None:
        return None
    return SharedTerm(
        name=row.shared,
        symbol=row.symbol,
        signed=number(row.c, where) * number(row.u, where),
        nu=degrees(row.nu, where),
        equipment_ref=row.equipment_ref,
    )
