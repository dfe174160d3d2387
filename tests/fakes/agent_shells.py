"""The shells of devices: mksh with toybox as on Android, BusyBox, and dash for development."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.shell import bundle

# mksh is Android's shell, /system/bin/mksh; its tools are toybox. Debian's toybox has no `sh`.
KINDS = ("mksh", "busybox", "dash")
STATUS_S = 60.0


@dataclass(frozen=True, slots=True)
class Shell:
    """One shell with the tools of its kind of device alone in PATH, and the agent's script."""

    kind: str
    argv: tuple[str, ...]
    path: Path
    script: Path

    def agent(self, *words: str) -> list[str]:
        return [*self.argv, str(self.script), *words]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {"PATH": str(self.path), "HOME": "/", "TMPDIR": str(self.script.parent)}
        return {**kept, **(more or {})}

    def run(self, *words: str, more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and stdout of one call of the agent."""
        done = subprocess.run(
            self.agent(*words),
            capture_output=True,
            timeout=STATUS_S,
            env=self.environment(more),
            check=False,
        )
        return done.returncode, done.stdout.decode()


def shell_of(kind: str, folder: Path) -> Shell:
    """Skips where the shell is not installed."""
    program = shutil.which(kind)
    if program is None:
        pytest.skip(f"{kind} is not installed")
    tools = folder / "bin"
    tools.mkdir()
    if kind == "dash":
        tools.rmdir()
        tools = Path("/usr/bin")
    else:
        box = "toybox" if kind == "mksh" else "busybox"
        _link_applets(box, tools)
    script = folder / "agent.sh"
    script.write_bytes(bundle())
    argv = (program, "ash") if kind == "busybox" else (program,)
    return Shell(kind, argv, tools, script)


def _link_applets(box: str, tools: Path) -> None:
    program = shutil.which(box)
    if program is None:
        pytest.skip(f"{box} is not installed")
    argv = [program, "--list"] if box == "busybox" else [program]
    listed = subprocess.run(argv, capture_output=True, check=True, env=dict(os.environ))
    for applet in listed.stdout.decode().split():
        (tools / applet).symlink_to(program)
    if not (tools / "sh").exists():
        (tools / "sh").symlink_to("/bin/sh")  # runners of the tests are scripts
