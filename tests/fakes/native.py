"""Debian's native runners as a device may have them: programs of a newer release, unpacked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from host.plan.runner import runner

TOOLS = Path(__file__).parents[2] / ".ci/cache/doubles/llama-tools"
LIBRARIES = TOOLS / "usr/lib/x86_64-linux-gnu"


def called(program: str) -> list[str]:
    """How a program of another release is called: by its own loader; the CPU backend is named."""
    if not (TOOLS / "packages").exists():
        pytest.skip(f"{TOOLS} is not there: no native runner to drive")
    backend = LIBRARIES / "ggml/backends0/libggml-cpu-x64.so"
    return [
        "env",
        f"GGML_BACKEND_PATH={backend}",
        str(LIBRARIES / "ld-linux-x86-64.so.2"),
        "--library-path",
        f"{LIBRARIES}:{LIBRARIES}/llama",
        str(TOOLS / "usr/bin" / program),
    ]


def completion_argv() -> list[str]:
    """The argument list of `llama-completion` as its description has it, for one thread."""
    how = runner("llama-completion")
    words = {"{threads}": "1", "{context}": "256"}
    rest = [words.get(word, word) for word in (*how.argv[1:], *how.until_length)]
    return [*called("llama-completion"), *rest]


def program(folder: Path, name: str, there: Mapping[Path, PurePosixPath]) -> Path:
    """A file that starts a program, to be pushed to a device. there: where folders are on it."""
    path = folder / name
    text = " ".join(f"'{word}'" for word in called(name))
    for ours, theirs in there.items():
        text = text.replace(str(ours), str(theirs))
    path.write_text(f'#!/bin/sh\nexec {text} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path
