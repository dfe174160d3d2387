"""Puts entries into a catalogue, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from host.catalogue.entries import Entry, Figure, number_of
from host.catalogue.tables import documents, records, results
from host.errors import CatalogueError

Came = Literal["new", "there", "moved"]
_OWN = tuple(f.name for f in fields(Entry) if f.name not in ("figures", "document"))
_FIGURE = tuple(f.name for f in fields(Figure))
# What the record itself says; how a device is called may change with this software.
_SAID = ("kind", "started", "model_sha256", "dataset_sha256", "settings_sha256", "verdict")


def put(connection: Connection, entry: Entry) -> Came:
    """Put one in; `there` where it already is, `moved` where it is and lies elsewhere now.

    Raises CatalogueError where the catalogue holds something else under the same id.
    """
    found = connection.execute(
        select(records).where(records.c.record_id == entry.record_id)
    ).one_or_none()
    if found is None:
        put_new(connection, [entry])
        return "new"
    _same(connection, found, entry)
    if entry.document is not None:
        _keep(connection, found.id, entry.document)
    if (found.path, found.file_sha256) == (entry.path, entry.file_sha256):
        return "there"
    connection.execute(
        update(records)
        .where(records.c.id == found.id)
        .values(path=entry.path, file_sha256=entry.file_sha256)
    )
    return "moved"


def put_new(connection: Connection, entries: Sequence[Entry]) -> None:
    """Put many in, none of which is there yet."""
    made = connection.execute(
        insert(records).returning(records.c.id, sort_by_parameter_order=True),
        [{**{name: getattr(entry, name) for name in _OWN}, "superseded": 0} for entry in entries],
    )
    ids = [int(row.id) for row in made]
    _supersede(connection, entries)
    figures = [
        _row(number, place, figure)
        for number, entry in zip(ids, entries, strict=True)
        for place, figure in enumerate(entry.figures)
    ]
    if figures:
        connection.execute(insert(results), figures)
    for number, entry in zip(ids, entries, strict=True):
        if entry.document is not None:
            _keep(connection, number, entry.document)


def _supersede(connection: Connection, entries: Sequence[Entry]) -> None:
    """Mark what these replace, and those of them that what was there already replaces."""
    replaced = {entry.replaces for entry in entries if entry.replaces}
    own = [entry.record_id for entry in entries]
    replaced |= set(
        connection.execute(select(records.c.replaces).where(records.c.replaces.in_(own))).scalars()
    )
    if replaced:
        connection.execute(
            update(records).where(records.c.record_id.in_(replaced)).values(superseded=1)
        )


def _row(record: int, place: int, figure: Figure) -> dict[str, Any]:
    return {
        **{name: getattr(figure, name) for name in _FIGURE},
        "record": record,
        "place": place,
        "measurand": figure.measurand,
        "number": number_of(figure.value),
        "U_number": number_of(figure.U),
    }


def _keep(connection: Connection, record: int, raw: bytes) -> None:
    connection.execute(delete(documents).where(documents.c.record == record))
    connection.execute(insert(documents).values(record=record, raw=raw))


def _same(connection: Connection, found: Row[Any], entry: Entry) -> None:
    """Raise CatalogueError where what is stored is not what this record says."""
    stored = found._mapping  # noqa: SLF001 - SQLAlchemy's name of a public attribute
    other = [name for name in _SAID if stored[name] != getattr(entry, name)]
    rows = connection.execute(
        select(results.c.result, results.c.value)
        .where(results.c.record == found.id)
        .order_by(results.c.place)
    )
    if [(r.result, r.value) for r in rows] != [(f.result, f.value) for f in entry.figures]:
        other.append("results")
    if other:
        raise CatalogueError(
            entry.path, f"has the id of a catalogued record of other contents ({', '.join(other)})"
        )
