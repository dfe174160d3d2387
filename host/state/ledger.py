"""The host's own book of leases: written and synced before a setting is touched.

One file per device, one JSON object a line, only ever appended to. A lease that was taken and not
settled is still held, whoever took it: a host that starts again finds it here. The lock goes with
the process, so that no second host restores what a living one holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from host.errors import ControlError, FolderError
from host.state.control import Control, check

How = Literal["restored", "was-restored", "reset-by-reboot", "failed"]
# A book is read whole; some 600 bytes a lease.
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """One setting that we changed: what it was, what we made of it, and in which boot."""

    number: int
    token: str
    boot_id: str
    control: Control
    old: str
    new: str


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="taken"):
    """A line: a setting is about to be changed."""

    held: Held


class Begun(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="begun"):
    """A line: a run names itself before it asks the device for its folder."""

    token: str


class Settled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="settled"):
    """A line: how a lease ended. `failed` settles nothing: it is still held."""

    number: int
    how: How
    detail: str


_LINE = msgspec.json.Decoder(Begun | Taken | Settled)


def name_of(device: str) -> str:
    """A file name for a device: readable, and another one for every device."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", device).strip("-.")[:60] or "device"
    return f"{readable}-{hashlib.sha256(device.encode()).hexdigest()[:8]}"


class Ledger:
    """The book of one device, open and locked. Use as a context manager.

    Raises ControlError where another process holds it, FolderError where it cannot be kept.
    """

    def __init__(self, folder: Path, device: str) -> None:
        self.device = device
        self.path = folder / f"{name_of(device)}.jsonl"
        self.damaged_lines = 0
        self._next = 1
        self._tokens: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            self._fd = os.open(self.path, flags, 0o600)
        except OSError as err:
            raise FolderError(str(self.path), err.strerror or "cannot be opened") from err
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            os.close(self._fd)
            raise ControlError(device, "another run on this host holds its settings") from err
        self._held = self._read()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def held(self) -> tuple[Held, ...]:
        """Leases that are not settled, oldest first."""
        return tuple(self._held[number] for number in sorted(self._held))

    @property
    def tokens(self) -> frozenset[str]:
        """Names of all runs of this host; none of them lives but the one that holds the lock."""
        return frozenset(self._tokens)

    def begin(self, token: str) -> None:
        self._append(Begun(token))
        self._tokens.add(token)

    def take(self, held: Held) -> None:
        """Write down, for good, that a setting is about to be changed."""
        self._append(Taken(held))
        self._held[held.number] = held
        self._next = max(self._next, held.number + 1)

    def settle(self, number: int, how: How, detail: str) -> None:
        self._append(Settled(number, how, detail))
        if how != "failed":
            self._held.pop(number, None)

    def next_number(self) -> int:
        return self._next

    def _append(self, line: Begun | Taken | Settled) -> None:
        try:
            os.write(self._fd, msgspec.json.encode(line) + b"\n")
            os.fsync(self._fd)
        except OSError as err:
            raise FolderError(str(self.path), err.strerror or "cannot be written") from err

    def _read(self) -> dict[int, Held]:
        """What is held. A line that cannot be read is counted; a torn last one is ended."""
        size = os.fstat(self._fd).st_size
        if size > MAX_BYTES:
            raise FolderError(str(self.path), f"has {size} bytes, at most {MAX_BYTES} are read")
        raw = os.pread(self._fd, size, 0)
        if raw and not raw.endswith(b"\n"):
            os.write(self._fd, b"\n")
        found: dict[int, Held] = {}
        for line in raw.splitlines():
            self._apply(found, line)
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return found

    def _apply(self, found: dict[int, Held], line: bytes) -> None:
        try:
            entry = _LINE.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.damaged_lines += 1
            return
        if isinstance(entry, Begun):
            self._tokens.add(entry.token)
        elif isinstance(entry, Taken):
            self._next = max(self._next, entry.held.number + 1)
            if check(entry.held.control):
                self.damaged_lines += 1
                return
            found[entry.held.number] = entry.held
        elif entry.how != "failed":
            found.pop(entry.number, None)


def as_json(held: Held) -> Mapping[str, Any]:
    """A lease as `data/controls.json` states it."""
    found: Mapping[str, Any] = msgspec.to_builtins(held)
    return found
