"""Finds private keys that lie in a folder that is about to be signed or handed on."""

from __future__ import annotations

import re
from pathlib import Path

from host.errors import FolderError

# RFC 7468 labels of private keys: PKCS#8, encrypted or not, PKCS#1, SEC 1, OpenSSH, PGP. The line
# after it must look like a key: a model may well write such a heading into its answer.
_HEADING = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s)+"
    rb"(?:[A-Za-z-]+: [^\r\n\\]{1,200}(?:\\r|\\n|\s)+)*[A-Za-z0-9+/=]{40}"
)
_CHUNK_BYTES = 4 << 20
_OVERLAP_BYTES = 4 << 10


def private_keys_in(root: Path) -> tuple[str, ...]:
    """Names (relative, `/` between) of the files below `root` that hold a private key as PEM.

    Links are not followed. Raises FolderError for a file that cannot be read.
    """
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            if _holds_key(path):
                found.append(path.relative_to(root).as_posix())
        except OSError as err:
            raise FolderError(str(path), f"cannot be read ({err.strerror})") from err
    return tuple(found)


def _holds_key(path: Path) -> bool:
    kept = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            window = kept + chunk
            if _HEADING.search(window):
                return True
            kept = window[-_OVERLAP_BYTES:]
    return False
