"""Folders into a catalogue, and records out of it."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from host.catalogue.database import opened
from host.catalogue.entries import (
    MAX_FIGURES,
    Entry,
    Figure,
    fidelity_figure,
    figure_of,
    fit,
    moment_of,
    score_figure,
    tier_of,
)
from host.catalogue.find import Found, Query, document, find_records, find_results
from host.catalogue.store import Came, put_all
from host.compare.common import permanent_identity
from host.compare.measured import quantities_of
from host.compare.run import MIN_RECORDS, MOST_RECORDS
from host.compare.subject import device_of, engine_of
from host.errors import CatalogueError, FolderError, HostError
from host.handover.record import Record
from host.pipeline.compare import RECORD, read, read_raw, record_of
from host.schema.upgrade import read_unchanged

# A shared disk with more folders than this is named more narrowly.
MAX_FOLDERS = 1_000_000
# Records are put in together, in one transaction: each writes again the pages of an index that its
# values are scattered over, whether it brings one record or thousands. So many of them, or results
# and kept bytes of this weight in memory, or what could be read in this time.
BATCH_RECORDS = 2_000
BATCH_WEIGHT = 64 << 20
BATCH_S = 30.0
_WEIGHT_OF_A_FIGURE = 1 << 10


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one record. why: the sentence of a refusal, "" without."""

    path: str
    came: Came | None
    record_id: str = ""
    why: str = ""


def import_all(place: str, paths: Sequence[Path], *, keep: bool) -> Iterator[Imported]:
    """Every record at or under the paths, in batches that are whole or not at all.

    Broken ones go by, each with its sentence. keep: put the record's bytes into the catalogue
    too. A path is a record file, a run folder, an archive of one, or a folder with such folders
    in it at any depth; links are not followed. Raises CatalogueError where the catalogue itself
    cannot be used.
    """
    with opened(place, create=True) as connection:
        for batch in _batches(_read_all(paths, keep=keep)):
            yield from _put_batch(connection, batch)


def _read_all(paths: Sequence[Path], *, keep: bool) -> Iterator[Entry | Imported]:
    """What lies under the paths, read before anything is put in: no lock waits for a disk."""
    for path in paths:
        found = False
        for one in _places(path):
            found = True
            try:
                yield entry_at(one, keep=keep)
            except HostError as err:
                yield Imported(str(one), None, why=str(err))
        if not found:
            yield Imported(str(path), None, why=f"{path}: holds no record")


def _batches(read: Iterator[Entry | Imported]) -> Iterator[list[Entry | Imported]]:
    batch: list[Entry | Imported] = []
    weight, begun_s = 0, time.monotonic()
    for one in read:
        batch.append(one)
        if isinstance(one, Entry):
            weight += len(one.document or b"") + _WEIGHT_OF_A_FIGURE * len(one.figures)
        late = time.monotonic() - begun_s >= BATCH_S
        if late or len(batch) >= BATCH_RECORDS or weight >= BATCH_WEIGHT:
            yield batch
            batch, weight, begun_s = [], 0, time.monotonic()
    if batch:
        yield batch


def _put_batch(connection: Connection, batch: Sequence[Entry | Imported]) -> list[Imported]:
    entries = [one for one in batch if isinstance(one, Entry)]
    became = iter(put_all(connection, entries))
    return [_imported(one, next(became)) if isinstance(one, Entry) else one for one in batch]


def _imported(entry: Entry, became: Came | CatalogueError) -> Imported:
    if isinstance(became, CatalogueError):
        return Imported(entry.path, None, entry.record_id, str(became))
    return Imported(entry.path, became, entry.record_id)


def _places(path: Path) -> Iterator[Path]:
    """What may be a record: the path itself, or every folder under it with a record.json."""
    if not path.is_dir():
        yield path
        return
    for count, (folder, below, files) in enumerate(os.walk(path)):
        if count >= MAX_FOLDERS:
            raise CatalogueError(str(path), f"holds more than {MAX_FOLDERS} folders; name some")
        below.sort()
        if RECORD in files:
            below.clear()  # what lies in a run folder is that run's own
            yield Path(folder)


