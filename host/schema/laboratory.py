"""Reads laboratory files: strict TOML, with a sentence that names key and line where it can."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal

import msgspec

from host.errors import LaboratoryError
from host.handover.laboratory import LABORATORY_VERSION, Laboratory

MAX_BYTES = 256 << 10
_AT = re.compile(r" - at `\$\.?(?P<where>[^`]*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
# What a value must be where the library can only quote a pattern.
_FORMS = {
    "key": "the id of a public key, 64 hex digits (see `inferometer keys`)",
    "record_no": "a pattern without spaces, at most 100 characters",
    "value": "a number as a decimal string",
    "U": "a number as a decimal string",
    "k": "a number as a decimal string",
    "quantity": "a name in lower case, such as ambient_temperature",
}


def parse_laboratory(data: bytes, name: str) -> Laboratory:
    """A laboratory file. Raises LaboratoryError: file, line where known, key and what is wrong."""
    if len(data) > MAX_BYTES:
        raise LaboratoryError(name, f"is larger than {MAX_BYTES} B, so it is no laboratory file")
    try:
        text = data.decode("utf-8")
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as err:  # not UTF-8, no TOML, 5000 digits, 1000 brackets
        raise LaboratoryError(name, f"is no valid TOML: {err}") from err
    if found.get("format") not in (None, LABORATORY_VERSION):
        said = found["format"]
        raise LaboratoryError(name, f"format = {said!r}, this version reads {LABORATORY_VERSION}")
    try:
        laboratory = msgspec.convert(found, Laboratory, strict=True)
    except msgspec.ValidationError as err:
        raise LaboratoryError(name, _sentence(str(err), text)) from err
    for key, problem in _problems(laboratory):
        raise LaboratoryError(name, f"{_line(text, key)}{key}: {problem}")
    return laboratory


def _problems(laboratory: Laboratory) -> list[tuple[str, str]]:
    """What types cannot say: (key, what is wrong)."""
    found = []
    unknown = re.sub(r"\{(date|id)\}", "", laboratory.record_no)
    if "{" in unknown or "}" in unknown:
        found.append(("record_no", "knows {date} and {id} in braces and nothing else"))
    seen = set()
    for person in laboratory.people:
        if (person.name, person.role) in seen:
            found.append(("people", f"{person.name} stands there twice as {person.role}"))
        seen.add((person.name, person.role))
    for each in laboratory.environment:
        if (each.U is None) != (each.k is None):
            found.append(("environment", f"{each.quantity}: U and k go together"))
        if each.k is not None and Decimal(each.k) < 1:
            found.append(("environment", f"{each.quantity}: k is below 1"))
    return found


def _sentence(message: str, text: str) -> str:
    """The library's message with the key first, and its line where the key is found."""
    at = _AT.search(message)
    where = at["where"] if at else ""
    said = _AT.sub("", message)
    for pattern, words in ((_UNKNOWN, "is unknown"), (_MISSING, "is missing")):
        match = pattern.search(said)
        if match:
            key = ".".join(x for x in (where, match["key"]) if x)
            line = _line(text, key) if pattern is _UNKNOWN else ""
            return f"{line}{key} {words}"
    if "length >= 1" in said:
        said = "expected some text, and it is empty"
    elif "matching regex" in said:
        last = where.rpartition(".")[2]
        said = f"expected {_FORMS.get(last, 'one line of text, not empty')}"
    return f"{_line(text, where)}{where}: {said[:1].lower()}{said[1:]}"


def _line(text: str, key: str) -> str:
    """`line 12: ` of the line that assigns a key, "" where that cannot be told.

    `people[1].role` is looked for under the second [[people]] header.
    """
    *tables, last = key.split(".")
    wanted = [re.match(r"(\w+)(?:\[(\d+)\])?", table) for table in tables]
    path = [(m[1], int(m[2] or 0)) for m in wanted if m]
    seen: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([\w.]+)", line)
        if header:
            section = header[1]
            seen[section] = seen.get(section, -1) + 1
        if _assigns(line, last, path, (section, seen.get(section, 0))):
            return f"line {number}: "
    return ""


def _assigns(
    line: str, last: str, path: list[tuple[str, int]], here: tuple[str, int]
) -> re.Match[str] | None:
    """Whether a line in section `here` assigns the key, or the inline table that holds it."""
    under = (".".join(name for name, _ in path), path[-1][1] if path else 0)
    if here == under:
        return re.match(rf"\s*{re.escape(last)}\s*=", line)
    above = (".".join(name for name, _ in path[:-1]), path[-2][1] if path[1:] else 0)
    if path and here == above:
        return re.match(rf"\s*{re.escape(path[-1][0])}\s*=\s*\{{", line)
    return None
