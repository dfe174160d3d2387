"""Rows of a catalogue beside the records that they were made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, exists, select

from host.catalogue.entries import Entry, is_beside
from host.catalogue.store import row_of
from host.catalogue.tables import records, results

# Records looked at with one statement; between two of them imports may write.
PAGE: Final = 500
# A row that was edited in many places is named by the first of them.
MOST_NAMED: Final = 5
# Where a record lies and the bytes of its file are no matter of what it says.
_SAID: Final = tuple(
    f.name for f in fields(Entry) if f.name not in ("figures", "document", "path", "file_sha256")
)


def rows_of(connection: Connection) -> Iterator[Mapping[str, Any]]:
    """Every record's row, in the order in which they were put in."""
    last = 0
    while True:
        asked = select(records).where(records.c.id > last).order_by(records.c.id).limit(PAGE)
        page = [dict(row._mapping) for row in connection.execute(asked)]  # noqa: SLF001 - public
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def unlike(connection: Connection, row: Mapping[str, Any], entry: Entry) -> tuple[str, ...]:
    """What of a row and its results is not what its record says, the first few; () for nothing.

    Results that stand beside a record's own and that earlier software left out are none of it.
    """
    found = [name for name in _SAID if row[name] != getattr(entry, name)]
    asked = select(exists().where(records.c.replaces == row["record_id"]))
    if bool(row["superseded"]) is not bool(connection.execute(asked).scalar()):
        found.append("superseded")
    found += _unlike_results(connection, row["id"], entry)
    more = len(found) - MOST_NAMED
    return (*found[:MOST_NAMED], *([f"{more} more"] if more > 0 else []))


def _unlike_results(connection: Connection, record: int, entry: Entry) -> Iterator[str]:
    asked = select(results).where(results.c.record == record).order_by(results.c.place)
    stored = [dict(row._mapping) for row in connection.execute(asked)]  # noqa: SLF001 - public
    said = [row_of(record, place, figure) for place, figure in enumerate(entry.figures)]
    for row, wanted in zip(stored, said, strict=False):
        other = [name for name in wanted if row[name] != wanted[name]]
        if other:
            yield f"{wanted['result']} ({', '.join(other)})"
    if len(stored) > len(said):
        yield f"{len(stored) - len(said)} results too many"
    lost = [f for f in entry.figures[len(stored) :] if not is_beside(f)]
    if lost:
        yield f"{len(lost)} results too few"
