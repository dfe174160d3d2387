"""Whether a catalogue still says what the records say: a row can be edited, a folder can go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from host.catalogue.check import rows_of, unlike
from host.catalogue.database import opened
from host.catalogue.entries import Entry
from host.catalogue.find import document
from host.errors import CatalogueError, HostError
from host.pipeline.catalogue import entry_at, entry_of
from host.schema.upgrade import read_unchanged

State = Literal["same", "other", "unchecked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One record. why: what its rows say otherwise, or why nobody could look; "" where same."""

    record_id: str
    path: str
    state: State
    why: str = ""


def check_all(place: str) -> Iterator[Checked]:
    """Every record of a catalogue, made into rows again and compared with those that are there.

    The record is taken from where it lies, or from the catalogue where it was kept and its folder
    is gone. A record's id is the hash of its contents, so neither can be another one. Nothing is
    changed. Raises CatalogueError where the catalogue itself cannot be used.
    """
    with opened(place) as connection:
        for row in rows_of(connection):
            yield _checked(connection, row)


def _checked(connection: Connection, row: Any) -> Checked:  # noqa: ANN401 - of any table
    record_id, path = str(row["record_id"]), str(row["path"])
    try:
        entry = _entry(connection, record_id, path)
    except HostError as err:
        return Checked(record_id, path, "unchecked", str(err))
    other = unlike(connection, row, entry)
    if not other:
        return Checked(record_id, path, "same")
    return Checked(record_id, path, "other", ", ".join(other))


def _entry(connection: Connection, record_id: str, path: str) -> Entry:
    """The record's rows as they should be. Raises HostError where it is nowhere any more."""
    try:
        entry = entry_at(Path(path), keep=False)
        if entry.record_id == record_id:
            return entry
        gone: HostError = CatalogueError(path, "holds another record now")
    except HostError as err:
        gone = err
    raw = document(connection, record_id)
    if raw is None:
        raise gone
    record, version = read_unchanged(raw, f"{record_id} as it was kept")
    if record.record_id != record_id:
        raise CatalogueError(record_id, "another record was kept under its id")
    return entry_of(record, version, path, raw)
