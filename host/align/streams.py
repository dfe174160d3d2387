"""Reads one attempt's spool files, and says of each line that is not as it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.spool import SpoolFile, SpoolFormatError, read_spool
from agent.wire import WireError, strict_json
from host.errors import FolderError
from host.handover.finding import StreamFault

MAX_JSON_BYTES = 64 << 20
MAX_STREAM_BYTES = 4 << 30
# Of an engine's log: what host/run/collect.py takes of it.
MAX_LOG_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """One attempt as it lies on the disk: `attempt.json`, its streams, the engine's log.

    output: what a native runner printed, where that is kept apart from its log.
    """

    number: int
    stated: Mapping[str, Any]
    streams: Mapping[str, SpoolFile]
    faults: tuple[StreamFault, ...]
    log: bytes = b""
    output: bytes = b""


def read_json(path: Path) -> Any:  # noqa: ANN401
    """A JSON file, strictly. Raises FolderError naming the file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_JSON_BYTES + 1)
    except OSError as err:
        raise FolderError(str(path), f"cannot be read ({err.strerror})") from err
    if len(data) > MAX_JSON_BYTES:
        raise FolderError(str(path), f"is larger than {MAX_JSON_BYTES} bytes")
    try:
        return strict_json(data)
    except WireError as err:
        raise FolderError(str(path), f"is no strict JSON: {err}") from err


def read_attempt(folder: Path, number: int) -> AttemptFiles:
    """Read an attempt; one without `attempt.json` was cut off and is stated so."""
    path = folder / "attempt.json"
    stated: Mapping[str, Any] = read_json(path) if path.exists() else CUT_OFF
    if not isinstance(stated, dict):
        raise FolderError(str(path), "is no JSON object")
    faults: list[StreamFault] = []
    streams = {
        file.stem: spool
        for file in sorted(folder.glob("*.tsv"))
        if (spool := _stream(file, faults)) is not None
    }
    faults += _count_faults(stated, streams)
    faults += _clock_faults(streams)
    output = _log(folder / "output.log")
    faults += _output_faults(stated, output)
    log = _log(folder / "engine.log")
    return AttemptFiles(number, stated, streams, tuple(faults), log, output)


CUT_OFF: Mapping[str, Any] = {
    "status": "incomplete",
    "reason": "cut-off: the attempt was never collected",
    "streams": [],
    "engine": {},
}


def _log(path: Path) -> bytes:
    """What the engine printed, as far as a log may go; nothing where nothing was kept."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(MAX_LOG_BYTES)


def _stream(file: Path, faults: list[StreamFault]) -> SpoolFile | None:
    if file.stat().st_size > MAX_STREAM_BYTES:
        faults.append(StreamFault(file.name, 0, "too-large"))
        return None
    try:
        found = read_spool(file.read_bytes())
    except SpoolFormatError:
        faults.append(StreamFault(file.name, 1, "header"))
        return None
    faults += [StreamFault(file.name, f.number, f.fault) for f in found.faults]
    if found.stream != file.stem:
        faults.append(StreamFault(file.name, 1, "header"))
    return found


def _count_faults(
    stated: Mapping[str, Any], streams: Mapping[str, SpoolFile]
) -> list[StreamFault]:
    """Compare the final counts that the writer stated with what is there."""
    faults = []
    for end in stated.get("streams", ()):
        name = str(end["stream"])
        if name not in streams:
            faults.append(StreamFault(f"{name}.tsv", 0, "missing"))
        elif len(streams[name].lines) != end["lines"]:
            faults.append(StreamFault(f"{name}.tsv", 0, "count"))
    return faults


def _output_faults(stated: Mapping[str, Any], output: bytes) -> list[StreamFault]:
    """The output that is kept apart is as its writer stated it, where it did."""
    said = stated.get("output")
    if not isinstance(said, dict):
        return []
    same = said.get("sha256") == hashlib.sha256(output).hexdigest()
    return [] if same else [StreamFault("output.log", 0, "changed")]


def _clock_faults(streams: Mapping[str, SpoolFile]) -> list[StreamFault]:
    """Streams that are not on the clock of the events; after a reboot each attempt has its own."""
    events = streams.get("events")
    if events is None:
        return []
    return [
        StreamFault(f"{name}.tsv", 1, "clock")
        for name, stream in streams.items()
        if stream.clock != events.clock
    ]
