"""A phone's and a box's shell on this machine: a PATH of their own, and state in files."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NoReturn

from host.state.description import Description, link_of
from host.transport.base import Done, Moved, Stream, unwatched
from host.transport.local import Local
from tests.fakes.phone import tree as phone
from tests.fakes.tree import tree

PATIENCE_S = 60.0
BOOT_ID = "proc/sys/kernel/random/boot_id"
BOOT = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True, slots=True)
class Inside:
    """Local, but every command sees the far end's programs alone."""

    environment: Mapping[str, str]
    device: str = "adb:DOUBLE0001"
    local: Local = field(default_factory=Local)

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        return self.local.call(self._inside(argv), timeout_s=timeout_s, stdin=stdin)

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        self.local.push(src, dst, offset=offset, moved=moved)

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        return self.local.pull(src, dst, offset=offset, max_bytes=max_bytes, moved=moved)

    def open(self, argv: Sequence[str]) -> Stream:
        return self.local.open(self._inside(argv))

    def close(self) -> None:
        self.local.close()

    def _inside(self, argv: Sequence[str]) -> list[str]:
        given = [f"{name}={value}" for name, value in self.environment.items()]
        return ["/usr/bin/env", "-i", *given, *argv]


@dataclass(frozen=True, slots=True)
class Far:
    """A device: its transport, its description, its state, and where its sysfs and procfs lie."""

    transport: Inside
    description: Description
    state: phone.State
    place: Path

    def sysfs(self, files: Mapping[str, str]) -> None:
        tree(self.place / "sys", files)

    def program(self, name: str, text: str) -> None:
        """Put another program in place of one of the device's."""
        path = self.place / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def reboot(self, boot_id: str) -> None:
        """Another boot id. What the services forget is the test's to say."""
        tree(self.place, {BOOT_ID: f"{boot_id}\n"})

    @property
    def leases(self) -> Path:
        return self.place / "store" / "leases"


def _skip(why: str) -> NoReturn:
    """The import is half of what a host in a process of its own would take to start."""
    import pytest

    pytest.skip(why)


def mksh_toybox(folder: Path) -> None:
    if why := phone.why_not():
        _skip(why)
    phone.commands(folder)


def busybox_ash(folder: Path) -> None:
    program = shutil.which("busybox")
    if program is None:
        _skip("busybox is not installed")
    folder.mkdir(parents=True)
    listed = subprocess.run([program, "--list"], capture_output=True, check=True, text=True)
    for applet in listed.stdout.split():
        if "/" not in applet:
            (folder / applet).symlink_to(program)
    for script in (phone.HERE / "commands").iterdir():
        (folder / script.name).unlink(missing_ok=True)
        shutil.copy2(script, folder / script.name)


SHELLS: dict[str, Callable[[Path], None]] = {
    "mksh with toybox": mksh_toybox,
    "BusyBox ash": busybox_ash,
}


def far(place: Path, shell: str) -> Far:
    """A device in an empty folder, with a state as a phone on the bench has it."""
    SHELLS[shell](place / "bin")
    phone.fill(place / "phone")
    for name in ("stat", "loadavg", "uptime"):
        tree(place / "proc", {name: (Path("/proc") / name).read_text()})
    tree(place, {BOOT_ID: f"{BOOT}\n"})
    (place / "sys").mkdir()
    return at(place)


def at(place: Path, device: str = "adb:DOUBLE0001") -> Far:
    """The device that `far` made in a folder."""
    environment = {
        "PATH": str(place / "bin"),
        "PHONE_STATE": str(place / "phone"),
        "PHONE_SERVICES": str(phone.HERE / "services"),
    }
    description = Description(
        system="android",
        store=PurePosixPath(place / "store"),
        link=link_of(device),
        root=(),
        sys=PurePosixPath(place / "sys"),
        proc=PurePosixPath(place / "proc"),
    )
    return Far(Inside(environment, device), description, phone.State(place / "phone"), place)


def until(what: str, holds: Callable[[], bool]) -> None:
    """Look until something holds; a test that waits in vain says for what."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        threading.Event().wait(0.02)
