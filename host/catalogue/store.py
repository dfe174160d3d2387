"""Puts entries into a catalogue, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from host.catalogue.database import take_turn
from host.catalogue.entries import Entry, Figure, is_beside, number_of
from host.catalogue.tables import documents, records, results
from host.errors import CatalogueError

Came = Literal["new", "there", "moved"]
_OWN = tuple(f.name for f in fields(Entry) if f.name not in ("figures", "document"))
_FIGURE = tuple(f.name for f in fields(Figure))
# What the record itself says; how a device is called may change with this software.
_SAID = ("kind", "started", "model_sha256", "dataset_sha256", "settings_sha256", "verdict")


def put_all(connection: Connection, entries: Sequence[Entry]) -> list[Came | CatalogueError]:
    """Put them in together and commit: all of them that are not refused, or none.

    What became of each, in their order. An error stands for one whose id the catalogue knows with
    something else under it. Nobody else writes meanwhile.
    """
    if not entries:
        return []
    take_turn(connection)
    ids = {entry.record_id for entry in entries}
    asked = select(records.c.record_id).where(records.c.record_id.in_(ids))
    there = set(connection.execute(asked).scalars())
    new: dict[str, Entry] = {}
    for entry in entries:
        if entry.record_id not in there:
            new.setdefault(entry.record_id, entry)
    if new:
        put_new(connection, tuple(new.values()))
    became: list[Came | CatalogueError] = [
        "new" if new.get(entry.record_id) is entry else _again(connection, entry)
        for entry in entries
    ]
    connection.commit()
    return became


def _again(connection: Connection, entry: Entry) -> Came | CatalogueError:
    try:
        return put(connection, entry)
    except CatalogueError as err:
        return err


def put(connection: Connection, entry: Entry) -> Came:
    """Put one in; `there` where it already is, `moved` where it is and lies elsewhere now.

    Raises CatalogueError, before anything is changed, where the catalogue holds something else
    under the same id.
    """
    found = connection.execute(
        select(records).where(records.c.record_id == entry.record_id)
    ).one_or_none()
    if found is None:
        put_new(connection, [entry])
        return "new"
    _same_and_whole(connection, found, entry)
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
        row_of(number, place, figure)
        for number, entry in zip(ids, entries, strict=True)
        for place, figure in enumerate(entry.figures)
    ]
    if figures:
        _put_figures(connection, figures)
    for number, entry in zip(ids, entries, strict=True):
        if entry.document is not None:
            _keep(connection, number, entry.document)


def _put_figures(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """pg8000 sends many rows one by one, and waits for each, unless they give something back."""
    asked = insert(results)
    if connection.dialect.name != "sqlite":
        asked = asked.returning(results.c.place)
    connection.execute(asked, rows)


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


def row_of(record: int, place: int, figure: Figure) -> dict[str, Any]:
    """A result as it stands in the table."""
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


def _same_and_whole(connection: Connection, found: Row[Any], entry: Entry) -> None:
    """Raise CatalogueError where what is stored is not what this record says; add what lacks."""
    stored = found._mapping  # noqa: SLF001 - SQLAlchemy's name of a public attribute
    other = [name for name in _SAID if stored[name] != getattr(entry, name)]
    asked = select(results.c.result, results.c.value).where(results.c.record == found.id)
    rows = [(r.result, r.value) for r in connection.execute(asked.order_by(results.c.place))]
    said = [(f.result, f.value) for f in entry.figures]
    more = entry.figures[len(rows) :]
    # Earlier software left out what stands beside the results, and comes last.
    if rows != said[: len(rows)] or not all(map(is_beside, more)):
        other.append("results")
    if other:
        raise CatalogueError(
            entry.path, f"has the id of a catalogued record of other contents ({', '.join(other)})"
        )
    if more:
        _put_figures(connection, [row_of(found.id, len(rows) + i, f) for i, f in enumerate(more)])
