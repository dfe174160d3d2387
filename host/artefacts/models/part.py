"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from host.errors import ArtefactError

# name.PID-RANDOM.part
_PART = re.compile(r"\.(\d+)-[0-9a-f]{8}\.part$")


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A path beside `target` to write a file or folder to; it takes its name when all is on disk.

    On an error nothing is left. Where another process finished `target` meanwhile, that one
    stays. An OSError (disk full, no permission) becomes an ArtefactError.
    """
    part = target.with_name(f"{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _to_disk(part)
        _take_name(part, target)
    except OSError as err:
        raise ArtefactError(
            str(target), f"could not be written: {err.strerror or err}; nothing was kept"
        ) from err
    finally:
        _remove(part)


def sweep(folder: Path) -> None:
    """Remove what processes that have since ended left half made."""
    for path in folder.glob("*.part"):
        made_by = _PART.search(path.name)
        if made_by and not psutil.pid_exists(int(made_by[1])):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _take_name(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError:
        # A folder cannot replace a folder; on Windows a file cannot replace one in use.
        if not target.exists():
            raise
        return
    _sync(target.parent)


def _to_disk(path: Path) -> None:
    paths = [path, *path.rglob("*")] if path.is_dir() else [path]
    for one in paths:
        _sync(one)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
