"""Reads what `host/run/samples.py` kept of a fast meter: rows, when they came, what was lost.

Everything in it is data of somebody else: counts, numbers and types are checked before any row is
believed. What comes after a damaged line is not used, since rows are found by counting.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agent.spool import SpoolFault, SpoolFile, read_spool
from collectors.meters.layout import Layout
from host.align.envelope import hidden
from host.align.rows import RowFile
from host.handover.trace import IntArray

_MOST = 2**53  # numbers and counts beyond it are none: doubles would lose them
_MOST_NS = 2**62  # 146 years of uptime
_FIELDS = ("early_ns", "early", "first", "rows", "crc", "lost", "gaps")
_NONE = "[]"
_UNSEEN = "lost: no number shows it, all later samples came so much later"
Lost = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Runs:
    """Numbers of rows: from row_at[i] on they count up from number_at[i]. Both ascend."""

    row_at: IntArray
    number_at: IntArray

    def numbers(self, rows: IntArray) -> IntArray:
        """Of these rows."""
        at = np.searchsorted(self.row_at, rows, side="right") - 1 if len(self.row_at) > 1 else 0
        found: IntArray = rows - self.row_at[at] + self.number_at[at]
        return found

    def row(self, number: int) -> int:
        """How many rows have a smaller number."""
        at = int(np.searchsorted(self.number_at, number, side="right")) - 1
        if at < 0:
            return 0
        row = int(self.row_at[at]) + number - int(self.number_at[at])
        return min(row, int(self.row_at[at + 1])) if at + 1 < len(self.row_at) else row


@dataclass(frozen=True, slots=True)
class Blocks:
    """A recording as read. lost: in true numbers. gaps: host time and reason.

    early, early_ns: arrivals that were least late, by true number. doubt_ns: how far numbers after
    a loss may be off, as time. faults: by file name.
    """

    rows: RowFile
    runs: Runs
    early: IntArray
    early_ns: IntArray
    lost: tuple[Lost, ...]
    gaps: tuple[tuple[int, str], ...]
    doubt_ns: int
    faults: tuple[tuple[str, SpoolFault], ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the blocks; row: its first row."""

    row: int
    rows: int
    first: int
    early: int
    early_ns: int
    crc: int
    lost: tuple[Lost, ...]
    gaps: tuple[tuple[int, str], ...]


def blocks_in(place: Path, name: str, layout: Layout) -> Blocks:
    """The recording of one meter. Raises ValueError and its kin for what is none."""
    binary, lines = f"samples-{name}.bin", f"blocks-{name}.tsv"
    spool = read_spool((place / lines).read_bytes())
    size = (place / binary).stat().st_size
    whole = size // layout.dtype.itemsize
    rows = RowFile(place / binary, layout.dtype, whole)
    faults = [(lines, fault) for fault in spool.faults]
    found = list(_sound(spool, rows, faults, binary))
    used = found[-1].row + found[-1].rows if found else 0
    if size > used * layout.dtype.itemsize and all(f.fault == "torn" for _, f in faults):
        faults.append((binary, SpoolFault(used, "torn")))
    losses = [_Loss(at, count, reason) for one in found for at, count, reason in one.lost]
    losses.sort(key=lambda loss: loss.at)
    filled = [one for one in found if one.rows]
    early = np.array([one.early for one in filled], np.int64)
    early_ns = np.array([one.early_ns for one in filled], np.int64)
    _check(filled, _runs(losses), early, early_ns)
    losses, doubt_ns = _with_hidden(losses, filled, (early, early_ns), layout)
    extra = np.cumsum([0, *(loss.hidden for loss in losses)])
    before = np.searchsorted([loss.at for loss in losses], early, side="right")
    return Blocks(
        rows=replace(rows, count=used),
        runs=_runs(losses),
        early=early + extra[before],
        early_ns=early_ns,
        lost=tuple(
            (loss.at + int(more), loss.count + loss.hidden, loss.reason)
            for loss, more in zip(losses, extra[:-1], strict=True)
        ),
        gaps=tuple(gap for one in found for gap in one.gaps),
        doubt_ns=doubt_ns,
        faults=tuple(faults),
    )


