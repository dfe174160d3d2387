"""The host's diary of a run: one line per thing done, with both clocks."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Mapping
from typing import Any

from agent.spool import Column, SpoolWriter, StreamEnd
from collectors.protocol import Clock
from host.run.folder import RunFolder

COLUMNS = (
    Column("t_ns", "ns"),
    Column("wall", "{rfc3339}"),
    Column("event", "{text}"),
    Column("args", "{json}"),
)


def wall_label() -> str:
    """UTC as this machine believes it, for people; no duration is ever taken from it."""
    now = datetime.datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, datetime.UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """Appends to `data/journal.tsv`; a resumed run opens `journal-2.tsv` and so on."""

    def __init__(self, folder: RunFolder, clock: Clock) -> None:
        self._clock = clock
        taken = len(list(folder.data.glob("journal*.tsv")))
        name = "journal" if taken == 0 else f"journal-{taken + 1}"
        self._writer = SpoolWriter(folder.data / f"{name}.tsv", name, clock.domain, COLUMNS)

    def note(self, event: str, args: Mapping[str, Any] | None = None) -> None:
        text = json.dumps(args or {}, separators=(",", ":"), allow_nan=False)
        self._writer.append((str(self._clock.now_ns()), wall_label(), event, text))

    def close(self) -> StreamEnd:
        return self._writer.close()
