"""Reads the statements of a run folder."""

from __future__ import annotations

import re
from pathlib import Path

from host.errors import FolderError
from host.schema.statements import FOLDER, Stored, read_statement

_NAME = re.compile(r"[0-9]{3}-(?:issued|amended|substituted|withdrawn)\.json")
MAX_BYTES = 1 << 20


def stored_statements(root: Path) -> tuple[Stored, ...]:
    """All statements of a folder in order. Raises FolderError for one that is no statement.

    A file of another name is none: the check of the folder names it as one too many.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        return ()
    names = sorted(p.name for p in folder.iterdir() if _NAME.fullmatch(p.name))
    return tuple(_stored(folder / name) for name in names)


def _stored(path: Path) -> Stored:
    name = f"{FOLDER}/{path.name}"
    if path.is_symlink() or not path.is_file():
        raise FolderError(name, "is no plain file")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise FolderError(name, f"cannot be read ({err.strerror})") from err
    if len(raw) > MAX_BYTES:
        raise FolderError(name, f"is larger than {MAX_BYTES} B, so it is no statement")
    return Stored(path.name, raw, read_statement(raw, name))
