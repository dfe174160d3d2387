"""A campaign as CSV (RFC 4180): a row for each result of each cell, and one for each visit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from host.campaign.results import CampaignReport
from host.schema.canonical import decimal

# A spreadsheet takes text that begins so for a formula; names of sources come from devices.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(found: CampaignReport) -> bytes:
    """Cells by results; value, U in the unit of `unit` (UCUM); `missing` says why one is empty."""
    axes = tuple(found.asked.campaign.axes)
    rows = []
    for cell in found.outcome.cells:
        values = found.asked.cell(cell.name).values
        for result, each in cell.figures.items():
            numbers = [_number(x) for x in (each.value, each.U, each.k)]
            unit = each.quantity.unit if each.quantity else ""
            ranked = "no" if cell.why_unranked else "yes"
            chosen = [values[axis] for axis in axes]
            rows.append([cell.name, *chosen, result, *numbers, each.n, unit, each.missing, ranked])
    head = ["cell", *axes, "result", "value", "U", "k", "n", "unit", "missing", "ranked"]
    return _csv(head, rows)


def visits_csv_of(found: CampaignReport) -> bytes:
    """Every try of every visit with the values of the results on which claims are made."""
    results = found.outcome.claimed_on
    rows = []
    for visit in found.state.visits:
        slot = visit.slot
        seen = found.harvests[slot.cell].seen
        counts = slot.phase == "counted" and visit.status == "valid"
        values = [
            _number(seen[result][slot.block].value)
            if counts and slot.block in seen.get(result, {})
            else ""
            for result in results
        ]
        where = [slot.phase, slot.block, slot.place, slot.cell, slot.attempt]
        rows.append([*where, visit.status, visit.reason, visit.run, visit.record_id, *values])
    head = ["phase", "block", "place", "cell", "try", "status", "reason", "run", "record_id"]
    return _csv([*head, *results], rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    for row in (head, *rows):
        writer.writerow([_text(each) for each in row])
    return file.getvalue().encode()


def _text(value: object) -> str:
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA) and not _is_number(text):
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(value: float | None) -> str:
    return "" if value is None else decimal(value)
