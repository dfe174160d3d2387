"""Reads a TOML file into a typed struct: strict, with a sentence that names key and fix."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import types
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from host.errors import UsageError

# Far above what people write by hand, far below what would fill a memory; our choice.
MAX_BYTES = 1 << 20
Struct = TypeVar("Struct", bound=msgspec.Struct)
Refusal = Callable[[str, str], UsageError]

_AT = re.compile(r" - at (`key` in )?`\$\.?(?P<where>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<key>[^`]*)`")
CHOICE = re.compile(r"Invalid enum value (?P<value>.*)$")


def read(path: Path, refusal: Refusal) -> bytes:
    """The bytes of a file that people wrote. refusal: makes the error from (file, what)."""
    try:
        if path.exists() and not path.is_file():
            raise refusal(str(path), "is no file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as err:
        raise refusal(str(path), f"cannot be read ({getattr(err, 'strerror', err)})") from err
    if len(data) > MAX_BYTES:
        raise refusal(str(path), f"is larger than {MAX_BYTES >> 20} MiB")
    return data


def convert(data: bytes, name: str, kind: type[Struct], refusal: Refusal) -> Struct:
    """A struct of `kind`; unknown keys, wrong types and values out of range are refused."""
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as err:  # not UTF-8, no TOML, 5000 digits, 1000 brackets
        raise refusal(name, f"is no valid TOML: {err}") from err
    for key, value in _floats(found, ""):
        if not math.isfinite(value):
            raise refusal(name, f"{place(key)}: {value} is no number that anything can have")
    try:
        return msgspec.convert(found, kind, strict=True)
    except msgspec.ValidationError as err:
        raise refusal(name, _sentence(str(err), kind)) from err


def _floats(value: object, key: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _floats(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _floats(inner, f"{key}[{number}]")


def _sentence(message: str, kind: type[msgspec.Struct]) -> str:
    """The library's message with the key first and what to do about it."""
    at = _AT.search(message)
    where = at["where"] if at else ""
    said = _AT.sub("", message)
    table = f" in {place(where)}" if where else ""
    if unknown := _UNKNOWN.search(said):
        return f"unknown key {unknown['key']}{table}; {_near(unknown['key'], where, kind)}"
    if missing := _MISSING.search(said):
        return f"the key {missing['key']} is missing{table}"
    if choice := CHOICE.search(said):
        return f"{place(where)}: {choice['value']} is none of {choices(where, kind)}"
    if at and at[1]:  # the library does not say which of the names it is
        return f"{place(where)}: a name is too long, or has characters that do not belong there"
    if "matching regex" in said or "length" in said:
        return f"{place(where)}: empty, too long, or with characters that do not belong there"
    return f"{place(where)}: {said[:1].lower()}{said[1:]}"


def place(path: str) -> str:
    """`source[0].unit` counted from 1, as people count: source 1, unit; `[...]` is of a name."""
    path = path.replace("[...]", " of a name")
    return re.sub(r"\[(\d+)\]", lambda m: f" {int(m[1]) + 1}", path).replace(".", ", ")


def _near(key: str, where: str, kind: type[msgspec.Struct]) -> str:
    fields = sorted({f for each in _types(where, kind) for f in _fields(each)})
    near = difflib.get_close_matches(key, fields, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(fields)}"


def choices(where: str, kind: type[msgspec.Struct]) -> str:
    """The words that a Literal or an Enum at this place allows."""
    words: list[str] = []
    for each in _types(where, kind):
        if isinstance(each, type) and issubclass(each, Enum):
            words += [str(member.value) for member in each]
        else:
            words += [str(word) for word in get_args(each)]
    return ", ".join(word or '""' for word in words) or "the known words"


def _types(where: str, kind: Any) -> list[Any]:  # noqa: ANN401 - any annotation
    """The types that stand at a place such as `source[0].unit`."""
    found = [kind]
    for name in filter(None, re.sub(r"\[[^]]*\]", "", where).split(".")):
        found = [
            part for each in found for field in _named(each, name) for part in _parts(field.type)
        ]
    return found


def _named(kind: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    if name in _fields(kind):
        yield from (f for f in msgspec.structs.fields(kind) if f.encode_name == name)


def _fields(kind: Any) -> list[str]:  # noqa: ANN401 - any annotation
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [f.encode_name for f in msgspec.structs.fields(kind)]
    return []


def _parts(kind: Any) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    """What a type is made of: members of unions, elements of tuples, not their constraints."""
    if hasattr(kind, "__metadata__"):
        yield from _parts(kind.__origin__)
    elif get_origin(kind) is dict:
        yield from _parts(get_args(kind)[1])
    elif get_origin(kind) in (Union, types.UnionType, tuple):
        for each in get_args(kind):
            if each not in (type(None), ...):
                yield from _parts(each)
    else:
        yield kind
