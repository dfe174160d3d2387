"""The spool: append-only files of plain lines that a shell could write too.

A file starts with one header line, `# ` and a JSON object: `spool` (format version), `stream`,
`clock` (domain of every `*_ns` column), `columns` (list of [name, unit]). Every further line is

    seq <TAB> field <TAB> ... <TAB> crc <LF>

`seq` counts from 0 without holes; a hole is a lost line, which no CRC can show. `crc` is the
CRC-32 (zlib) of the line up to and without the last TAB, 8 hex digits, or `-` from a writer
that cannot afford one. A field that is missing is `!` and its reason; text fields are JSON
strings without TAB or LF. A last line without LF is torn: readers count it and go on.
The final count of each stream is stated by the writer at the end, and sealed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SPOOL_VERSION = 1
MAX_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stream: its name, and the UCUM unit, or a type word in braces."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """What a writer states when it closes a stream: data lines, bytes and SHA-256 of the file."""

    stream: str
    lines: int
    size_bytes: int
    sha256: str


def header(stream: str, clock: str, columns: Sequence[Column]) -> bytes:
    """The first line of a stream."""
    head = {
        "spool": SPOOL_VERSION,
        "stream": stream,
        "clock": clock,
        "columns": [[c.name, c.unit] for c in columns],
    }
    return b"# " + json.dumps(head, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def line(seq: int, fields: Sequence[str]) -> bytes:
    """One data line with its CRC."""
    body = "\t".join((str(seq), *fields)).encode()
    return b"%s\t%08x\n" % (body, zlib.crc32(body))


class SpoolWriter:
    """Appends lines to one stream, one `write` call a line or a batch, so that a kill loses none.

    A full disk leaves whole lines only: what did not fit is cut off before OSError is raised,
    so that the counts of `close` still hold for the file.
    """

    def __init__(self, path: Path, stream: str, clock: str, columns: Sequence[Column]) -> None:
        self._stream = stream
        self._seq = 0
        self._size = 0
        self._hash = hashlib.sha256()
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        # A kill before the header is written must leave no file that is none of a stream.
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        self._fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        try:
            self._write(header(stream, clock, columns))
            _named(part, path)
        except OSError:
            os.close(self._fd)
            raise

    def append(self, fields: Sequence[str]) -> None:
        """Write one line; raises OSError when the disk does not take all of it."""
        self._seq += self._write(line(self._seq, fields))

    def extend(self, rows: Sequence[Sequence[str]]) -> None:
        """Write many lines with one call; raises OSError, the lines that fitted stay."""
        lines = [line(seq, fields) for seq, fields in enumerate(rows, self._seq)]
        self._seq += self._write(b"".join(lines))

    def close(self) -> StreamEnd:
        """Sync to the disk and say what was written."""
        try:
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
        return StreamEnd(self._stream, self._seq, self._size, self._hash.hexdigest())

    def _write(self, data: bytes) -> int:
        """Write, and give back the number of lines that stand in the file."""
        written = os.write(self._fd, data)
        # What `write` says may be a lie: the file itself says how much of it is there.
        grown = os.fstat(self._fd).st_size - self._size
        there = max(0, min(written, grown))
        if there == grown == len(data):
            self._hash.update(data)
            self._size += len(data)
            return data.count(b"\n")
        kept = data[: data.rfind(b"\n", 0, there) + 1]
        self._hash.update(kept)
        self._size += len(kept)
        self._seq += kept.count(b"\n")
        os.ftruncate(self._fd, self._size)
        fault = errno.ENOSPC if there == written else errno.EIO
        raise OSError(fault, f"short write of {there} of {len(data)} bytes")


def _named(part: Path, path: Path) -> None:
    """Rename, and see that it was done. Raises OSError."""
    part.replace(path)
    if not path.exists():
        raise OSError(errno.EIO, f"{path.name} did not get its name")


@dataclass(frozen=True, slots=True)
class SpoolLine:
    """A data line as read back: its number in the file (from 1), `seq` and its fields."""

    number: int
    seq: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpoolFault:
    """A line that is not what the writer wrote: `torn`, `crc`, `sequence`, `columns`, `text`."""

    number: int
    fault: str


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """A stream as read back; faults are listed, never skipped in silence."""

    stream: str
    clock: str
    columns: tuple[Column, ...]
    lines: tuple[SpoolLine, ...]
    faults: tuple[SpoolFault, ...]

    def index(self, column: str) -> int:
        """Position of a column among the fields of a line."""
        return [c.name for c in self.columns].index(column)


class SpoolFormatError(ValueError):
    """The file is not a spool that this version reads."""


def read_spool(data: bytes) -> SpoolFile:
    """Parse a whole stream. Raises SpoolFormatError when the header is not one."""
    head, _, rest = data.partition(b"\n")
    stream, clock, columns = _parse_header(head)
    lines: list[SpoolLine] = []
    faults: list[SpoolFault] = []
    expected = 0
    for number, raw in _raw_lines(rest):
        parsed = _parse_line(number, raw, len(columns))
        if isinstance(parsed, SpoolFault):
            faults.append(parsed)
            continue
        if parsed.seq != expected:
            faults.append(SpoolFault(number, "sequence"))
        expected = parsed.seq + 1
        lines.append(parsed)
    return SpoolFile(stream, clock, columns, tuple(lines), tuple(faults))


def _parse_header(head: bytes) -> tuple[str, str, tuple[Column, ...]]:
    if not head.startswith(b"# ") or len(head) > MAX_LINE_BYTES:
        raise SpoolFormatError("no spool header in line 1")
    try:
        found = json.loads(head[2:])
        version = found["spool"]
        if version == SPOOL_VERSION:
            columns = tuple(Column(str(name), str(unit)) for name, unit in found["columns"])
            return str(found["stream"]), str(found["clock"]), columns
    except (KeyError, TypeError, ValueError, RecursionError) as err:
        raise SpoolFormatError(f"spool header in line 1 is damaged: {err!r}") from err
    raise SpoolFormatError(f"spool version {version}, {SPOOL_VERSION} is read here")


def _raw_lines(rest: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line; only a torn last one comes without its LF."""
    start, number = 0, 2
    while start < len(rest):
        end = rest.find(b"\n", start) + 1 or len(rest)
        yield number, rest[start:end]
        start, number = end, number + 1


def _parse_line(number: int, raw: bytes, columns: int) -> SpoolLine | SpoolFault:
    if not raw.endswith(b"\n"):
        return SpoolFault(number, "torn")
    body, _, crc = raw[:-1].rpartition(b"\t")
    if crc != b"-" and crc != b"%08x" % zlib.crc32(body):
        return SpoolFault(number, "crc")
    try:
        seq, *fields = body.decode().split("\t")
        if len(fields) != columns:
            return SpoolFault(number, "columns")
        return SpoolLine(number, int(seq), tuple(fields))
    except ValueError:
        return SpoolFault(number, "text")
