"""A unit with a serial console and nothing else: a real getty and shell behind a socat pty pair.

BusyBox's getty asks for the name, a small script for the password, and BusyBox ash (or dash) is
the shell: echo on, a coloured prompt, kernel messages at random moments. It asks again after a
logout, as under init. Unplugging ends socat: both ends of the pair hang up.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from host.transport.serial_console import Options, SerialConsole, connect
from tests.fakes.ends.base import FarEnd

USER, PASSWORD = "bench", "s3cret $word"
LOGIN = Path(__file__).with_name("console_login.sh")
KERNEL = (
    b"[   42.613374] usb 1-1.3: new high-speed USB device number 5 using xhci-hcd\r\n",
    b"[ 1042.000001] mmc0: Timeout waiting for hardware cmd interrupt.\r\n",
    b"[    3.141592] random: crng init done\r\n",
)


@dataclass
class Console:
    """The unit. port: what the host opens; unit: the other end, the unit's own tty."""

    place: Path
    shell: str
    noise_s: float  # mean pause between kernel messages, seconds
    port: Path = field(init=False)
    unit: Path = field(init=False)
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.port, self.unit = self.place / "port", self.place / "tty"
        self.root = self.place / "home"
        self.root.mkdir()
        (self.place / "tmp").mkdir()
        self._path = applets(self.place / "bin", self.shell)
        self._children: list[subprocess.Popen[bytes]] = []
        self._held: list[int] = []
        self._unplugged = threading.Event()

    def plug(self) -> None:
        """Connect the two ends and start a getty on the unit's."""
        ends = [f"pty,raw,echo=0,link={path}" for path in (self.port, self.unit)]
        self._children.append(
            subprocess.Popen([program("socat"), *ends], stderr=subprocess.DEVNULL)
        )
        until = time.monotonic() + 30
        while not (self.port.exists() and self.unit.exists()):
            assert time.monotonic() < until, "socat made no pty"
            threading.Event().wait(0.005)
        # Held open, so that socat does not take a getty that starts again for a hangup.
        self._held = [os.open(path, os.O_RDWR | os.O_NOCTTY) for path in (self.port, self.unit)]
        login = ["sh", LOGIN, USER, PASSWORD, self._path, self.root]
        script = self.place / "login"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, login))} "$@"\n')
        script.chmod(0o755)
        tty = os.ttyname(self._held[1])
        getty = f"while [ -e {tty} ]; do busybox getty -L -i -l {script} 115200 {tty} vt100; done"
        self._children.append(
            subprocess.Popen(
                [program("sh"), "-c", getty],
                env=os.environ | {"PATH": f"{self._path}:{os.environ['PATH']}"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        self._unplugged = threading.Event()
        threading.Thread(target=self._printk, args=(self._held[1],), daemon=True).start()

    def unplug(self) -> None:
        """End the pair and whatever runs on it."""
        self._unplugged.set()
        for child in reversed(self._children):
            child.kill()
            child.wait()
        self._children = []
        for fd in self._held:
            os.close(fd)
        self._held = []
        for link in (self.port, self.unit):
            link.unlink(missing_ok=True)

    def sweep(self) -> None:
        """End what still runs on the unit; power off."""
        for file in self.place.glob("tmp/*/j*/p"):
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int(file.read_text()), signal.SIGKILL)

    def freeze(self, *, frozen: bool) -> None:
        """Nothing goes through while frozen, and nobody hangs up."""
        self._children[0].send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def say(self, data: bytes) -> None:
        """Write to the console as the kernel does, past whoever owns it."""
        os.write(self._held[1], data)

    def options(self) -> Options:
        return Options(user=USER, password=PASSWORD, folder=str(self.place / "tmp"))

    def connect(self) -> SerialConsole:
        return connect(f"serial:{self.port}", self.options())

    def _printk(self, fd: int) -> None:
        """At moments that follow no beat: steps of the golden ratio."""
        for count in itertools.count():
            if not self.noise_s or self._unplugged.wait(2 * self.noise_s * (count * 0.618 % 1)):
                return
            with contextlib.suppress(OSError):
                os.write(fd, KERNEL[count % len(KERNEL)])


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def applets(folder: Path, shell: str) -> str:
    """A PATH of BusyBox alone, its `sh` being ash, or another shell of this machine."""
    busybox = program("busybox")
    folder.mkdir()
    for name in subprocess.check_output([busybox, "--list"], text=True).split():
        (folder / name).symlink_to(busybox)
    if shell != "ash":
        (folder / "sh").unlink()
        (folder / "sh").symlink_to(program(shell))
    return str(folder)


@contextmanager
def console(place: Path, shell: str = "ash", noise_s: float = 0.1) -> Iterator[Console]:
    made = Console(place, shell, noise_s)
    made.plug()
    try:
        yield made
    finally:
        made.unplug()
        made.sweep()


@contextmanager
def console_end(place: Path) -> Iterator[FarEnd]:
    """BusyBox ash."""
    with console(place) as unit:
        yield _far_end(unit)


@contextmanager
def dash_console_end(place: Path) -> Iterator[FarEnd]:
    """dash, with BusyBox's programs."""
    with console(place, "dash") as unit:
        yield _far_end(unit)


def _far_end(unit: Console) -> FarEnd:
    return FarEnd(
        connect=unit.connect,
        root=PurePosixPath(unit.root),
        unit_bytes=16 << 10,
        cut=unit.unplug,
        mend=unit.plug,
        one_connection=True,
    )
