"""How a record stands and who answers for it: from the laboratory file and the statements."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from host.handover.formal import StatusField
from host.handover.laboratory import Laboratory, Words, txt
from host.handover.record import Record
from host.handover.statement import Statement
from host.handover.text import Txt


def with_formal(
    record: Record, given: Laboratory | None, statements: Sequence[Statement]
) -> Record:
    """The record under the last of its statements; a draft where there is none.

    given: the laboratory file that the run had. A statement holds its own snapshot, and that one
    counts. Only an issued record has a number and the date of its issue.
    """
    last = statements[-1] if statements else None
    laboratory = last.laboratory if last else given
    named = msgspec.structs.replace(
        record,
        laboratory=laboratory.laboratory_field() if laboratory else None,
        customer=laboratory.customer_field() if laboratory else None,
        people=laboratory.people_fields() if laboratory else (),
        intended_use=_text(laboratory.intended_use) if laboratory else None,
    )
    if last is None:
        return named
    return msgspec.structs.replace(
        named,
        status=StatusField(last.state, last.replaces, _text(last.reason), last.date),
        record_no=last.record_no,
        issued=next(s.date for s in reversed(statements) if s.state != "withdrawn"),
        item_received=last.received,
        opinions=_text(last.opinions),
        external_provider_results=tuple(last.external_provider_results),
    )


def _text(words: Words | None) -> Txt | None:
    return txt(words) if words else None
