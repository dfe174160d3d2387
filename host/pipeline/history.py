"""One device over time: series of one result, with repeatability and drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from host.catalogue.database import opened
from host.catalogue.find import Query, find_results
from host.catalogue.terms import parse
from host.compare.control import Control, control
from host.compare.drift import Drift, drift
from host.compare.iso5725 import MIN_REPLICATES, Precision, precision
from host.compare.measured import number
from host.errors import CatalogueError, UsageError

# A series is of one thing: only the moment may differ within it. result_tier: two tiers of power
# evidence are never mixed, also where one source has a certificate in some records alone.
_ONE_THING = (
    *("device_key", "device", "model_sha256", "engine", "settings_sha256"),
    *("result", "result_tier"),
)
_ABOUT = ("measurand", "measurand_id", "model", "quantization", "engine_kind", "dataset", "unit")
MAX_POINTS = 100_000


@dataclass(frozen=True, slots=True)
class Point:
    """One record. value, U: its decimal text; attempts: values by attempt."""

    record_id: str
    started: str
    path: str
    value: str
    U: str | None
    attempts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One result of one thing. about: the columns that all points share.

    precision: over the attempts of all records, each record a group (ISO 5725-2): s_r within a
    record, s_R between records too, which on one device is intermediate precision. None where no
    record has two attempts; drift, control: of the records' values.
    """

    about: Mapping[str, Any]
    points: tuple[Point, ...]
    precision: Precision | None
    drift: Drift
    control: Control


@dataclass(frozen=True, slots=True)
class History:
    """left_out: results of records that are not valid, or that state no time or no value."""

    series: tuple[Series, ...]
    left_out: int


def history(place: str, device: str, measurand: str, asked: Query) -> History:
    """Every series of `measurand` on devices that `device` names, the longest first.

    device: a part of its name, or of its serial number or machine id. Raises CatalogueError where
    nothing is found.
    """
    terms = (parse(f"device~{device}"), parse(f"measurand={measurand}"), *asked.terms)
    with opened(place) as connection:
        found = find_results(connection, Query(terms, asked.superseded, MAX_POINTS))
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in found.rows:
        if row["verdict"] == "valid" and row["started"] and row["value"] is not None:
            groups.setdefault(tuple(row[key] for key in _ONE_THING), []).append(row)
    if not groups:
        raise CatalogueError(
            f"{device} {measurand}",
            f"no valid record says so; {found.total} are not valid, or state no value or no time",
        )
    series = sorted((_series(rows) for rows in groups.values()), key=lambda s: -len(s.points))
    return History(tuple(series), found.total - sum(len(s.points) for s in series))


def _series(rows: list[dict[str, Any]]) -> Series:
    points = tuple(_point(row) for row in rows)
    groups = [p.attempts for p in points if p.attempts]
    enough = any(len(group) >= MIN_REPLICATES for group in groups)
    times = [datetime.fromisoformat(p.started).timestamp() for p in points]
    values = [float(p.value) for p in points]
    return Series(
        about={key: rows[0][key] for key in (*_ABOUT, *_ONE_THING)},
        points=points,
        precision=precision(groups) if enough else None,
        drift=drift(times, values),
        control=control(values),
    )


def _point(row: Mapping[str, Any]) -> Point:
    where = f"{row['path']}: {row['result']}"
    try:
        attempts = tuple(number(text, where) for text in row["attempts"].split())
        number(row["value"], where)
    except UsageError as err:
        raise CatalogueError(where, f"is no number: {err}") from err
    return Point(row["record_id"], row["started"], row["path"], row["value"], row["U"], attempts)
