"""Seals a run folder as a BagIt bag (RFC 8493, SHA-256), never a wrong one.

Every payload file is synced, then hashed as the disk gives it back; every tag file is written
whole, synced and read back. `bagit.txt` comes last: a folder is sealed when it has that name,
and by then all it speaks of is on the disk. Written here, and not by a BagIt library, because
those neither sync nor read back; the tests check the bags with such a library.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from host.artefacts.files import escaped, sha256_file
from host.errors import FolderError
from host.run.folder import RunFolder, sync_folder, write_bytes

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
INFO = "bag-info.txt"


def seal(folder: RunFolder, *, made_by: str) -> str:
    """Seal the folder; gives the SHA-256 of its payload manifest.

    Raises FolderError when it is sealed already, OSError when the disk fails: then it is not
    sealed and sealing can be tried again.
    """
    if folder.sealed:
        raise FolderError(str(folder.path), "is sealed already")
    paths = sorted(_payload(folder.data))
    for path in paths:
        _sync(path)
    for parent in sorted(_folders(folder, paths)):
        sync_folder(parent)
    manifest = _manifest(folder.path, paths)
    size_bytes = sum(p.stat().st_size for p in paths)
    info = f"Bag-Software-Agent: {made_by}\nPayload-Oxum: {size_bytes}.{len(paths)}\n".encode()
    write_bytes(folder.path / MANIFEST, manifest)
    write_bytes(folder.path / INFO, info)
    tags = {"bagit.txt": DECLARATION, INFO: info, MANIFEST: manifest}
    lines = (
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(tags.items())
    )
    write_bytes(folder.path / TAG_MANIFEST, "".join(lines).encode())
    _read_back(folder.path, manifest, paths)
    write_bytes(folder.path / "bagit.txt", DECLARATION)
    return hashlib.sha256(manifest).hexdigest()


def _folders(folder: RunFolder, paths: list[Path]) -> set[Path]:
    """Every folder whose names must outlast a power loss: those of the files, and all above."""
    inside = {parent for p in paths for parent in p.relative_to(folder.path).parents}
    return {folder.data, *(folder.path / parent for parent in inside), folder.path.parent}


def _payload(data: Path) -> Iterator[Path]:
    for path in data.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise FolderError(str(path), "is neither a file nor a folder, so it cannot be sealed")
        if path.name.endswith(".part"):
            path.unlink()  # a half-written file of an earlier end; its goal was never made
        elif path.is_file():
            yield path


def _manifest(root: Path, paths: list[Path]) -> bytes:
    lines = (f"{sha256_file(p)}  {escaped(p.relative_to(root).as_posix())}\n" for p in paths)
    return "".join(lines).encode()


def _read_back(root: Path, manifest: bytes, paths: list[Path]) -> None:
    """Hash everything once more from the disk before the folder is called sealed."""
    if _manifest(root, paths) != manifest:
        raise OSError(5, "the payload does not read back as it was hashed")


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
