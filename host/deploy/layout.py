"""Where things lie in a store on a device. Every name here comes from the host."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from host.errors import ArtefactError
from host.transport.base import Transport

# A block of `dd`; chunks are whole numbers of it.
BLOCK_BYTES = 1 << 16
# What a cut costs at most, and what one answer of the hash on the device stands for: at
# transport.base.STALL_S per answer a device may be as slow as 0.5 MB/s.
CHUNK_BYTES = 16 << 20
# Longest file name that ext4 and f2fs take is 255 bytes; `.new` and the like must fit behind it.
MAX_NAME_BYTES = 240
SHA256 = re.compile(r"[0-9a-f]{64}")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Store:
    """A folder on a device. root: absolute there, made when it is missing.

    reserve_bytes: what must stay free; None: see `space.reserve`. python: an interpreter there,
    for devices with no program for SHA-256. one_channel: no stream beside a call, as on a
    serial console. wait_s: how long to wait for another writer.
    """

    root: PurePosixPath
    reserve_bytes: int | None = None
    python: str = ""
    one_channel: bool = False
    wait_s: float = 30.0
    chunk_bytes: int = CHUNK_BYTES

    @property
    def objects(self) -> PurePosixPath:
        return self.root / "objects"

    @property
    def parts(self) -> PurePosixPath:
        return self.root / "parts"

    @property
    def environments(self) -> PurePosixPath:
        return self.root / "envs"

    @property
    def spool(self) -> PurePosixPath:
        return self.root / "spool"

    @property
    def lock(self) -> PurePosixPath:
        return self.root / "lock"

    def part(self, sha256: str) -> PurePosixPath:
        return self.parts / f"{sha256}.part"

    def used(self, sha256: str) -> PurePosixPath:
        """An empty file whose mtime says when the object was last asked for."""
        return self.objects / sha256 / ".used"

    def note(self, sha256: str, name: str) -> PurePosixPath:
        """The proof note of a file, named by a hash of its name: flat, whatever the name is."""
        return self.objects / sha256 / f".proof-{_short(name)}"


def _nothing(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Watch:
    """progress: bytes done, bytes in all, what. tell: a sentence that the user should read."""

    progress: Progress = _nothing
    tell: Callable[[str], None] = _nothing


SILENT = Watch()


@dataclass(frozen=True, slots=True)
class Site:
    """A store, the way to it, and who listens."""

    transport: Transport
    store: Store
    watch: Watch = field(default=SILENT)


def checked_name(name: str) -> str:
    """A file name for the device. Raises ArtefactError for one that could be more than a name."""
    fits = 0 < len(name.encode(errors="replace")) <= MAX_NAME_BYTES
    if not fits or not name.isprintable() or name.startswith(".") or "/" in name or "\\" in name:
        raise ArtefactError(
            repr(name), "is no name for a file on a device: rename it (no slash, no leading dot)"
        )
    return name


def checked_sha256(sha256: str) -> str:
    """A SHA-256 in lower-case hex. Raises ArtefactError for anything else."""
    if not SHA256.fullmatch(sha256):
        raise ArtefactError(repr(sha256), "is no SHA-256 in lower-case hex")
    return sha256


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
