"""What visits gave: values of results by cell and block, read from their records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt

from host.campaign.analyse import Seen
from host.campaign.evidence import Changes, evidence_of, sources_of, unlike_sources
from host.campaign.names import meant
from host.compare.common import common_terms
from host.compare.measured import Measured, number, quantities_of, results_of
from host.handover.record import Record
from host.handover.text import Txt


@dataclass(slots=True)
class CellHarvest:
    """One cell. seen: result id -> block -> value. warm: the same of warm-up blocks.

    first: record of the first counted visit, whose budgets stand for all of them. missing: result
    id -> why a counted visit has no value of it. evidence: result id -> of what tier its power is
    and what corrects it, as it was first; sources: of power in the first visit, None before one.
    """

    first: Record | None = None
    measured: dict[str, Measured] = field(default_factory=dict)
    seen: dict[str, dict[int, Seen]] = field(default_factory=dict)
    warm: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] | None = None

    def take(self, record: Record, block: int, place: int, *, counted: bool) -> Changes:
        """The record of a valid visit; gives in what its power is not as in the first one.

        A value whose evidence is of another tier, or corrected otherwise, than the first of its
        kind is left out: the mean of both would be of neither (`shared` design, law 5).
        """
        if counted and self.first is None:
            self.first = record
            self.measured = results_of(record, record.record_id)
        evidence = evidence_of(record)
        for quantity in quantities_of(record):
            if quantity.value is None:
                self.missing.setdefault(quantity.id, quantity.missing)
                continue
            said = evidence.get(quantity.id, "")
            if self.evidence.setdefault(quantity.id, said) != said:
                continue
            value = number(quantity.value, quantity.id)
            if counted:
                self.seen.setdefault(quantity.id, {})[block] = Seen(value, place)
            else:
                self.warm.setdefault(quantity.id, []).append(value)
        found = sources_of(record)
        if self.sources is None:
            self.sources = found
        return unlike_sources(self.sources, found)

    def values(self, result: str) -> list[float]:
        """Of counted visits, in the order of their blocks."""
        return [seen.value for _, seen in sorted(self.seen.get(result, {}).items())]

    def meant(self, measurand: str) -> tuple[str, ...]:
        """Ids of the results with a value that a campaign file means (`names.meant`)."""
        return meant(measurand, self.seen.keys() | self.warm.keys())

    def owes(self, measurand: str) -> bool:
        """Whether a counted visit says why it has no value of it."""
        return bool(meant(measurand, self.missing))


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
