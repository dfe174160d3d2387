"""System calls that fail: strace(1) injects an error, a lie or a signal at the n-th one."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace") or ""
TIMEOUT_S = 60.0


@functools.cache
def why_not() -> str:
    if not STRACE:
        return "strace is not installed"
    done = subprocess.run([STRACE, "-qq", "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"strace may not trace here: {done.stderr[:200]}"


@dataclass(frozen=True, slots=True)
class Traced:
    """A program that ran under the tracer. fired: whether the fault was injected."""

    status: int
    out: bytes
    err: bytes
    fired: bool


def program(name: str, *argv: str | int | Path) -> list[str]:
    """A program of `tests/faults/programs`, without site packages where it needs none."""
    path = Path(__file__).parent / "programs" / f"{name}.py"
    return [sys.executable, "-S", str(path), *map(str, argv)]


def environment() -> dict[str, str]:
    """Lets a program without site packages find ours and those of this interpreter."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}


def traced(
    fault: str, n: int, argv: Sequence[str], trace: Path, only: Sequence[Path] = ()
) -> Traced:
    """Run argv with the n-th call failing as `fault` says (strace(1), `inject=`).

    only: count only calls that touch these paths, or else start-up calls count too.
    """
    calls = fault.partition(":")[0]
    paths = [word for path in only for word in ("-P", str(path))]
    done = subprocess.run(
        [
            # Only calls that are counted stop the process, not each of its thousands.
            STRACE, "-f", "-qq", "-o", str(trace), *paths,
            "-e", f"trace={calls}", "-e", f"inject={fault}:when={n}", *argv,
        ],
        capture_output=True, check=False, env=environment(), timeout=TIMEOUT_S,
    )  # fmt: skip
    said = trace.read_text(errors="replace")
    fired = "(INJECTED)" in said or "+++ killed by" in said or "SIGKILL" in said
    return Traced(done.returncode, done.stdout, done.stderr, fired)
