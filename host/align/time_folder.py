"""The timekeeping of a run folder: `data/time-before*.json` and `data/time-after*.json`."""

from __future__ import annotations

from pathlib import Path

from host.align.streams import read_json
from host.align.time_corrections import Span
from host.align.time_moment import moment_of
from host.align.timekeeping import timekeeping_of
from host.errors import FolderError
from host.handover.timekeeping import Moment, Timekeeping

BEFORE, AFTER = "time-before", "time-after"


def timekeeping_in(data: Path) -> Timekeeping:
    """Read and judge all sessions' readings; a folder from before them has none."""
    sessions = sorted(
        (path.stem.removeprefix(BEFORE) for path in data.glob(f"{BEFORE}*.json")),
        key=lambda suffix: (len(suffix), suffix),
    )
    spans = []
    for suffix in sessions:
        after = data / f"{AFTER}{suffix}.json"
        end = _moment(after) if after.exists() else None
        spans.append(Span(_moment(data / f"{BEFORE}{suffix}.json"), end))
    return timekeeping_of(spans)


def _moment(path: Path) -> Moment:
    said = read_json(path)
    if not isinstance(said, dict):
        raise FolderError(str(path), "is no JSON object")
    return moment_of(said)
