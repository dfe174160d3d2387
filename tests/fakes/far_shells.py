"""Folders of programs as devices have them, to be the whole PATH of a command.

Real programs: mksh with toybox is Android's shell, BusyBox that of small Linux systems, dash with
coreutils Debian's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

# What a phone has beside its shell: enough for any script of ours that is no sampling loop.
APPLETS = ("cat", "printf", "sort", "uname", "head", "ls", "stat", "sha256sum")
# Name -> the program that is `sh`, and the one that is every applet; None: each its own.
SHELLS = {"toybox": ("mksh", "toybox"), "busybox": ("busybox", "busybox"), "dash": ("dash", None)}


def far_path(folder: Path, kind: str) -> Path:
    """A folder with `sh` and the applets of this kind. Skips where a program is not installed."""
    folder.mkdir(parents=True)
    shell, applets = SHELLS[kind]
    (folder / "sh").symlink_to(_found(shell))
    for name in APPLETS:
        (folder / name).symlink_to(_found(applets or name))
    return folder


def program(folder: Path, name: str, text: str) -> None:
    """A shell script in the folder. text: without its first line."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
