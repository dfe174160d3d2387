"""`campaign.jsonl`: what a campaign did, a line each, appended and synced before it goes on.

A line is `{"n": 7, "event": ..., ...}`, n counted from 1 without a hole. A line that a kill tore
is left as it is and counted; the next one begins on a line of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.wire import WireError, strict_json
from host.errors import CampaignError
from host.run.folder import sync_folder
from host.run.lock import taken

NAME = "campaign.jsonl"
# A campaign of 64 cells and 1000 blocks writes about 40 MB; more is no journal of ours.
MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """Events of a journal in their order. torn: lines that hold none."""

    events: tuple[Mapping[str, Any], ...]
    torn: int


def read_journal(root: Path) -> Told:
    """Raises CampaignError for a folder without one, or one in which a line is missing."""
    path = root / NAME
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as err:
        said = "is no campaign folder (it has no campaign.jsonl)"
        if path.exists():
            said = f"{NAME} cannot be read ({err.strerror})"
        raise CampaignError(str(root), said) from err
    if len(data) > MAX_BYTES:
        raise CampaignError(str(root), f"{NAME} is larger than {MAX_BYTES >> 20} MiB")
    events: list[Mapping[str, Any]] = []
    torn = 0
    for line in data.split(b"\n"):
        event = _event(line)
        if event is None:
            torn += bool(line.strip())
            continue
        if event["n"] != len(events) + 1:
            raise CampaignError(
                str(root), f"{NAME}: line {len(events) + 1} is missing, {event['n']} stands there"
            )
        events.append(event)
    return Told(tuple(events), torn)


class CampaignJournal:
    """Appends events; made by `journal`."""

    def __init__(self, root: Path, written: int) -> None:
        self._path = root / NAME
        self._written = written
        if self._path.exists() and self._path.read_bytes()[-1:] not in (b"", b"\n"):
            self._append(b"\n")

    def note(self, event: str, **said: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Write an event, and give it as it will be read back."""
        whole = {"n": self._written + 1, "event": event, **said}
        text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = text.encode("utf-8", "replace")  # a device may have said half of a surrogate pair
        self._append(data + b"\n")
        if not self._written:
            sync_folder(self._path.parent)  # so that the name of the file outlives a power cut
        self._written += 1
        found: Mapping[str, Any] = json.loads(data)
        return found

    def _append(self, data: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as err:
            raise CampaignError(str(self._path), f"cannot be written ({err.strerror})") from err


@contextmanager
def journal(root: Path) -> Iterator[tuple[CampaignJournal, Told]]:
    """The journal of a folder, made where there is none, for one process at a time."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root, os.O_RDONLY)
    except OSError as err:
        raise CampaignError(str(root), f"cannot be used ({err.strerror})") from err
    try:
        if holder := taken(handle):
            raise CampaignError(str(root), f"is in use by {holder}")
        told = read_journal(root) if (root / NAME).exists() else Told((), 0)
        if not told.events and any(p.name != NAME for p in root.iterdir()):
            raise CampaignError(str(root), "holds other files and no campaign; name an empty one")
        yield CampaignJournal(root, len(told.events)), told
    finally:
        os.close(handle)


def _event(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = strict_json(line)
    except WireError:
        return None
    whole = isinstance(found, dict) and type(found.get("n")) is int
    return found if whole and isinstance(found.get("event"), str) else None
