r"""Messages to the shell agent: a line of fields, since a shell reads no JSON.

    kind <TAB> key=value <TAB> key=value ... <LF>

A value is its bytes with all but `A-Z a-z 0-9 . _ / : , + @ = ~ -` and the space written as
`\0ooo`, three octal digits: printf(1) `%b` makes bytes of it, and no shell finds a word, a quote,
a pattern or a newline in it. Objects give `key.sub=`, lists their key again for each element, a
list of objects `key=<index>` before the fields of each. true and false are words, null is left
out.
The agent answers in JSON (`agent.wire`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:,+@=~- ")


def encode_line(kind: str, fields: Mapping[str, Any] | None = None) -> bytes:
    """One message as a line. Raises ValueError for what a line cannot hold."""
    found = [f"{key}={_coded(value)}" for key, value in _flat(fields or {})]
    return ("\t".join([kind, *found]) + "\n").encode("ascii")


def _flat(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in fields.items():
        yield from _field(f"{above}{key}", value)


def _field(key: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from _flat(value, f"{key}.")
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            if isinstance(one, Mapping):
                yield key, index
                yield from _flat(one, f"{key}.")
            else:
                yield from _field(key, one)
    elif value is not None:
        yield key, value


def _coded(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{value!r} cannot be told to a shell")
    data = value.encode("utf-8", errors="surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"\\0{byte:03o}" for byte in data)
