"""Bytes of a record: decimal strings, canonical form, identity, and the file itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec
import rfc8785

from agent.wire import WireError, strict_json
from host.errors import FolderError
from host.handover.record import SCHEMA_VERSION, Record

# Stands in a record until its identity is known; the identity is not over itself.
NO_ID = f"urn:sha256:{'0' * 64}"
_MAX_INTEGER = 2**53 - 1  # the largest integer that every JSON reader keeps (RFC 8785, 3.2.2.3)
# Between these magnitudes digits are written out; beyond them an exponent reads better.
_PLAIN_FROM, _PLAIN_TO = 1e-12, 1e16
_BEYOND_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")


def decimal(value: float) -> str:
    """The shortest decimal text that reads back as the same double; no negative zero.

    It has an exponent only where digits written out would be long. Raises ValueError for what
    is no number.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is no number that a record can hold")
    if value == 0:
        return "0"
    shortest = repr(float(value))
    if _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        shortest = format(Decimal(shortest), "f")
    return shortest.removesuffix(".0")


def quoted(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Free-form JSON made fit for a record: no floats, no big integers, keys in order.

    Floats become decimal strings, integers beyond 2^53-1 digit strings; half a surrogate pair,
    which has no UTF-8 bytes, becomes U+FFFD. Raises ValueError for what is no JSON.
    """
    fit = _FIT.get(type(value), _general)
    return fit(value)


def _general(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The same for what only behaves as one of JSON's types, such as an enumeration."""
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _array(value)
    raise ValueError(f"{type(value).__name__} is no JSON")


def _same(value: bool | None) -> bool | None:  # noqa: FBT001 - a value of JSON, no switch
    return value


def _integer(value: int) -> int | str:
    return value if abs(value) <= _MAX_INTEGER else str(value)


def _text(value: str) -> str:
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {_text(str(key)): quoted(value[key]) for key in sorted(value, key=str)}


def _array(value: Sequence[Any]) -> list[Any]:
    return [quoted(each) for each in value]


# By exact type: a record has some ten thousand values, and a chain of `isinstance` is slow.
_FIT: dict[type, Callable[[Any], Any]] = {
    bool: _same,
    dict: _object,
    float: decimal,
    int: _integer,
    list: _array,
    str: _text,
    tuple: _array,
    type(None): _same,
}


def canonical_bytes(value: Any) -> bytes:  # noqa: ANN401 - JSON of any shape
    """The RFC 8785 bytes: what is hashed, never what is stored.

    Raises rfc8785.CanonicalizationError for what has no such bytes.
    """
    return _plain(value) or rfc8785.dumps(value)


def _plain(value: Any) -> bytes | None:  # noqa: ANN401 - JSON of any shape
    """The same bytes from the encoder of Python, twice as fast; None where they may differ.

    They differ for floats, for integers that a double cannot hold, for keys that are no text, and
    in the order of keys beyond the basic plane (RFC 8785, 3.2.3: by UTF-16).
    """
    try:
        text = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        )
        json.loads(text, parse_float=_refused, parse_int=_exact)
        named = msgspec.to_builtins(value, str_keys=True) == value
        return text.encode() if named and not _BEYOND_BASIC_PLANE.search(text) else None
    except (TypeError, ValueError):
        return None


def _refused(text: str) -> float:
    raise ValueError(text)


def _exact(text: str) -> int:
    found = int(text)
    return found if abs(found) <= _MAX_INTEGER else int(_refused(text))


def sha256_of(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    """SHA-256 of the canonical bytes, lower-case hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def record_id_of(record: Record) -> str:
    """The identity of a record: `urn:sha256:` of everything in it but the identity itself."""
    fields = msgspec.to_builtins(record)
    del fields["record_id"]
    return f"urn:sha256:{sha256_of(fields)}"


def identified(record: Record) -> Record:
    """The record with its identity, its texts and free-form fields fit to be hashed."""
    fit = msgspec.convert(quoted(msgspec.to_builtins(record)), Record)
    return msgspec.structs.replace(fit, record_id=record_id_of(fit))


def to_bytes(record: Record) -> bytes:
    """The file: fields in declared order, two spaces a level, UTF-8, one LF at the end."""
    text = json.dumps(msgspec.to_builtins(record), ensure_ascii=False, allow_nan=False)
    return msgspec.json.format(text.encode(), indent=2) + b"\n"


def from_bytes(raw: bytes, name: str = "record.json") -> Record:
    """Read a record of this version. Raises FolderError with `name` for what is not exactly one.

    Refused: duplicate keys, NaN, unknown or missing fields, wrong types, numbers that are no
    decimal strings. The identity is not checked here: compare `record_id` with `record_id_of`.
    `upgrade.read_record` reads older versions too.
    """
    return record_in(strict_object(raw, name), name)


def strict_object(raw: bytes, name: str) -> dict[str, Any]:
    """A JSON object without duplicate keys or NaN. Raises FolderError with `name`."""
    try:
        found = strict_json(raw)
    except WireError as err:
        raise FolderError(name, f"is no whole JSON file: {err}") from err
    if not isinstance(found, dict):
        raise FolderError(name, "is no JSON object")
    return found


def record_in(found: dict[str, Any], name: str) -> Record:
    """The record that plain JSON is. Raises FolderError with `name` and the first fault."""
    schema = found.get("schema")
    version = schema.get("version") if isinstance(schema, Mapping) else None
    if isinstance(version, str) and version != SCHEMA_VERSION:
        raise FolderError(name, f"has the schema version {version!r}, not {SCHEMA_VERSION}")
    try:
        return msgspec.convert(found, Record, strict=True)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(name, f"is no record of version {SCHEMA_VERSION}: {err}") from err
