"""OpenSSH's real sshd in a network namespace of its own, with keys and a configuration of its own.

Root logs in, by key only. The port is high and the address unroutable: nobody else can reach it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pytest

from host.transport.ssh import SshOptions, connect
from tests.fakes.ends.base import FarEnd
from tests.fakes.namespace import Namespace, namespace, why_not

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
BUSYBOX = shutil.which("busybox")
SSHD = shutil.which("sshd", path=PATH)
PORT = 2222
PRIVILEGE_FOLDER = Path("/run/sshd")  # compiled into Debian's sshd, made by its service else
# SHLVL: Debian's bash reads ~/.bashrc as sshd's first shell alone, and this machine's is none of
# a device's.
SERVER = """
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
Subsystem sftp internal-sftp
SetEnv SHLVL=2 {environment}
{more}
"""
CLIENT = """
Host {alias}
    HostName {address}
    Port {port}
    User root
    IdentityFile {folder}/user
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {folder}/known_hosts
{more}
"""


@dataclass
class Sshd:
    """A running sshd and the files of both ends. folder holds keys and configurations.

    environment: variables of every command, as sshd_config(5) SetEnv has them.
    """

    folder: Path
    place: Namespace
    environment: str = ""
    log: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """What known_hosts calls it."""
        return f"[{self.place.address}]:{PORT}"

    def start(self, more: str = "") -> None:
        """Start it and wait until it listens. more: lines of sshd_config(5)."""
        config = self.folder / "sshd_config"
        words = {"environment": self.environment, "folder": self.folder, "more": more}
        config.write_text(SERVER.format(port=PORT, **words))
        argv = self.place.inside([str(SSHD), "-D", "-e", "-f", str(config)])
        self.process = subprocess.Popen(argv, stderr=subprocess.PIPE, bufsize=0)
        pipe: BinaryIO = self.process.stderr  # type: ignore[assignment]
        for raw in iter(pipe.readline, b""):
            self.log.append(raw.decode())
            if "Server listening" in self.log[-1]:
                break
        else:
            raise AssertionError(f"sshd does not start: {self.log}")
        threading.Thread(target=self._drain, args=(pipe,), daemon=True).start()

    def stop(self) -> None:
        """End the daemon; connections that it serves go on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def trust(self) -> None:
        """Write its host key to known_hosts."""
        key = " ".join((self.folder / "host.pub").read_text().split()[:2])
        (self.folder / "known_hosts").write_text(f"{self.name} {key}\n")

    def config(self, alias: str = "far", more: str = "") -> Path:
        """A client's configuration that knows the way. more: its further lines."""
        path = self.folder / f"ssh_config.{alias}"
        text = CLIENT.format(
            alias=alias, address=self.place.address, port=PORT, folder=self.folder, more=more
        )
        path.write_text(text)
        return path

    def _drain(self, pipe: BinaryIO) -> None:
        with pipe:
            self.log.extend(raw.decode() for raw in iter(pipe.readline, b""))


def key(path: Path, passphrase: str = "") -> None:
    """Make a key pair."""
    path.unlink(missing_ok=True)
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def missing() -> str | None:
    """Why there can be no sshd here."""
    if SSHD is None or shutil.which("ssh") is None:
        return "openssh-server or openssh-client is not installed"
    return why_not()


@contextmanager
def sshd(folder: Path, near: Namespace | None = None, environment: str = "") -> Iterator[Sshd]:
    """An sshd whose host key is known and which knows our key. folder: empty.

    near: the namespace that its cable leads to.
    """
    PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
    for name in ("host", "user"):
        key(folder / name)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    with namespace(near) as place:
        made = Sshd(folder, place, environment)
        made.trust()
        made.start()
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def sshd_end(place: Path, environment: str = "") -> Iterator[FarEnd]:
    """place: an empty folder."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    folder, root = place / "ssh", place / "root"
    folder.mkdir()
    root.mkdir()
    with sshd(folder, environment=environment) as far:
        options = SshOptions(config=far.config())
        yield FarEnd(
            connect=lambda: connect("ssh:far", options),
            root=PurePosixPath(root),
            cut=far.place.cut,
            mend=far.place.mend,
        )


@contextmanager
def busybox_end(place: Path) -> Iterator[FarEnd]:
    """A board whose shell and every program are BusyBox's."""
    if BUSYBOX is None:
        pytest.skip("busybox is not installed")
    programs = place / "bin"
    programs.mkdir()
    subprocess.run([BUSYBOX, "--install", "-s", str(programs)], check=True)
    with sshd_end(place, f"PATH={programs}") as end:
        yield end
