"""Paths that a file of somebody else names."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from host.errors import ArtefactError


def inside(folder: Path, name: str, who: Path) -> Path:
    """`name` below `folder`; refuses a name that leads out of it. who: the file that names it."""
    pure = PurePosixPath(name.replace("\\", "/"))
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[0]:
        raise ArtefactError(str(who), f"names the file {name!r}, which lies outside the folder")
    return folder / pure
