"""Finds records and results by terms."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from host.catalogue.entries import number_of
from host.catalogue.tables import documents, records, results
from host.catalogue.terms import MAX_TERMS, Term, condition
from host.errors import CatalogueError

MAX_ROWS = 1_000_000
# Whoever finds more narrows the query; counting to the end would take longer than finding.
MAX_COUNT = 10_000
# Names of devices that are looked at one by one, and how many of them, of a share of all of them,
# are a shorter way to their records than the order of time.
MOST_DEVICES = 10_000
FEW_DEVICES = 50
SHARE_OF_DEVICES = 4
# As long as a record may be (host/pipeline/compare.py).
MAX_DOCUMENT_BYTES = 256 << 20
# What Python gets of each column, and which texts are numbers.
_TYPES = {c.name: c.type.python_type for c in (*records.c, *results.c)}
_DECIMALS = frozenset({"value", "U", "k"})
RECORD_COLUMNS = tuple(c.name for c in records.c if c.name not in ("id", "superseded"))
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
    """Rows by column name, in order of time, and how many there are without the limit.

    counted: whether total is exact; counting ends at MAX_COUNT, and total is then that many.
    """

    rows: tuple[dict[str, Any], ...]
    total: int
    counted: bool


def find_records(connection: Connection, query: Query) -> Found:
    """Records; where terms are about results, those that hold such a result."""
    keys = _narrowed(connection, select(records.c.id), query, of_results=False)
    about = [condition(term) for term in query.terms if term.of_results]
    if about:
        keys = keys.where(exists().where(results.c.record == records.c.id, *about))
    first = _first(keys, query).subquery()
    wide = select(*(records.c[name] for name in RECORD_COLUMNS)).join(
        first, first.c.id == records.c.id
    )
    return _found(connection, keys, _ordered(wide, query), query)


def find_results(connection: Connection, query: Query) -> Found:
    """Results with the columns of their records; `result_tier` is that of the result."""
    keys = _narrowed(connection, _pairs(query), query, of_results=True)
    first = _first(keys, query, results.c.place).subquery()
    wide = (
        select(
            *(records.c[name] for name in RECORD_COLUMNS),
            *(results.c[name] for name in RESULT_COLUMNS if name != "tier"),
            results.c.tier.label("result_tier"),
        )
        .select_from(first)
        .join(records, first.c.record == records.c.id)
        .join(results, (results.c.record == first.c.record) & (results.c.place == first.c.place))
    )
    return _found(connection, keys, _ordered(wide, query, results.c.place), query)


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


def _pairs(query: Query) -> Select[Any]:
    """Keys of results beside their records, in the order in which a database is to look.

    SQLite knows nothing of how rows are spread and may begin at the wrong end, ten seconds in
    place of one. It can follow a key only where no sum is made of it: from records in order of
    time to their results, or, where a range of values of one measurand is all that is asked for,
    from these results to their records.
    """
    names = {(t.name, t.operator) for t in query.terms}
    ranged = any(name == "value" and operator != "!=" for name, operator in names)
    by_value = ranged and ("measurand", "=") in names and all(t.of_results for t in query.terms)
    of, record = (
        (results.c.record + 0, records.c.id) if by_value else (results.c.record, records.c.id + 0)
    )
    return select(results.c.record, results.c.place).join(records, of == record)


def _narrowed(
    connection: Connection, keys: Select[Any], query: Query, *, of_results: bool
) -> Select[Any]:
    """Keys of what fits. Raises CatalogueError for more terms than anybody asks for."""
    if len(query.terms) > MAX_TERMS:
        raise CatalogueError("query", f"takes {MAX_TERMS} terms at most, got {len(query.terms)}")
    if not query.superseded:
        keys = keys.where(records.c.superseded == 0)
    wanted = [term for term in query.terms if of_results or not term.of_results]
    for term in wanted:
        if term.name == "device" and (names := _devices(connection, term)):
            keys = keys.where(records.c.device.in_(names))
    return keys.where(*(condition(term) for term in wanted))


def _devices(connection: Connection, term: Term) -> list[str]:
    """The devices that a term finds, where they are few of many; empty where that saves nothing.

    There are far fewer devices than records. Their names are looked at once each, in the index,
    and lead to their records there; a look at every record takes ten times as long.
    """
    if term.operator == "!=":
        return []
    asked = select(records.c.device, records.c.device_key).distinct().limit(MOST_DEVICES + 1)
    each = asked.subquery()
    fits = condition(term, (each.c.device, each.c.device_key))
    rows = connection.execute(select(each.c.device, fits.label("fits"))).all()
    found = sorted({row.device for row in rows if row.fits})
    few = len(found) <= FEW_DEVICES and len(found) * SHARE_OF_DEVICES <= len(rows)
    return found if few and len(rows) <= MOST_DEVICES else []


def _first(keys: Select[Any], query: Query, *within: Any) -> Select[Any]:  # noqa: ANN401 - columns
    """The first of them up to the limit: keys alone are sorted, not whole rows."""
    return _ordered(keys, query, *within).limit(query.limit)


def _ordered(made: Select[Any], query: Query, *within: Any) -> Select[Any]:  # noqa: ANN401
    started = records.c.started.desc() if query.newest_first else records.c.started
    return made.order_by(started, records.c.id, *within)


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what each column is for: SQLite keeps bytes in a column of texts, if told to.

    Raises CatalogueError.
    """
    for name, value in found.items():
        if value is None or (
            isinstance(value, _TYPES.get(name, str))
            and (name not in _DECIMALS or number_of(value) is not None)
        ):
            continue
        raise CatalogueError(
            f"{found['record_id']}: {name}",
            "holds what no record says; `inferometer catalogue check` names all such rows",
        )
    return dict(found)


def _found(connection: Connection, keys: Select[Any], wide: Select[Any], query: Query) -> Found:
    rows = tuple(_row(row._mapping) for row in connection.execute(wide))  # noqa: SLF001 - public
    if len(rows) < query.limit:
        return Found(rows, len(rows), counted=True)
    some = keys.limit(MAX_COUNT + 1).subquery()
    total = int(connection.execute(select(func.count()).select_from(some)).scalar_one())
    return Found(rows, min(total, MAX_COUNT), counted=total <= MAX_COUNT)
