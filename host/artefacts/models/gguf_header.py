"""Reads the header of a GGUF file that may be damaged or hostile.

Every count is checked against the bytes that are left before anything of that size is made, so a
file that claims 2**63 tensors costs no more than a look at its first bytes. Tensor data is not
read; it must lie inside the file. Format: ggml, docs/gguf.md.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import gguf

from host.errors import ArtefactError

MAGIC = b"GGUF"
VERSIONS = (2, 3)  # version 1 had 32-bit counts and no writer is left
# Far above any published model (a 256 k vocabulary takes about 15 MB of header), far below harm.
HEADER_LIMIT_BYTES = 256 << 20
FIELD_LIMIT, TENSOR_LIMIT = 65_536, 100_000
DIMENSION_LIMIT = 4  # GGML_MAX_DIMS
ALIGNMENT_BYTES = 32  # GGUF_DEFAULT_ALIGNMENT
# The least bytes that one of each takes: key, type, value; name, dimension, type, offset.
_FIELD_BYTES, _TENSOR_BYTES, _STRING_BYTES = 13, 32, 8

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9

Scalar = int | float | bool | str
Value = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor as the header lists it; offset counts from the start of the file."""

    name: str
    dims: tuple[int, ...]
    type_name: str
    offset: int
    size_bytes: int

    @property
    def weights(self) -> int:
        return prod(self.dims)


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself."""

    version: int
    fields: dict[str, Value]
    tensors: tuple[TensorEntry, ...]


def read_header(path: Path) -> Header:
    """The header of `path`; ArtefactError where it is not a whole GGUF file of one part."""
    try:
        with path.open("rb") as file:
            cursor = _Cursor(path, file, os.fstat(file.fileno()).st_size)
            return _header(cursor)
    except OSError as err:
        raise ArtefactError(str(path), f"cannot be read: {err.strerror or err}") from err


@dataclass(slots=True)
class _Cursor:
    """A place in the file that never goes past its end."""

    path: Path
    file: BinaryIO
    size_bytes: int
    at: int = 0

    def refuse(self, what: str) -> ArtefactError:
        return ArtefactError(str(self.path), what)

    def take(self, count: int) -> bytes:
        self.room(count, 1, "bytes of text")
        self.at += count
        data = self.file.read(count)
        if len(data) != count:
            raise self.refuse("shrank while it was read")
        return data

    def room(self, count: int, each_bytes: int, what: str) -> None:
        """Refuse a count that the rest of the file, or of what a header may take, cannot hold."""
        if self.at + count * each_bytes > self.size_bytes:
            raise self.refuse(
                f"is truncated or damaged: at byte {self.at} its header promises {count} {what}, "
                f"but the file ends at byte {self.size_bytes}"
            )
        if self.at + count * each_bytes > HEADER_LIMIT_BYTES:
            raise self.refuse(f"has a header of more than {HEADER_LIMIT_BYTES} bytes")

    def number(self, code: str) -> int:
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))
        return int(value)

    def text(self) -> str:
        return self.take(self.number("Q")).decode("utf-8", errors="backslashreplace")


def _header(cursor: _Cursor) -> Header:
    version = _version(cursor)
    tensor_count, field_count = cursor.number("Q"), cursor.number("Q")
    for count, limit, least, what in (
        (field_count, FIELD_LIMIT, _FIELD_BYTES, "metadata fields"),
        (tensor_count, TENSOR_LIMIT, _TENSOR_BYTES, "tensors"),
    ):
        cursor.room(count, least, what)
        if count > limit:
            raise cursor.refuse(f"claims {count} {what}, more than the {limit} allowed")
    fields = _fields(cursor, field_count)
    if _parts(fields) > 1:
        raise cursor.refuse(
            "is one part of a model split over several files, which is not supported: "
            "join them with llama-gguf-split --merge"
        )
    return Header(version, fields, _tensors(cursor, tensor_count, _alignment(cursor, fields)))


def _version(cursor: _Cursor) -> int:
    if cursor.size_bytes < 24 or cursor.take(4) != MAGIC:  # noqa: PLR2004 - magic, version, counts
        raise cursor.refuse("is not a GGUF file: it does not start with the magic bytes GGUF")
    version = cursor.number("I")
    if version in VERSIONS:
        return version
    if version & 0xFFFF == 0:
        raise cursor.refuse("is a big-endian GGUF file, which is not supported")
    raise cursor.refuse(f"has GGUF version {version}; versions 2 and 3 can be read")


def _fields(cursor: _Cursor, count: int) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for _ in range(count):
        key = cursor.text()
        if key in fields:
            raise cursor.refuse(f"has the metadata field {key!r} twice")
        kind = cursor.number("I")
        fields[key] = _array(cursor, key) if kind == _ARRAY else _scalar(cursor, key, kind)
    return fields


def _scalar(cursor: _Cursor, key: str, kind: int) -> Scalar:
    if kind == _STRING:
        return cursor.text()
    if kind not in _SCALARS:
        raise cursor.refuse(f"has the metadata field {key!r} of the unknown type {kind}")
    return _unpacked(cursor, _SCALARS[kind], 1)[0]


def _array(cursor: _Cursor, key: str) -> tuple[Scalar, ...]:
    kind, count = cursor.number("I"), cursor.number("Q")
    if kind == _STRING:
        cursor.room(count, _STRING_BYTES, f"strings in {key!r}")
        return tuple(cursor.text() for _ in range(count))
    if kind not in _SCALARS:
        raise cursor.refuse(f"has the metadata array {key!r} of the unknown type {kind}")
    cursor.room(count, struct.calcsize("<" + _SCALARS[kind]), f"values in {key!r}")
    return _unpacked(cursor, _SCALARS[kind], count)


def _unpacked(cursor: _Cursor, code: str, count: int) -> tuple[Scalar, ...]:
    layout = f"<{count}{code}"
    return struct.unpack(layout, cursor.take(struct.calcsize(layout)))


def _parts(fields: dict[str, Value]) -> int:
    count = fields.get("split.count", 1)
    return count if isinstance(count, int) else 1


def _alignment(cursor: _Cursor, fields: dict[str, Value]) -> int:
    stated = fields.get("general.alignment", ALIGNMENT_BYTES)
    if not isinstance(stated, int) or stated <= 0 or stated & (stated - 1):
        raise cursor.refuse(f"has an alignment of {stated!r}, which is not a power of two")
    return stated


def _tensors(cursor: _Cursor, count: int, alignment: int) -> tuple[TensorEntry, ...]:
    listed = [_tensor(cursor) for _ in range(count)]
    names = {entry.name for entry in listed}
    if len(names) != len(listed):
        raise cursor.refuse("names the same tensor twice")
    start = -(-cursor.at // alignment) * alignment
    placed = []
    for entry in listed:
        offset = start + entry.offset
        if offset + entry.size_bytes > cursor.size_bytes:
            raise cursor.refuse(
                f"is truncated: tensor {entry.name!r} reaches to byte "
                f"{offset + entry.size_bytes}, but the file ends at byte {cursor.size_bytes}"
            )
        placed.append(
            TensorEntry(entry.name, entry.dims, entry.type_name, offset, entry.size_bytes)
        )
    return tuple(placed)


def _tensor(cursor: _Cursor) -> TensorEntry:
    """One entry; its offset still counts from the start of the tensor data."""
    name = cursor.text()
    rank = cursor.number("I")
    if not 1 <= rank <= DIMENSION_LIMIT:
        raise cursor.refuse(f"gives tensor {name!r} {rank} dimensions; 1 to 4 are allowed")
    dims = tuple(cursor.number("Q") for _ in range(rank))
    number = cursor.number("I")
    try:
        kind = gguf.GGMLQuantizationType(number)
    except ValueError as err:
        raise cursor.refuse(f"gives tensor {name!r} the unknown type {number}") from err
    block_weights, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    if prod(dims) == 0 or dims[0] % block_weights:
        raise cursor.refuse(
            f"gives tensor {name!r} the shape {dims}, which {kind.name} cannot have"
        )
    size_bytes = prod(dims) // block_weights * block_bytes
    return TensorEntry(name, dims, kind.name, cursor.number("Q"), size_bytes)
