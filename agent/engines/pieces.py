"""The bytes of each token, from a `tokenizer.json`.

The library decodes text, and loses the bytes of tokens that hold a part of a character. The file
may have tens of megabytes; it is mapped and only places in it are kept, for the memory of this
process is measured.
"""

from __future__ import annotations

import json
import mmap
import re
from array import array
from pathlib import Path

from agent.engines.base import EngineError

_ENTRY = re.compile(rb'("(?:[^"\\]|\\.)*")\s*:\s*(\d{1,9})\s*[,}]')
_OBJECT = re.compile(rb"\{[^{}]*\}")
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_WORD_START = "\u2581"  # how sentencepiece writes a space
MAX_ID = 1 << 22


def byte_alphabet() -> dict[str, int]:
    """Character -> byte of byte-level BPE.

    Bytes that print in Latin-1 stand for themselves, the others follow from U+0100 on in their
    order (the scheme of GPT-2's tokenizer, which `ByteLevel` of tokenizers names).
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(b): b for b in plain} | {chr(0x100 + i): b for i, b in enumerate(rest)}


class Pieces:
    """Where each token stands in the file."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self._places = array("q")  # per id: offset << 16 | length, 0 where there is none
        self._byte_level = data.find(b'"ByteLevel"') >= 0
        self._alphabet = byte_alphabet()
        start = max(data.find(b'"vocab"'), 0)
        for entry in _ENTRY.finditer(data, start):
            self._keep(int(entry[2]), entry.start(1), entry.end(1))
        self._special = _special(data, start)

    @classmethod
    def open(cls, path: Path) -> Pieces:
        """Raises EngineError `bad-model` when it is no tokenizer that lists its tokens by id."""
        try:
            with path.open("rb") as file:
                found = cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError) as err:
            raise EngineError("bad-model", f"{path} cannot be read: {err}") from err
        if not found:
            raise EngineError("bad-model", f"{path} lists no tokens with their ids")
        return found

    def __len__(self) -> int:
        return len(self._places)

    def piece(self, token: int) -> bytes:
        """The output bytes of a token: none for a control token."""
        if token in self._special or not 0 <= token < len(self._places):
            return b""
        place = self._places[token]
        if not place:
            return b""
        start = place >> 16
        text = str(json.loads(self._data[start : start + (place & 0xFFFF)]))
        if self._byte_level and all(char in self._alphabet for char in text):
            return bytes(self._alphabet[char] for char in text)
        single = _BYTE.fullmatch(text)
        return bytes([int(single[1], 16)]) if single else text.replace(_WORD_START, " ").encode()

    def _keep(self, token: int, start: int, end: int) -> None:
        if token > MAX_ID or end - start > 0xFFFF:  # noqa: PLR2004 - 16 bits of the place
            return
        if token >= len(self._places):
            self._places.extend([0] * (token + 1 - len(self._places)))
        if not self._places[token]:
            self._places[token] = start << 16 | (end - start)


def _special(data: bytes | mmap.mmap, end: int) -> frozenset[int]:
    """Ids of control tokens: those added tokens that are marked as special."""
    start = data.find(b'"added_tokens"')
    if start < 0:
        return frozenset()
    listed = data[start:end] if start < end else data[start:]
    found = set()
    for one in _OBJECT.findall(listed):
        token = _added(one)
        if token is not None:
            found.add(token)
    return frozenset(found)


def _added(one: bytes) -> int | None:
    try:
        entry = json.loads(one)
    except ValueError:  # a brace in the content cut it short
        return None
    special = isinstance(entry, dict) and entry.get("special") is True
    return int(entry["id"]) if special and isinstance(entry.get("id"), int) else None
