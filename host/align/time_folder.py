"""The timekeeping of a run folder: `data/time-before*.json` and `data/time-after*.json`.

They are the device's. `host-` before the name marks those of a host that is another machine.
"""

from __future__ import annotations

from pathlib import Path

from host.align.streams import read_json
from host.align.time_corrections import Span
from host.align.time_moment import moment_of
from host.align.timekeeping import timekeeping_of
from host.errors import FolderError
from host.handover.timekeeping import Moment, Timekeeping

BEFORE, AFTER = "time-before", "time-after"
HOST = "host-"


def timekeeping_in(data: Path) -> Timekeeping:
    """Read and judge all sessions' readings of the device; an older folder has none."""
    return timekeeping_of(_spans(data, ""))


def host_timekeeping_in(data: Path) -> Timekeeping | None:
    """The same of the host; None where it was not asked: one machine, or an older folder."""
    spans = _spans(data, HOST)
    return timekeeping_of(spans) if spans else None


def _spans(data: Path, whose: str) -> list[Span]:
    """One span for each session that was begun, in order."""
    before, after = f"{whose}{BEFORE}", f"{whose}{AFTER}"
    sessions = sorted(
        (path.stem.removeprefix(before) for path in data.glob(f"{before}*.json")),
        key=lambda suffix: (len(suffix), suffix),
    )
    spans = []
    for suffix in sessions:
        last = data / f"{after}{suffix}.json"
        end = _moment(last) if last.exists() else None
        spans.append(Span(_moment(data / f"{before}{suffix}.json"), end))
    return spans


def _moment(path: Path) -> Moment:
    said = read_json(path)
    if not isinstance(said, dict):
        raise FolderError(str(path), "is no JSON object")
    return moment_of(said)
