"""SHA-256 of files and folders, streamed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from host.artefacts.models.tensors import Progress
from host.errors import ArtefactError

_PIECE_BYTES = 1 << 22
FILE_LIMIT = 10_000  # a model folder has about ten; more means that a wrong folder was named


@dataclass(frozen=True, slots=True)
class FileHash:
    """One file: name below its folder with forward slashes, size and SHA-256."""

    name: str
    size_bytes: int
    sha256: str


def hash_files(folder: Path, names: Iterable[str], progress: Progress) -> tuple[FileHash, ...]:
    """The files in order of their names; progress counts bytes."""
    listed = sorted(names)
    try:
        sizes = {name: (folder / name).stat().st_size for name in listed}
        total, done, hashed = sum(sizes.values()), 0, []
        for name in listed:
            digest = hashlib.sha256()
            with (folder / name).open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    digest.update(piece)
                    done += len(piece)
                    progress(done, total, f"sha256 {name}")
            hashed.append(FileHash(name, sizes[name], digest.hexdigest()))
    except OSError as err:
        raise ArtefactError(str(folder), f"cannot be read: {err.strerror or err}") from err
    return tuple(hashed)


def folder_files(folder: Path) -> tuple[str, ...]:
    """Names of all files below `folder` but hidden ones."""
    names: list[str] = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            names.append(name.as_posix())
        if len(names) > FILE_LIMIT:
            raise ArtefactError(str(folder), f"has more than {FILE_LIMIT} files: no model folder")
    return tuple(sorted(names))


def combined(files: Iterable[FileHash]) -> str:
    """One hash for a folder: SHA-256 of the sorted lines `sha256  name`, as sha256sum prints them.

    `sha256sum FILES | LC_ALL=C sort | sha256sum` gives the same.
    """
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
