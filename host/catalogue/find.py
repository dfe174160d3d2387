"""Finds records and results by terms."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from host.catalogue.tables import documents, records, results
from host.catalogue.terms import MAX_TERMS, Term, condition
from host.errors import CatalogueError

MAX_ROWS = 1_000_000
# As long as a record may be (host/pipeline/compare.py).
MAX_DOCUMENT_BYTES = 256 << 20
_later = records.alias("later")
RECORD_COLUMNS = tuple(c.name for c in records.c if c.name != "id")
RESULT_COLUMNS = tuple(
    c.name for c in results.c if c.name not in ("record", "place", "number", "U_number")
)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. superseded: also records that another one replaces."""

    terms: tuple[Term, ...] = ()
    superseded: bool = False
    limit: int = MAX_ROWS
    newest_first: bool = False

    @property
    def of_results(self) -> bool:
        return any(term.of_results for term in self.terms)


@dataclass(frozen=True, slots=True)
class Found:
    """Rows by column name, in order of time, and how many there are without the limit."""

    rows: tuple[dict[str, Any], ...]
    total: int


def find_records(connection: Connection, query: Query) -> Found:
    """Records; where terms are about results, those that hold such a result."""
    _check(query)
    wanted = [records.c[name] for name in RECORD_COLUMNS]
    made = select(*wanted, records.c.id)
    for term in query.terms:
        if not term.of_results:
            made = made.where(condition(term))
    about = [condition(term) for term in query.terms if term.of_results]
    if about:
        made = made.where(exists().where(results.c.record == records.c.id, *about))
    return _rows(connection, made, query, (records.c.id,))


def find_results(connection: Connection, query: Query) -> Found:
    """Results with the columns of their records; `result_tier` is that of the result."""
    _check(query)
    own = [results.c[name] for name in RESULT_COLUMNS if name != "tier"]
    whose = [records.c[name] for name in RECORD_COLUMNS]
    made = select(*whose, *own, results.c.tier.label("result_tier")).join(
        records, results.c.record == records.c.id
    )
    for term in query.terms:
        made = made.where(condition(term))
    return _rows(connection, made, query, (records.c.id, results.c.place))


def document(connection: Connection, record_id: str) -> bytes | None:
    """The kept bytes of a record. Raises CatalogueError where they cannot be unpacked."""
    raw = connection.execute(
        select(documents.c.raw)
        .join(records, documents.c.record == records.c.id)
        .where(records.c.record_id == record_id)
    ).scalar()
    if raw is None:
        return None
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(raw, MAX_DOCUMENT_BYTES)
    except zlib.error as err:
        raise CatalogueError(record_id, f"its kept record is damaged ({err})") from err
    if not unpacker.eof:
        raise CatalogueError(record_id, "its kept record is damaged, or larger than any record")
    return found


def _check(query: Query) -> None:
    if len(query.terms) > MAX_TERMS:
        raise CatalogueError("query", f"takes {MAX_TERMS} terms at most, got {len(query.terms)}")


def _rows(connection: Connection, made: Select[Any], query: Query, order: Sequence[Any]) -> Found:
    if not query.superseded:
        made = made.where(~exists().where(_later.c.replaces == records.c.record_id))
    counted = made.with_only_columns(func.count(), maintain_column_froms=True)
    total = int(connection.execute(counted).scalar_one())
    started = records.c.started.desc() if query.newest_first else records.c.started
    made = made.order_by(started, *order).limit(query.limit)
    rows = tuple(dict(row._mapping) for row in connection.execute(made))  # noqa: SLF001 - a public name
    return Found(rows, total)
