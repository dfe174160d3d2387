"""Devices that differ in their shell and commands: the machine at hand with another PATH."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from host.transport.base import Done
from host.transport.local import Local, LocalStream

COMMANDS = (
    *("[", "cat", "date", "dd", "df", "du", "find", "head", "kill", "ln", "ls", "mkdir", "mv"),
    *("rm", "rmdir", "sha256sum", "sleep", "stat", "sync", "tail", "touch", "wc"),
)
# Which program answers to every name, and which shell; Android's is mksh. Debian's toybox has no
# dd (Android's has), so that the other way to read a piece is tried too.
BOXES = {
    "coreutils": ("", "dash"),
    "toybox": ("toybox", "mksh"),
    "busybox": ("busybox", "busybox"),
}


class Boxed(Local):
    """This machine, with the commands of one folder and nothing else of the environment."""

    def __init__(self, folder: Path) -> None:
        env = shutil.which("env") or "/usr/bin/env"
        self._prefix = [env, "-i", f"PATH={folder}"]

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        return super().call([*self._prefix, *argv], timeout_s=timeout_s, stdin=stdin)

    def open(self, argv: Sequence[str]) -> LocalStream:
        return super().open([*self._prefix, *argv])


def boxed(name: str, place: Path, *, without: Sequence[str] = ()) -> Boxed:
    """A device with the commands of one box. Skips where the box is not installed."""
    box, shell = BOXES[name]
    place.mkdir()
    for command in COMMANDS:
        program = shutil.which(box or command)
        if program is None:
            pytest.skip(f"{box or command} is not installed")
        if command not in without and (box != "toybox" or command not in {"dd", "["}):
            (place / command).symlink_to(program)
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    (place / "sh").symlink_to(found)
    return Boxed(place)
