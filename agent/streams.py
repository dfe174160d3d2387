"""The streams of an attempt: their columns, and how a channel becomes one."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.spool import Column, SpoolWriter, StreamEnd
from collectors.protocol import Absent, Clock, Collector
from collectors.reading import Channel

EVENTS, TOKENS, CHUNKS, TICKS = "events", "tokens", "chunks", "ticks"
EVENT_COLUMNS = (Column("t_ns", "ns"), Column("event", "{text}"), Column("args", "{json}"))
TOKEN_COLUMNS = (
    Column("request", "{count}"),
    Column("index", "{count}"),
    Column("ready_ns", "ns"),
    Column("t_ns", "ns"),
    Column("token", "{token}"),
    Column("size_bytes", "By"),
)
# made: output tokens of the request up to and with this chunk, as the server counts them.
CHUNK_COLUMNS = (
    Column("request", "{count}"),
    Column("index", "{count}"),
    Column("t_ns", "ns"),
    Column("made", "{token}"),
    Column("size_bytes", "By"),
    Column("text", "{json}"),
    Column("ids", "{json}"),
)
TICK_COLUMNS = (Column("t_ns", "ns"), Column("cpu_ns", "ns"))
READ_COLUMNS = (
    Column("tick", "{count}"),
    Column("due_ns", "ns"),
    Column("t0_ns", "ns"),
    Column("t1_ns", "ns"),
)
# What a disk or a quota says when it takes no more (errno(3)).
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def source_stream(kind: str) -> str:
    """Name of the stream of one kind of source."""
    return f"source-{kind}"


def source_columns(channels: Iterable[Channel]) -> tuple[Column, ...]:
    """One column a channel, in its own unit, after the tick and its stamps."""
    return (*READ_COLUMNS, *(Column(c.name, c.unit.value) for c in channels))


def open_stream(
    directory: Path, stream: str, clock: Clock, columns: Iterable[Column]
) -> SpoolWriter:
    """A new stream in the attempt's directory. Raises OSError when there is one already."""
    return SpoolWriter(directory / f"{stream}.tsv", stream, clock.domain, tuple(columns))


class Diary:
    """The events stream."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._clock = clock
        self._writer = open_stream(directory, EVENTS, clock, EVENT_COLUMNS)

    def note(self, event: str, args: Mapping[str, Any] | None = None) -> int:
        """Write an event that happens now; gives its stamp back."""
        t_ns = self._clock.now_ns()
        self.note_at(t_ns, event, args)
        return t_ns

    def note_at(self, t_ns: int, event: str, args: Mapping[str, Any] | None = None) -> None:
        text = json.dumps(args or {}, separators=(",", ":"), allow_nan=False)
        self._writer.append((str(t_ns), event, text))

    def close(self) -> StreamEnd:
        return self._writer.close()


def disk_reason(err: OSError) -> str:
    """Reason code of a spool that could not be written."""
    code = "disk-full" if err.errno in FULL else "spool-unwritable"
    return f"{code}: {err.strerror or type(err).__name__}"


def found_ends(directory: Path, known: Iterable[StreamEnd]) -> list[StreamEnd]:
    """What the writers stated, and for streams of a dead writer what its file holds.

    lines: whole lines after the header, a torn last one not counted.
    """
    ends = {end.stream: end for end in known}
    for path in sorted(directory.glob("*.tsv")):
        if path.stem not in ends:
            ends[path.stem] = _end_of(path)
    return [ends[name] for name in sorted(ends)]


def _end_of(path: Path) -> StreamEnd:
    digest, size, ends = hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
            ends += chunk.count(b"\n")
    return StreamEnd(path.stem, max(ends - 1, 0), size, digest.hexdigest())


def end_fields(end: StreamEnd) -> dict[str, Any]:
    """As it stands in messages."""
    return asdict(end)


def end_from(found: Mapping[str, Any]) -> StreamEnd:
    """Raises KeyError, TypeError or ValueError when it is none."""
    return StreamEnd(
        str(found["stream"]), int(found["lines"]), int(found["size_bytes"]), str(found["sha256"])
    )


def source_fields(
    collectors: Iterable[tuple[str, Collector]], absent: Iterable[Absent]
) -> dict[str, Any]:
    """`channels` and `absent` as they stand in messages and in the run folder."""
    channels = [
        {
            **asdict(channel),
            "unit": channel.unit.value,
            "kind": channel.kind.value,
            "quantity": channel.quantity.value,
            "kind_of_source": kind,
        }
        for kind, collector in collectors
        for channel in collector.describe()
    ]
    return {"channels": channels, "absent": [asdict(one) for one in absent]}
