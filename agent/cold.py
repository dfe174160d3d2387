"""Takes a model's files out of the page cache, so that a load reads them from storage.

posix_fadvise(2) with POSIX_FADV_DONTNEED drops clean pages that nobody has mapped, and needs no
rights but to read; mincore(2) says which pages are still there (Linux 5.2 and later tell it to
the owner of a file and to those who may write it; others see every page as there).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from agent.engines.base import EngineError

# What may stay: pages that the system reads again by itself, some in ten thousand where seen.
MAX_RESIDENT_RATIO = 0.01
_PROT_READ = _MAP_SHARED = 1  # mman.h of Linux
_MAP_FAILED = ctypes.c_void_p(-1).value


def drop(model: Path, names: Sequence[str]) -> dict[str, Any]:
    """Drop the files of a model; how many pages of them were and are in memory, as ratios.

    names: below the model's folder, or beside its file. Raises EngineError where this system
    cannot, where pages stayed, and for a name that leads elsewhere.
    """
    if not hasattr(os, "posix_fadvise"):
        raise EngineError("no-page-cache-control", "this system has no posix_fadvise")
    pages = before = after = size_bytes = 0
    for path in _files(model, names):
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError as err:
            raise EngineError("bad-model", f"{path.name}: {err.strerror}") from err
        try:
            size = os.fstat(handle).st_size
            were, total = _resident(handle, size)
            os.fsync(handle)  # pages that wait to be written are not dropped
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            after += _resident(handle, size)[0]
        finally:
            os.close(handle)
        pages, before, size_bytes = pages + total, before + were, size_bytes + size
    left = after / pages if pages else 0.0
    if left > MAX_RESIDENT_RATIO:
        raise EngineError("page-cache-kept", f"{left:.1%} of the model's pages stayed in memory")
    found = {"files": len(names), "size_bytes": size_bytes}
    return {**found, "resident_before": before / pages if pages else 0.0, "resident_after": left}


def _files(model: Path, names: Sequence[str]) -> Iterator[Path]:
    folder = model if model.is_dir() else model.parent
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise EngineError("bad-model", f"{name!r} lies outside of the model's folder")
        yield folder / path


def _resident(handle: int, size_bytes: int) -> tuple[int, int]:
    """Pages of an open file that are in memory, and all of its pages."""
    if not size_bytes:
        return 0, 0
    total = -(-size_bytes // os.sysconf("SC_PAGE_SIZE"))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    address = libc.mmap(None, size_bytes, _PROT_READ, _MAP_SHARED, handle, 0)
    if address == _MAP_FAILED:
        raise EngineError("no-page-cache-control", f"mmap: {os.strerror(ctypes.get_errno())}")
    try:
        told = (ctypes.c_ubyte * total)()
        if libc.mincore(address, size_bytes, told):
            said = os.strerror(ctypes.get_errno())
            raise EngineError("no-page-cache-control", f"mincore: {said}")
        return sum(1 for page in told if page & 1), total
    finally:
        libc.munmap(address, size_bytes)
