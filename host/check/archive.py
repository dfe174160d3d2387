"""Opens a run folder that comes as one file: zip, or tar with or without compression.

Names, kinds and sizes of the members are checked before anything is written; the archive's own
names never choose a place outside the new folder. What the files hold is checked afterwards by
their hashes, so re-packing changes nothing and a torn archive is named.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from host.errors import FolderError

# A day of one channel at 1 kHz in text is about 5 GB; ten such channels fit.
MAX_BYTES = 64 << 30
MAX_MEMBERS = 1_000_000
# Text of stamps packs 3 to 10 times; a bomb packs 1000 times.
MAX_RATIO = 200
# Below this size a ratio says nothing: an empty log packs to any ratio.
RATIO_FROM_BYTES = 16 << 20
CHUNK_BYTES = 1 << 20
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    ValueError,  # a name or a number in a header that is none
)
ENCRYPTED = 0x1  # bit 0 of the general purpose flags, APPNOTE 4.4.4

# First bytes of zip, gzip, bzip2, xz and, at its place, tar: a torn archive still has them.
MAGIC = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257


class DamagedError(FolderError):
    """An archive that is torn or does not match its own checksums: (path, detail)."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, f"is a damaged archive ({detail})")
        self.path, self.detail = path, detail


def is_archive(path: Path) -> bool:
    """Whether the file begins like an archive, whatever its name, whole or not."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(TAR_MAGIC_AT + len(TAR_MAGIC))
    return head.startswith(MAGIC) or head[TAR_MAGIC_AT:] == TAR_MAGIC


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The run folder inside an archive, unpacked into a folder that is removed afterwards.

    The run may lie at the top or in one folder. Raises DamagedError for an archive that is torn,
    FolderError for one that is hostile or holds no run folder.
    """
    with tempfile.TemporaryDirectory(prefix="inferometer-verify-") as made:
        root = Path(made)
        try:
            with path.open("rb") as file:
                zipped = file.read(len(MAGIC[0])) == MAGIC[0]
            if zipped:
                _unzip(path, root)
            else:
                _untar(path, root)
        except DAMAGE as err:
            if isinstance(err, OSError) and err.errno == errno.ENOSPC:
                raise FolderError(str(path), f"finds no space to be unpacked in {made}") from err
            raise DamagedError(str(path), str(err) or type(err).__name__) from err
        yield _run_in(root, path)


def _run_in(root: Path, path: Path) -> Path:
    if (root / "data").is_dir():
        return root
    inside = [p for p in root.iterdir() if (p / "data").is_dir()]
    if len(inside) != 1:
        raise FolderError(str(path), f"holds {len(inside)} run folders, one is needed")
    return inside[0]


def _unzip(path: Path, root: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir()]
        _check_sizes(path, [m.file_size for m in members])
        # Others may read what stands in front, and see another run than the one checked here.
        if min((m.header_offset for m in archive.infolist()), default=0) > 0:
            raise FolderError(
                str(path), "holds something in front of the archive that it ends with"
            )
        for member in members:
            if member.flag_bits & ENCRYPTED:
                raise FolderError(str(path), f"holds {member.filename!r}, which is encrypted")
            kind = member.external_attr >> 16 & 0o170000
            if kind not in (0, 0o100000):
                raise FolderError(str(path), f"holds {member.filename!r}, which is no plain file")
            try:
                source = archive.open(member)
            except NotImplementedError as err:
                raise FolderError(str(path), f"holds {member.filename!r}: {err}") from err
            with source:
                _write(source, _goal(root, member.filename, path), member.file_size)


def _untar(path: Path, root: Path) -> None:
    plain = cast("IO[bytes]", Bounded(_decompressed(path)))
    with plain, tarfile.open(fileobj=plain, mode="r:") as archive:
        total = 0
        for count, member in enumerate(archive, start=1):
            total += member.size
            _check_sizes(path, [total], count)
            if member.isdir():
                continue
            source = archive.extractfile(member) if member.isreg() else None
            if source is None:
                raise FolderError(str(path), f"holds {member.name!r}, which is no plain file")
            with source:
                _write(source, _goal(root, member.name, path), member.size)
        # Behind the last member stand padding and, where packed, the checksum of it all.
        while rest := plain.read(CHUNK_BYTES):
            if any(rest):
                raise FolderError(str(path), "holds something behind its end")


@dataclass(frozen=True, slots=True)
class Bounded:
    """A file that hands out no more than one piece at once.

    Members are copied in pieces; only a header with a long name is read whole, and one that says
    it has gigabytes would fill the memory.
    """

    file: IO[bytes]

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= CHUNK_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self.file.read(size)

    def seek(self, place: int) -> int:
        return self.file.seek(place)

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _decompressed(path: Path) -> IO[bytes]:
    """The tar inside, by the first bytes of the file."""
    with path.open("rb") as file:
        head = file.read(max(map(len, MAGIC)))
    for begins, opened in UNPACKERS:
        if head.startswith(begins):
            return opened(path)
    return path.open("rb")


def _gunzip(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path))


def _bunzip(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", bz2.open(path))


def _unxz(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", lzma.open(path))


UNPACKERS = ((MAGIC[1], _gunzip), (MAGIC[2], _bunzip), (MAGIC[3], _unxz))


def _check_sizes(path: Path, sizes: list[int], count: int = 0) -> None:
    total, packed = sum(sizes), path.stat().st_size
    if total > MAX_BYTES or max(count, len(sizes)) > MAX_MEMBERS:
        raise FolderError(str(path), f"unpacks to more than {MAX_BYTES} bytes or a million files")
    if total > RATIO_FROM_BYTES and total > MAX_RATIO * packed:
        raise FolderError(str(path), f"unpacks to {total / packed:.0f} times its size")


def _goal(root: Path, name: str, path: Path) -> Path:
    """Where a member goes. Raises FolderError for a name that leaves the folder or is taken."""
    parts = name.removeprefix("./").split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or {"", ".", ".."} & set(parts):
        raise FolderError(str(path), f"holds the name {name!r}, which is not taken")
    goal = root.joinpath(*parts)
    goal.parent.mkdir(parents=True, exist_ok=True)
    if goal.exists():
        raise FolderError(str(path), f"holds {name!r} twice")
    return goal


def _write(source: IO[bytes], goal: Path, size: int) -> None:
    """Copy one member, and no more than it stated."""
    with goal.open("xb") as file:
        shutil.copyfileobj(source, file, CHUNK_BYTES)
    if goal.stat().st_size != size:
        raise zipfile.BadZipFile(f"{goal.name} has {goal.stat().st_size} of {size} bytes")
