"""Packs a script once for all pages that this machine writes.

Packing plotly.js takes longer than all the rest of a page, and each command that writes or checks
one would do it anew. What is kept is a shortcut: where it is missing, damaged, made by another
zlib or cannot be written, the script is packed again, to the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

LEVEL = 9
_DIGEST_CHARACTERS = 64


def packed(raw: bytes, sha256: str, folder: Path) -> bytes:
    """The gzip of `raw` at level 9, without a time. sha256: of `raw`, lower-case hex.

    folder: of this user alone, made when it is missing; what lies there is taken only where its
    own SHA-256 is that which stands before it.
    """
    file = folder / _name(sha256)
    with suppress(OSError):
        stated, found = _split(file.read_bytes())
        if hashlib.sha256(found).hexdigest().encode() == stated:
            return found
    made = gzip.compress(raw, LEVEL, mtime=0)
    with suppress(OSError):
        _keep(file, hashlib.sha256(made).hexdigest().encode() + made)
    return made


def _name(sha256: str) -> str:
    """Of everything that the packed bytes depend on: script, level, zlib, and gzip's header."""
    makers = f"{sha256} {LEVEL} {zlib.ZLIB_RUNTIME_VERSION} {sys.version_info[:2]} {sys.platform}"
    return f"{hashlib.sha256(makers.encode()).hexdigest()[:32]}.gz"


def _split(kept: bytes) -> tuple[bytes, bytes]:
    return kept[:_DIGEST_CHARACTERS], kept[_DIGEST_CHARACTERS:]


def _keep(file: Path, data: bytes) -> None:
    """Write it under another name first, so that nobody reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
