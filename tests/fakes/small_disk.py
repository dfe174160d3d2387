"""Deploys onto a small disk of its own: a tmpfs in a private mount namespace, as a program.

    python -m tests.fakes.small_disk PLACE STORY

Prints one line of JSON for every step of the story: how the file came there, or the sentence.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from host.deploy.layout import Store, Watch
from host.deploy.store import put
from host.errors import HostError
from host.transport.local import Local

DISK_BYTES = 8 << 20


def told(place: Path, story: str) -> list[dict[str, Any]]:
    """Run a story in a mount namespace of its own. Skips where that is not allowed."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        pytest.skip("a small disk needs root and unshare")
    inner = f"mount -t tmpfs -o size={DISK_BYTES} tmpfs {place}/disk && exec "
    (place / "disk").mkdir()
    argv = [unshare, "-m", "sh", "-c", inner + '"$0" "$@"']
    argv += [sys.executable, "-m", "tests.fakes.small_disk", str(place), story]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "mount" in done.stderr and done.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def made(place: Path, name: str, size: int) -> tuple[Path, str]:
    """A file of this size beside the disk, and its hash."""
    data = hashlib.shake_128(name.encode()).digest(size)
    (place / name).write_bytes(data)
    return place / name, hashlib.sha256(data).hexdigest()


def attempt(place: Path, name: str, size: int, watch: Watch) -> None:
    """Put one file and say what became of it."""
    disk = place / "disk"
    store = Store(PurePosixPath(disk / "store"), reserve_bytes=1 << 20, wait_s=0)
    file, sha256 = made(place, name, size)
    try:
        said = {"how": str(put(Local(), store, file, sha256, watch).how)}
    except HostError as err:
        said = {"error": str(err), "class": type(err).__name__}
    parts = sorted(p.name for p in Path(store.parts).glob("*"))
    free = shutil.disk_usage(disk).free
    sys.stdout.write(json.dumps({**said, "parts": parts, "free": free}) + "\n")


def too_large(place: Path) -> None:
    """A file that leaves less than the reserve."""
    attempt(place, "large", DISK_BYTES - (1 << 19), Watch())


def filled_meanwhile(place: Path) -> None:
    """Somebody else fills the disk when a third of the push has come; then makes room again."""
    filler = place / "disk" / "filler"

    def fill(done: int, total: int, _: str) -> None:
        if done > total // 3 and not filler.exists():
            filler.write_bytes(bytes(shutil.disk_usage(place / "disk").free))

    attempt(place, "model", 5 << 20, Watch(progress=fill))
    filler.unlink()
    attempt(place, "model", 5 << 20, Watch())


def read_only(place: Path) -> None:
    """The disk becomes read-only between two puts, as a worn card does."""
    attempt(place, "model", 1 << 20, Watch())
    subprocess.run(["mount", "-o", "remount,ro", str(place / "disk")], check=True)  # noqa: S607
    attempt(place, "model", 1 << 20, Watch())
    attempt(place, "other", 1 << 20, Watch())


def no_inodes(place: Path) -> None:
    """Room for bytes, none for files."""
    disk = place / "disk"
    subprocess.run(["mount", "-o", "remount,nr_inodes=3", str(disk)], check=True)  # noqa: S607
    attempt(place, "model", 1 << 20, Watch())


STORIES: dict[str, Callable[[Path], None]] = {
    story.__name__: story for story in (too_large, filled_meanwhile, read_only, no_inodes)
}

if __name__ == "__main__":
    STORIES[sys.argv[2]](Path(sys.argv[1]))
