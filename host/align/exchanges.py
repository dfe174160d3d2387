"""The clock exchanges of a run folder: `data/clock-*.tsv`, one set each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.spool import SpoolFile, SpoolFormatError, read_spool
from host.align.fit import Alignment, Bracket, SteppedError, align, bracket
from host.errors import FolderError

STEPPED = Alignment((), 0, 0, None, None, "stepped")


def exchanges_in(data: Path) -> list[SpoolFile]:
    """Every set, in the order of names. Raises FolderError for a file that is none."""
    found = []
    for path in sorted(data.glob("clock-*.tsv")):
        try:
            found.append(read_spool(path.read_bytes()))
        except SpoolFormatError as err:
            raise FolderError(str(path), str(err)) from err
    return found


def aligned_by(files: Sequence[SpoolFile]) -> Alignment | None:
    """How device and host stand to each other; None where nobody exchanged anything.

    Raises FolderError for stamps that are no numbers.
    """
    try:
        stamps = [np.array(rows, dtype=np.int64) for file in files if (rows := _rows(file))]
    except (ValueError, OverflowError) as err:
        raise FolderError("data/clock-*.tsv", f"a stamp is no number of ns: {err}") from err
    try:
        sets: list[Bracket] = [bracket(each) for each in stamps]
    except SteppedError:
        return STEPPED
    return align(sets) if sets else None


def clock_facts(
    files: Sequence[SpoolFile], found: Alignment | None, device_clock: str
) -> dict[str, Any]:
    """What the record says of the exchanges; numbers of ns as strings."""
    host_clock = files[0].clock if files else ""
    sets = () if found is None else found.brackets
    said: dict[str, Any] = {
        "device_clock": device_clock,
        "host_clock": host_clock,
        "same_clock": bool(host_clock) and host_clock == device_clock,
        "offset_ns": str(found.offset_ns if found else 0),
        "bound_ns": str(found.bound_ns if found else 0),
        "rtt_min_ns": str(min((b.rtt_min_ns for b in sets), default=0)),
        "exchanges": sum(b.count for b in sets),
        "exchanges_used": sum(b.used for b in sets),
        "method": "rtt_bracket",
        "problem": found.problem if found else "",
        "sets": [_set(b) for b in sets],
    }
    if found is not None and found.drift_ppm is not None:
        said |= {"drift_ppm": found.drift_ppm, "drift_bound_ppm": found.drift_bound_ppm}
    return said


def _set(one: Bracket) -> dict[str, Any]:
    """One set: when on the host's clock, and what it proves."""
    return {
        "at_ns": str(one.at_ns),
        "offset_ns": str(one.offset_ns),
        "bound_ns": str(one.bound_ns),
        "rtt_min_ns": str(one.rtt_min_ns),
        "exchanges": one.count,
    }


def _rows(file: SpoolFile) -> list[list[int]]:
    return [[int(field) for field in line.fields] for line in file.lines]
