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
# What the library says of a pattern or a length, and what it means to a person.
_PLAIN = (
    ("`str` of length >= 1", "some text; it is empty"),
    ("matching regex", "a text of the right form (see `inferometer laboratory init`)"),
)


def parse_laboratory(data: bytes, name: str) -> Laboratory:
    """A laboratory file. Raises LaboratoryError: file, line where known, key and what is wrong."""
    if len(data) > MAX_BYTES:
        raise LaboratoryError(name, f"is larger than {MAX_BYTES} B, so it is no laboratory file")
    try:
        text = data.decode("utf-8")
        found = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
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
    for theirs, ours in _PLAIN:
        if theirs in said:
            return f"{_line(text, where)}{where}: expected {ours}"
    return f"{_line(text, where)}{where}: {said[:1].lower()}{said[1:]}"


def _line(text: str, key: str) -> str:
    """`line 12: ` of the first line that assigns the last part of a key, "" for none or several.

    In [table] of the parts before it, as far as the file is written so.
    """
    *tables, last = re.sub(r"\[[^]]*\]", "", key).split(".")
    section, hits = "", []
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line)
        if header:
            section = header[1]
        assigned = re.match(rf"\s*{re.escape(last)}\s*=", line)
        inline = tables and re.match(rf"\s*{re.escape(tables[-1])}\s*=\s*\{{", line)
        if (assigned and section == ".".join(tables)) or (
            inline and section == ".".join(tables[:-1])
        ):
            hits.append(number)
    return f"line {hits[0]}: " if len(hits) == 1 else ""
