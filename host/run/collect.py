"""Brings an attempt's streams from the device into the run folder, hashes proven."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from agent.spool import StreamEnd
from host.errors import AgentError, FarFileError, FolderError
from host.run.fetch import Pulls, proven, whole
from host.run.folder import RunFolder, sync_folder, write_json

# Native libraries print at every load; what is beyond this is no help to anybody.
MAX_LOG_BYTES = 64 << 20
# The host asks for names it knows; the device chooses none (path traversal).
STREAM = re.compile(
    r"events|tokens|inferences|chunks|pieces|ticks|source-[a-z0-9][a-z0-9_-]{0,60}"
)
OUTPUT = "output.log"
OWN_LOGS = ("engine.log", "sampler.log")
LOGS = (*OWN_LOGS, OUTPUT)
_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_STREAMS = 200


def stream_ends(message: Mapping[str, Any], device: str) -> tuple[StreamEnd, ...]:
    """The streams that an `attempt_end` states. Raises AgentError when they make no sense."""
    found = message.get("streams")
    if not isinstance(found, list) or len(found) > MAX_STREAMS:
        raise AgentError(device, "attempt_end lists no streams")
    ends = []
    for entry in found:
        try:
            end = StreamEnd(
                str(entry["stream"]),
                int(entry["lines"]),
                int(entry["size_bytes"]),
                str(entry["sha256"]),
            )
        except (KeyError, TypeError, ValueError) as err:
            raise AgentError(device, f"attempt_end lists a stream badly: {err!r}") from err
        if not STREAM.fullmatch(end.stream):
            raise AgentError(device, f"attempt_end lists a stream of an unknown name: {entry!r}")
        ends.append(end)
    return tuple(ends)


def collect(
    pulls: Pulls,
    spool: PurePosixPath,
    folder: RunFolder,
    number: int,
    ends: tuple[StreamEnd, ...],
    output: StreamEnd | None = None,
) -> str:
    """Copy the streams and logs of one attempt. Gives "" or why one of them is not as stated.

    output: of a native runner, where its end was stated.
    """
    goal = folder.attempt(number)
    goal.mkdir(parents=True, exist_ok=True)
    damaged = ""
    for end in ends:
        path = goal / f"{end.stream}.tsv"
        if not proven(pulls, spool / path.name, path, end):
            damaged = f"transfer-damaged: {path.name} is not what the agent wrote"
    if output is not None and not proven(pulls, spool / OUTPUT, goal / OUTPUT, output):
        damaged = f"transfer-damaged: {OUTPUT} is not what the agent wrote"
    collect_logs(pulls, spool, goal, LOGS if output is None else OWN_LOGS)
    return damaged


def collect_logs(
    pulls: Pulls, spool: PurePosixPath, goal: Path, names: tuple[str, ...] = LOGS
) -> None:
    """Copy the logs of one attempt, through cuts; one that was never begun is missing, no harm."""
    for name in names:
        with contextlib.suppress(FarFileError):
            whole(pulls, spool / name, goal / name, MAX_LOG_BYTES)


def write_attempt(folder: RunFolder, number: int, fields: Mapping[str, Any]) -> None:
    """Write `attempt.json`, last of all files of an attempt: with it the attempt is collected."""
    path = folder.attempt(number)
    try:
        path.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent)  # the spool is removed next: a power loss must not take both
        write_json(path / "attempt.json", {"number": number, **fields})
    except OSError as err:
        raise FolderError(str(path), f"cannot be written ({err.strerror})") from err


def output_end(message: Mapping[str, Any], device: str) -> StreamEnd | None:
    """What an `attempt_end` states of the output that a native runner's log is kept apart from.

    Raises AgentError when that makes no sense.
    """
    found = message.get("output")
    if found is None:
        return None
    try:
        size, sha256 = found["size_bytes"], str(found["sha256"])
    except (KeyError, TypeError) as err:
        raise AgentError(device, f"attempt_end states its output badly: {err!r}") from err
    if type(size) is not int or not 0 <= size <= MAX_LOG_BYTES or not _SHA256.fullmatch(sha256):
        raise AgentError(device, "attempt_end states its output badly")
    return StreamEnd(OUTPUT, 0, size, sha256)


def output_fields(end: StreamEnd | None) -> dict[str, Any]:
    """What `attempt.json` says of it."""
    if end is None:
        return {}
    return {"output": {"size_bytes": end.size_bytes, "sha256": end.sha256}}