@dataclass(frozen=True, slots=True)
class _Loss:
    """count samples from number `at` on were seen to be lost, and `hidden` more were not."""

    at: int
    count: int
    reason: str
    hidden: int = 0


def _sound(
    spool: SpoolFile, rows: RowFile, faults: list[tuple[str, SpoolFault]], binary: str
) -> Iterator[_Line]:
    """The lines up to the first that is damaged, or whose rows are."""
    places, row = [spool.index(name) for name in _FIELDS], 0
    with rows.path.open("rb") as file:
        for expected, raw in enumerate(spool.lines):
            if raw.seq != expected:
                return
            line = _line(row, [raw.fields[at] for at in places])
            there = line.rows <= len(rows) - row
            found = file.read(line.rows * rows.dtype.itemsize) if there else b""
            if not there or zlib.crc32(found) != line.crc:
                faults.append((binary, SpoolFault(row, "crc")))
                return
            yield line
            row += line.rows


def _line(row: int, fields: Sequence[str]) -> _Line:
    early_ns, early, first, rows, crc, lost, gaps = fields
    return _Line(
        row,
        _count(int(rows)),
        _count(int(first)),
        _count(int(early) + 1) - 1,  # -1 where no row came
        _count(int(early_ns), _MOST_NS),
        int(crc, 16),
        tuple((_count(at), _count(n), str(why)) for at, n, why in _listed(lost)),
        tuple((_count(t_ns, _MOST_NS), str(why)) for t_ns, why in _listed(gaps)),
    )


def _listed(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds; nearly always nothing
    try:
        return json.loads(text) if text != _NONE else ()
    except RecursionError as err:
        raise ValueError("lists in lists") from err


def _count(value: Any, most: int = _MOST) -> int:  # noqa: ANN401 - out of a JSON file
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
        raise ValueError(value)
    return value


def _check(filled: Sequence[_Line], runs: Runs, early: IntArray, early_ns: IntArray) -> None:
    """Raises ValueError where the numbers of rows are not what was counted."""
    if np.any(early < 0):
        raise ValueError("an arrival has no number")
    if np.any(np.diff(early) <= 0) or np.any(np.diff(early_ns) < 0):
        raise ValueError("arrivals are not in order")
    if np.any(np.diff(runs.row_at) < 0):
        raise ValueError("losses lie in each other")
    first = np.array([one.first for one in filled], np.int64)
    row = np.array([one.row for one in filled], np.int64)
    if np.any(runs.numbers(row) != first):
        raise ValueError("rows are not numbered as they were counted")


def _with_hidden(
    losses: Sequence[_Loss],
    filled: Sequence[_Line],
    arrivals: tuple[IntArray, IntArray],
    layout: Layout,
) -> tuple[list[_Loss], int]:
    """The losses, with what only the arrivals tell: at one that was seen, or before a line."""
    found, (early, early_ns) = list(losses), arrivals
    starts = np.array([loss.at for loss in losses], np.int64)
    breaks = np.unique(np.searchsorted(early, starts)).tolist()
    period_ns = 1e9 / layout.rate_hz
    more, doubt_ns = hidden(early, early_ns, breaks, period_ns, layout.hides)
    for at, count in more:
        inside = np.flatnonzero((starts > early[at - 1]) & (starts <= early[at]))
        if len(inside):
            first = int(inside[0])
            found[first] = replace(found[first], hidden=count)
        else:
            found.append(_Loss(filled[at].first, 0, _UNSEEN, count))
    return sorted(found, key=lambda loss: loss.at), doubt_ns


def _runs(losses: Sequence[_Loss]) -> Runs:
    row, passed = [0], [0]
    seen = 0
    for loss in losses:
        row.append(loss.at - seen)
        seen += loss.count
        passed.append(passed[-1] + loss.count + loss.hidden)
    rows = np.array(row, np.int64)
    return Runs(rows, rows + np.array(passed, np.int64))
