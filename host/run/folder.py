"""The run folder while it is filled: new names only, every file whole or recognisably not.

Layout: `data/` holds what was given, said and sampled; bag files and `record.json`,
`report.html` stand beside it.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from host.errors import FolderError
from host.handover.audit_plan import FIRST, folder_of

# A reserve so that a full disk is met before a run, not in it; a default run needs well below.
RESERVE_BYTES = 64 << 20
SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths inside one run folder."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def record(self) -> Path:
        return self.path / "record.json"

    @property
    def page(self) -> Path:
        return self.path / "report.html"

    @property
    def sealed(self) -> bool:
        return (self.path / "bagit.txt").exists()

    def refuse_sealed(self) -> None:
        """Raises FolderError for a run that nothing can be added to."""
        if self.sealed:
            raise FolderError(str(self.path), "is sealed, so nothing can be added to it")

    def attempt(self, number: int) -> Path:
        """The folder of an attempt; those of audit probes stand apart, and never among these."""
        if number >= FIRST:
            return self.data / "probes" / folder_of(number)
        return self.data / "attempts" / f"{number:03d}"

    def attempts(self) -> list[int]:
        """Numbers of the attempts that have a folder, in order."""
        parent = self.data / "attempts"
        if not parent.is_dir():
            return []
        return sorted(int(p.name) for p in parent.iterdir() if p.name.isdigit())

    def ended(self, number: int) -> bool:
        """Whether this attempt ended valid or void; one that was cut off did not.

        Raises FolderError for a file that cannot be read as one.
        """
        path = self.attempt(number) / "attempt.json"
        if not path.exists():
            return False
        try:
            return msgspec.json.decode(path.read_bytes())["status"] in ("valid", "void")
        except (msgspec.DecodeError, KeyError, TypeError) as err:
            raise FolderError(str(path), f"is no attempt.json: {err}") from err


def check_writable(runs: Path) -> None:
    """Refuse a place that cannot take a run. Raises FolderError; leaves nothing behind."""
    place = next(p for p in (runs, *runs.absolute().parents) if p.exists())
    probe = place / f".inferometer-write-test-{os.getpid()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
        free = os.statvfs(place)
    except OSError as err:
        raise FolderError(str(runs), f"is not writable ({err.strerror})") from err
    free_bytes = free.f_bavail * free.f_frsize
    if free_bytes < RESERVE_BYTES:
        raise FolderError(
            str(runs), f"has {free_bytes >> 20} MiB free, {RESERVE_BYTES >> 20} are needed"
        )


def folder_name(name: str) -> str:
    """What a run of this name has its folder called, if that is not taken."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:150] or "run"


def create(runs: Path, name: str) -> RunFolder:
    """A new folder; a taken name gets `-2`, `-3` and so on. Nothing is overwritten.

    `data/run.json` holds the id under which the device spools: names are unique in one place only.
    """
    base = folder_name(name)
    try:
        for suffix in ("", *(f"-{n}" for n in range(2, 10_000))):
            path = runs / f"{base}{suffix}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            (path / "data" / "attempts").mkdir(parents=True)
            write_json(path / "data" / "run.json", {"id": uuid.uuid4().hex})
            for made in (path, runs):
                sync_folder(made)
            return RunFolder(path)
    except OSError as err:
        raise FolderError(str(runs), f"is not writable ({err.strerror})") from err
    raise FolderError(str(runs / base), "ten thousand runs of this name exist")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401
    """Write a whole JSON file: sorted keys, no NaN, beside the goal, synced, renamed.

    Half of a surrogate pair, which a device may have said, becomes a question mark.
    """
    try:
        data = msgspec.json.encode(value, order="sorted")
    except UnicodeEncodeError:
        said = json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        data = msgspec.json.encode(json.loads(said), order="sorted")
    text = msgspec.json.format(data, indent=2)
    write_bytes(path, text + b"\n")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file under a `.part` name, sync it, rename it, read it back, sync the name.

    The first read-back finds a write that was taken short without an error before anything gets
    its final name, the second a rename that was not done.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)  # one whose sync failed once is never trusted again
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _read_back(part, data)
    part.replace(path)
    _read_back(path, data)
    sync_folder(path.parent)


def _read_back(path: Path, data: bytes) -> None:
    if path.read_bytes() != data:
        raise OSError(5, f"{path.name} does not read back as it was written")


def sync_folder(path: Path) -> None:
    """Make renames and new names in a folder durable (fsync(2) on the directory)."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
