"""Steps of the wall clock, seen by one process alone (LD_PRELOAD; monotonic clocks stay)."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "clock_shim.c"


@functools.cache
def shim() -> Path:
    """The shared object, built once. Raises OSError or CalledProcessError."""
    place = tempfile.mkdtemp(prefix="inferometer-shim-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    made = Path(place) / "clock_shim.so"
    argv = [shutil.which("cc") or "cc", "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE)]
    subprocess.run(argv, check=True, capture_output=True)
    return made


@functools.cache
def why_not() -> str:
    if sys.platform != "linux":
        return "LD_PRELOAD is Linux's"
    try:
        shim()
    except (OSError, subprocess.CalledProcessError) as err:
        return f"the clock shim cannot be built: {err}"
    return ""


@dataclass(frozen=True, slots=True)
class WallClock:
    """The wall clock of one process and its children. file: holds the shift in s."""

    file: Path

    def step(self, seconds: int) -> None:
        self.file.write_text(f"{seconds}\n")

    def environment(self) -> dict[str, str]:
        return {**os.environ, "LD_PRELOAD": str(shim()), "CLOCK_SHIM": str(self.file)}
