"""System calls that fail: strace(1) injects an error, a lie or a signal at the n-th one."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.forked import fork

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
    fault: str, n: int, argv: Sequence[str | int | Path], trace: Path, only: Sequence[Path] = ()
) -> Traced:
    """Run a program with the n-th call failing as `fault` says (strace(1), `inject=`).

    argv: a program of `tests/faults/programs` by its name, and its arguments; what it imports is
    there already. only: count only calls that touch these paths.
    """
    name, *words = map(str, argv)
    calls = fault.partition(":")[0]
    paths = [word for path in only for word in ("-P", str(path))]
    inject = ["-e", f"trace={calls}", "-e", f"inject={fault}:when={n}"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        waits = fork(name, words, out.fileno(), err.fileno(), TIMEOUT_S)
        # Every call stops the process, not only those that are counted: with --seccomp-bpf, kills
        # did not strike.
        tracer = [STRACE, "-f", "-o", str(trace), *paths, *inject, "-p", str(waits.pid)]
        with subprocess.Popen(tracer, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            joined = process.stderr.readline()
            if b"attached" not in joined:
                raise RuntimeError(f"strace does not join: {joined!r}")
            waits.go()
            status = waits.status()
            process.communicate(timeout=TIMEOUT_S)
        out.seek(0)
        err.seek(0)
        said = trace.read_text(errors="replace")
        fired = "(INJECTED)" in said or "+++ killed by" in said or "SIGKILL" in said
        return Traced(status, out.read(), err.read(), fired)
