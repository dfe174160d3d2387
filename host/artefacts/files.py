"""Hashes of files and names in manifests, for the seal and for whoever checks it."""

from __future__ import annotations

import hashlib
from pathlib import Path

CHUNK_BYTES = 1 << 20


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, read in pieces. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def escaped(name: str) -> str:
    """A file name in a manifest: %, CR and LF are percent-encoded (RFC 8493 2.1.3)."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def unescaped(name: str) -> str:
    """The file name that stands in a manifest as `name`."""
    return name.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
