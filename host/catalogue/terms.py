"""Terms of a query, `FIELD OP VALUE`, from a closed list of fields.

`device~epyc`, `model=3e2c`, `value>=40`, `since=2026-11-01`. Values become bound parameters.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

from sqlalchemy import Column, ColumnElement, func, or_

from host.catalogue.entries import fit
from host.catalogue.tables import MAX_TEXT, records, results
from host.errors import CatalogueError

Operator = Literal["<=", ">=", "!=", "=", "<", ">", "~"]
Kind = Literal["text", "hash", "number", "time"]
MAX_TERMS: Final = 50
_TERM = re.compile(
    r"\s*(?P<field>[A-Za-z_]{1,40})\s*(?P<op><=|>=|!=|=|<|>|~)(?P<value>.*)", re.DOTALL
)
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]{0,12}Z?)?)?)?")
_ALLOWED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "text": ("=", "!=", "~"),
    "hash": ("=", "!="),
    "number": ("=", "!=", "<", "<=", ">", ">="),
    "time": ("=", "<", "<=", ">", ">="),
}
_COMPARED: Final[Mapping[str, Callable[[Any, Any], ColumnElement[bool]]]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


@dataclass(frozen=True, slots=True)
class Field:
    """What can be asked for: its columns (any of them will do), and how they are compared."""

    columns: tuple[Column[Any], ...]
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; of_results: it is about results, not about records."""

    name: str
    operator: str
    value: str

    @property
    def of_results(self) -> bool:
        return FIELDS[self.name].columns[0].table is results


FIELDS: Final[Mapping[str, Field]] = {
    "id": Field((records.c.record_id,), "hash"),
    "kind": Field((records.c.kind,)),
    "device": Field((records.c.device, records.c.device_key)),
    "model": Field((records.c.model_sha256,), "hash"),
    "model_name": Field((records.c.model,)),
    "quantization": Field((records.c.quantization,)),
    "engine": Field((records.c.engine_kind, records.c.engine)),
    "dataset": Field((records.c.dataset,)),
    "settings": Field((records.c.settings_sha256,), "hash"),
    "verdict": Field((records.c.verdict,)),
    "state": Field((records.c.state,)),
    "started": Field((records.c.started,), "time"),
    "path": Field((records.c.path,)),
    "measurand": Field((results.c.measurand,)),
    "measurand_id": Field((results.c.measurand_id,)),
    "result": Field((results.c.result,)),
    "statistic": Field((results.c.statistic,)),
    "scope": Field((results.c.scope,)),
    "source": Field((results.c.source,)),
    "tier": Field((results.c.tier,)),
    "unit": Field((results.c.unit,)),
    "value": Field((results.c.number,), "number"),
    "U": Field((results.c.U_number,), "number"),
    "n": Field((results.c.n,), "number"),
    "missing": Field((results.c.missing,)),
}
# Words that people use for an operator on `started`.
_SHORT: Final = {"since": ">=", "until": "<"}
_ID_PREFIX: Final = "urn:sha256:"
# What runners state of themselves, as people and campaigns call it.
_CONVENTION: Final = "convention:"
_STATED: Final = "stated."


def parse(text: str) -> Term:
    """One term. Raises CatalogueError with the term and what is wrong with it."""
    found = _TERM.fullmatch(text) if len(text) <= MAX_TEXT else None
    if found is None:
        raise CatalogueError(text[:80], "is no FIELD OP VALUE, as in device~epyc or value>=40")
    name, operator, value = found["field"], found["op"], found["value"].strip()
    if name in _SHORT and operator == "=":
        name, operator = "started", _SHORT[name]
    if name == "measurand" and value.startswith(_STATED):
        value = f"{_CONVENTION}{value}"
    if name == "measurand" and "@" in value:
        name = "measurand_id"
    field = FIELDS.get(name)
    if field is None:
        near = difflib.get_close_matches(name, FIELDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(FIELDS)}"
        raise CatalogueError(text, f"no field is called {name!r}; {hint}")
    if operator not in _ALLOWED[field.kind]:
        allowed = " ".join(_ALLOWED[field.kind])
        raise CatalogueError(text, f"{name} is compared by one of {allowed}")
    _check(text, field.kind, value)
    return Term(name, operator, fit(value))


def parse_all(text: str) -> tuple[Term, ...]:
    """Terms with spaces between them, values in quotes where they hold spaces.

    Raises CatalogueError.
    """
    try:
        parts = shlex.split(text)
    except ValueError as err:
        raise CatalogueError(text[:80], f"is no list of terms ({err})") from err
    return tuple(parse(part) for part in parts)


def _check(text: str, kind: Kind, value: str) -> None:
    if kind == "hash" and not re.fullmatch(r"(urn:sha256:)?[0-9a-f]{1,64}", value):
        raise CatalogueError(text, "a hash is its first digits, 0-9 and a-f")
    if kind == "time" and not _MOMENT.fullmatch(value):
        raise CatalogueError(text, "a time is 2026-11-27 or 2026-11-27T18:28:06Z, in UTC")
    if kind == "number" and _number(value) is None:
        raise CatalogueError(text, f"{value[:40]!r} is no finite number")


def _number(value: str) -> float | None:
    try:
        read = float(value)
    except ValueError:
        return None
    return read if isfinite(read) else None


def condition(term: Term, columns: Sequence[Any] = ()) -> ColumnElement[bool]:
    """The term as an expression; its value is a parameter, never a part of the SQL.

    columns: to be compared in place of those of the field, as where they stand in a subquery.
    """
    field = FIELDS[term.name]
    made = [_one(column, field.kind, term) for column in columns or field.columns]
    if len(made) == 1:
        return made[0]
    return or_(*made) if term.operator != "!=" else made[0] & made[1]


def _one(column: Column[Any], kind: Kind, term: Term) -> ColumnElement[bool]:
    value = term.value
    if kind == "number":
        return _COMPARED[term.operator](column, float(value))
    if kind == "hash":
        return _hash(column, term)
    if kind == "time":
        if term.operator == "=":
            return column.startswith(value, autoescape=True)
        return _COMPARED[term.operator](column, value)
    if term.operator == "~":
        return func.lower(column).contains(value.lower(), autoescape=True)
    return _COMPARED[term.operator](column, value)


def _hash(column: Column[Any], term: Term) -> ColumnElement[bool]:
    """By its first digits: as a range, so that an index serves it."""
    digits = term.value.removeprefix(_ID_PREFIX)
    first = _ID_PREFIX + digits if term.name == "id" else digits
    inside = (column >= first) & (column < first + "g")
    return ~inside if term.operator == "!=" else inside
