"""A small disk of its own for each injection: a tmpfs in a private mount namespace."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(place: Path, size_bytes: int, inodes: int) -> Iterator[Path]:
    """An empty disk; it is seen through the process that holds its namespace.

    Raises OSError where it cannot be mounted.
    """
    goal = place / "disk"
    goal.mkdir()
    options = f"size={size_bytes},nr_inodes={inodes}"
    inner = f'mount -t tmpfs -o {options} tmpfs "$0" && echo && exec cat'
    argv = [shutil.which("unshare") or "unshare", "-m", "sh", "-c", inner, str(goal)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if process.stdout.readline() != b"\n":
            process.kill()
            raise OSError(process.stderr.read().decode(errors="replace").strip()[:200])
        try:
            yield Path(f"/proc/{process.pid}/root{goal}")
        finally:
            process.kill()


@functools.cache
def why_not() -> str:
    if os.geteuid() != 0:
        return "a small disk needs root"
    place = Path(tempfile.mkdtemp(prefix="inferometer-small-"))
    try:
        with small_disk(place, 1 << 16, 10):
            return ""
    except OSError as err:
        return f"no tmpfs can be mounted here ({err})"
    finally:
        shutil.rmtree(place, ignore_errors=True)
