"""What visits gave: values of results by cell and block, read from their records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt

from host.campaign.analyse import Seen
from host.compare.common import common_terms
from host.compare.measured import Measured, number, quantities_of, results_of
from host.errors import CampaignError
from host.handover.record import Record
from host.handover.text import Txt

MEAN = "mean"
CONVENTION = "convention:"


@dataclass(slots=True)
class CellHarvest:
    """One cell. seen: result id -> block -> value. warm: the same of warm-up blocks.

    first: record of the first counted visit, whose budgets stand for all of them. missing: result
    id -> why a counted visit has no value of it.
    """

    first: Record | None = None
    measured: dict[str, Measured] = field(default_factory=dict)
    seen: dict[str, dict[int, Seen]] = field(default_factory=dict)
    warm: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def take(self, record: Record, block: int, place: int, *, counted: bool) -> None:
        """The record of a valid visit."""
        if counted and self.first is None:
            self.first = record
            self.measured = results_of(record, record.record_id)
        for quantity in quantities_of(record):
            if quantity.value is None:
                self.missing.setdefault(quantity.id, quantity.missing)
                continue
            value = number(quantity.value, quantity.id)
            if counted:
                self.seen.setdefault(quantity.id, {})[block] = Seen(value, place)
            else:
                self.warm.setdefault(quantity.id, []).append(value)

    def values(self, result: str) -> list[float]:
        """Of counted visits, in the order of their blocks."""
        return [seen.value for _, seen in sorted(self.seen.get(result, {}).items())]

    def named(self, measurand: str) -> str:
        """The id of the result that a campaign file means; "" where there is none with a value.

        `decode_rate` is `decode_rate@1/mean`, `peak_memory` the only one of that beginning. Raises
        CampaignError where several fit, or where no record has anything of that name.
        """
        ids = set(self.seen) | set(self.warm)
        found = _chosen(measurand, ids)
        if not found and ids and not _chosen(measurand, set(self.missing)):
            raise CampaignError("measurands", f"records have no result {measurand}")
        return found


def _chosen(measurand: str, ids: set[str]) -> str:
    if measurand in ids:
        return measurand
    measurand = measurand.removeprefix(CONVENTION)
    exact = [each for each in ids if short(each) == measurand]
    fit = exact or sorted(each for each in ids if short(each).startswith(f"{measurand}/"))
    if len(fit) > 1:
        names = ", ".join(short(each) for each in sorted(fit)[:4])
        raise CampaignError("measurands", f"{measurand} may be {names}: name one of them")
    return fit[0] if fit else ""


def short(result: str) -> str:
    """A result id without version and `mean`: `decode_rate@1/mean` is `decode_rate`.

    What a runner states of itself is `stated.vendor.rate` with its item and source.
    """
    first, *more = result.split("/")
    name = first.partition("@")[0].removeprefix(CONVENTION)
    return "/".join([name, *(more[1:] if more[:1] == [MEAN] else more)])


def u_common(a: CellHarvest, b: CellHarvest, result: str) -> float | None:
    """Relative u of B / A from what repeating does not show: the type B rows of both budgets.

    Rows that are one physical error in both (`compare.common`) enter as the difference of their
    relative effects. The rows of one budget are taken as independent of each other. None where a
    record or a budget is not there.
    """
    x, y = a.measured.get(result), b.measured.get(result)
    if a.first is None or b.first is None or x is None or y is None:
        return None
    if not x.value or not y.value:
        return None
    first, second = type_b(a.first, x), type_b(b.first, y)
    if first is None or second is None:
        return None
    terms = common_terms((a.first, x), (b.first, y))
    shared = sum(p.signed / x.value * q.signed / y.value for p, q in terms)
    return sqrt(max(0.0, first**2 + second**2 - 2 * shared))


def type_b(record: Record, measured: Measured) -> float | None:
    """Relative standard uncertainty of a result from the type B rows of its budget."""
    reference = measured.quantity.budget_ref
    budget = next((each for each in record.budgets if each.id == reference), None)
    if budget is None or not measured.value:
        return None
    rows = [
        number(row.c, reference) * number(row.u, reference)
        for row in budget.rows
        if row.type == "B" and row.c is not None and row.u is not None
    ]
    return sqrt(sum(each**2 for each in rows)) / abs(measured.value)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How true a cell's output is, as its record says. ranked: whether its speed may be ranked.

    reference: SHA-256 of the logits it was compared with, "" for none. figures: measurand id ->
    (value, standard error or None), over all texts.
    """

    outcome: str
    ranked: bool
    text: Txt
    reference: str
    figures: Mapping[str, tuple[float, float | None]]


def fidelity_of(record: Record) -> Fidelity:
    """Of a record."""
    found = record.fidelity
    figures = {
        f.measurand_id: (
            number(f.value, f.measurand_id),
            None if f.u is None else number(f.u, f.measurand_id),
        )
        for f in found.figures
        if f.language == "all"
    }
    reference = str(found.reference.get("data_sha256", ""))
    return Fidelity(found.outcome, found.ranked, found.text, reference, figures)
