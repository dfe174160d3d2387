"""Keeps what a fast meter sends: rows as they came, and a line for what came together.

`samples-<meter>.bin` holds rows and nothing else (their types stand in `meter.json`), so that each
write only appends: after a kill every whole row is there, and half of one shows by the size.
`blocks-<meter>.tsv` says of each stretch of rows when it came, its CRC, and what was lost in it.
Rows are written first: rows that no line speaks of were in flight at a kill.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agent.spool import Column, SpoolWriter, StreamEnd
from collectors.meters.codings import rows_of
from collectors.meters.layout import Layout, Rows
from collectors.meters.protocol import Block
from collectors.protocol import Clock

# early, early_ns: number of the sample that came least late of these, by the nominal rate, and
# when it had come: what the fit of numbers to the host's clock lives on.
COLUMNS = (
    Column("t_ns", "ns"),
    Column("early_ns", "ns"),
    Column("early", "{number}"),
    Column("first", "{number}"),
    Column("rows", "{count}"),
    Column("crc", "{hex}"),
    Column("lost", "{json}"),
    Column("gaps", "{json}"),
)
# So long is gathered before it is written: 20 lines a second. A kill loses no more than that.
GATHER_NS = 50_000_000
# Reasons are kept to this length, as many of one line as this: the instrument is not trusted.
MOST_REASON, MOST_GAPS = 200, 64


class RowWriter:
    """Appends whole rows to one new file. A full disk leaves whole rows only, as `SpoolWriter`."""

    def __init__(self, path: Path, row_bytes: int) -> None:
        self._path, self._row = path, row_bytes
        self._hash, self._size = hashlib.sha256(), 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._fd = os.open(path, flags, 0o644)

    def append(self, data: bytes) -> None:
        """Raises OSError where not all of it was taken; what fitted of whole rows stays."""
        written = os.write(self._fd, data)
        there = max(0, min(written, os.fstat(self._fd).st_size - self._size))
        kept = data[: there - there % self._row]
        self._hash.update(kept)
        self._size += len(kept)
        if len(kept) < len(data):
            os.ftruncate(self._fd, self._size)
            fault = errno.ENOSPC if there == written else errno.EIO
            raise OSError(fault, f"short write of {there} of {len(data)} bytes")

    def close(self) -> StreamEnd:
        """Sync to the disk and say what was written."""
        try:
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
        rows = self._size // self._row
        return StreamEnd(self._path.stem, rows, self._size, self._hash.hexdigest())


@dataclass(slots=True)
class _Gathered:
    """What came since the last write."""

    first: int
    begun_ns: int
    last_ns: int = 0
    early: int = -1  # stays so where no row came
    early_ns: int = 0
    early_by: float = math.inf
    rows: list[Rows] = field(default_factory=list)
    lost: list[tuple[int, int, str]] = field(default_factory=list)
    gaps: list[tuple[int, str]] = field(default_factory=list)


class SampleWriter:
    """The two files of one meter, written at most 20 times a second."""

    def __init__(self, folder: Path, name: str, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._period_ns = 1e9 / layout.rate_hz
        self._rows = RowWriter(folder / f"samples-{name}.bin", layout.dtype.itemsize)
        stream = f"blocks-{name}"
        self._lines = SpoolWriter(folder / f"{stream}.tsv", stream, clock.domain, COLUMNS)
        self._now: _Gathered | None = None
        self._written_ns: int | None = None  # when the last of it had come

    def add(self, block: Block) -> None:
        """Take a block; it is on the disk once one came 50 ms later. Raises OSError."""
        rows = rows_of(self._layout, block)
        last = _last(block, len(rows))
        by = block.received_ns - last * self._period_ns
        if self._now is not None and block.received_ns - self._now.last_ns > GATHER_NS:
            self.flush()  # a pause stands between two lines: what is lost in it has its place
        now = self._now
        if now is None:
            since_ns = block.received_ns if self._written_ns is None else self._written_ns
            now = self._now = _Gathered(block.first, since_ns)
        now.last_ns = block.received_ns
        if len(rows):
            now.first = now.first if now.rows else block.first
            now.rows.append(rows)
        if len(rows) and by <= now.early_by:
            now.early, now.early_ns, now.early_by = last, block.received_ns, by
        now.lost += block.lost
        now.gaps += [(gap.t_ns, gap.reason) for gap in block.gaps]
        if block.received_ns - now.begun_ns >= GATHER_NS:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered. Raises OSError."""
        now, self._now = self._now, None
        if now is None:
            return
        self._written_ns = now.last_ns
        rows = np.concatenate(now.rows) if now.rows else np.empty(0, self._layout.dtype)
        data = rows.tobytes()
        if data:
            self._rows.append(data)
        fields = (now.last_ns, now.early_ns, now.early, now.first, len(rows))
        crc = f"{zlib.crc32(data):08x}"
        self._lines.append((*map(str, fields), crc, _lost(now.lost), _gaps(now.gaps)))

    def close(self) -> list[StreamEnd]:
        """Write what is left, and say what is there."""
        try:
            self.flush()
        finally:
            ends = [self._rows.close(), self._lines.close()]
        return ends


def _last(block: Block, rows: int) -> int:
    """The number of the last row of a block: losses before it are counted."""
    last = block.first + rows - 1
    for at, count, _ in sorted(block.lost):
        if block.first < at <= last:
            last += count
    return last


def _lost(found: list[tuple[int, int, str]]) -> str:
    return json.dumps([[at, count, reason[:MOST_REASON]] for at, count, reason in found])


def _gaps(found: list[tuple[int, str]]) -> str:
    kept = [[t_ns, reason[:MOST_REASON]] for t_ns, reason in found[:MOST_GAPS]]
    if len(found) > MOST_GAPS:
        kept.append([found[-1][0], f"and {len(found) - MOST_GAPS} more"])
    return json.dumps(kept)