def entry_at(path: Path, *, keep: bool) -> Entry:
    """The record at `path` as an entry. Raises FolderError as `compare.read` does."""
    name, raw = read_raw(path)
    record, version = read_unchanged(raw, name)
    made = entry_of(record, version, str(path.resolve()), raw)
    return replace(made, document=zlib.compress(raw)) if keep else made


def entry_of(record: Record, version: str, path: str, raw: bytes) -> Entry:
    """A record, already checked, as an entry; version: of the schema, as its file states it.

    Raises FolderError for one beyond all bounds.
    """
    figures = _figures(record)
    if len(figures) > MAX_FIGURES:
        raise FolderError(path, f"holds more than {MAX_FIGURES} results")
    model, dataset = record.model_artifact, record.dataset
    return Entry(
        record_id=record.record_id,
        replaces=record.status.replaces,
        kind=record.kind,
        schema_version=fit(version, 20),
        started=moment_of(record.performed.start),
        ended=moment_of(record.performed.end),
        device=fit(device_of(record)),
        device_key=fit(permanent_identity(record)),
        model=fit(model.get("name", "")),
        model_sha256=fit(model.get("sha256", ""), 64),
        quantization=fit(model.get("quantization", "")),
        engine_kind=fit(record.runtime.get("kind", "")),
        engine=fit(engine_of(record)),
        dataset=fit(f"{dataset.get('id', '')}@{dataset.get('version', '')}"),
        dataset_sha256=fit(dataset.get("sha256", ""), 64),
        settings_sha256=record.settings_sha256,
        verdict=record.verdict.status,
        state=record.status.state,
        tier=tier_of(figures),
        path=fit(path, 4096),
        file_sha256=hashlib.sha256(raw).hexdigest(),
        figures=figures,
    )


def _figures(record: Record) -> tuple[Figure, ...]:
    """Its results, then what stands beside them (`is_beside`)."""
    reference = str((record.fidelity.reference or {}).get("data_sha256", ""))
    return (
        *(figure_of(q) for q in quantities_of(record)),
        *(fidelity_figure(figure, reference) for figure in record.fidelity.figures),
        *(score_figure(score) for score in record.scores),
    )


def query(place: str, asked: Query) -> Found:
    """Results where the terms are about results, else records."""
    with opened(place) as connection:
        find = find_results if asked.of_results else find_records
        return find(connection, asked)


def records_for(place: str, asked: Query) -> tuple[tuple[Path, ...], tuple[Record, ...]]:
    """(where they lie, records) of all that a query finds, for a comparison, in order of time.

    Each is read from its folder, or from the catalogue where it was kept and the folder is gone;
    one that is not the catalogued one any more is refused. Raises CatalogueError, FolderError.
    """
    with opened(place) as connection:
        found = find_records(connection, asked)
        if not MIN_RECORDS <= found.total <= MOST_RECORDS:
            raise CatalogueError(
                "--query",
                f"finds {found.total} records; a comparison takes {MIN_RECORDS} to {MOST_RECORDS}",
            )
        paths = tuple(Path(row["path"]) for row in found.rows)
        records = tuple(
            _record(connection, row["record_id"], path)
            for row, path in zip(found.rows, paths, strict=True)
        )
    return paths, records


def _record(connection: Connection, record_id: str, path: Path) -> Record:
    with suppress(FolderError):
        record = read(path)
        if record.record_id == record_id:
            return record
    kept = document(connection, record_id)
    if kept is not None:
        record = record_of(kept, f"{record_id} as it was kept")
        if record.record_id == record_id:
            return record
    raise CatalogueError(
        record_id, f"is not at {path} any more, and was not kept; import its folder again"
    )
