"""To what a result is traceable; `SI` is earned by the certificates behind its large terms."""

from __future__ import annotations

from collections.abc import Sequence

from host.handover.budget import Row
from host.handover.formal import EquipmentField
from host.handover.result import Result

# An input is dominant when it holds more than this share of u squared: what is left out can move
# u by no more than 2.5 %, half of what rounding U to two digits moves it. Our choice.
DOMINANT_SHARE = 0.05


def traceability_of(result: Result, equipment: Sequence[EquipmentField]) -> str:
    """`SI` where metrology 2.5 allows the word, else `none`.

    Every dominant Type B input comes from an instrument with a certificate that was valid and in
    range, names an accreditation, and is there as a file; and there is such an input at all.
    """
    if result.budget is None or result.budget.U is None:
        return "none"
    dominant = [row for row in result.budget.rows if _is_dominant(row)]
    if any(row.input.u is None for row in result.budget.rows) or not dominant:
        return "none"
    known = {e.id: e for e in equipment}
    good = all(_holds(known.get(row.input.equipment_ref)) for row in dominant)
    return "SI" if good else "none"


def _is_dominant(row: Row) -> bool:
    return row.input.kind == "B" and row.share is not None and row.share > DOMINANT_SHARE


def _holds(instrument: EquipmentField | None) -> bool:
    """Whether there are certificates that were used, and all of them may be relied on."""
    if instrument is None or not instrument.certificates:
        return False
    return all(
        c.in_validity and c.in_range is True and c.number and c.issuer and c.accreditation
        for c in instrument.certificates
    )
