"""Two real chronyd on this machine: one serves its own clock, the other follows it.

Neither touches the clock (-x). Programs: Debian's chrony; sockets in a folder of their own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHRONYD = shutil.which("chronyd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
CHRONYC = shutil.which("chronyc")
WAIT_S = 30.0


@dataclass(frozen=True)
class Chronys:
    """Command lines of chronyc for the server and for its client."""

    server: tuple[str, ...]
    client: tuple[str, ...]

    def client_does(self, command: str) -> None:
        """Tell the client something by chronyc, such as `offline`."""
        subprocess.run([*self.client, command], capture_output=True, timeout=WAIT_S, check=True)

    @contextmanager
    def no_more_polls(self) -> Iterator[None]:
        """The client asks the server no more: what it estimates stays as it is."""
        self.client_does("offline")
        try:
            yield
        finally:
            self.client_does("online")
            _until_synchronised(self.client)


@contextmanager
def two_chronyds() -> Iterator[Chronys]:
    """Both daemons, once the client follows the server."""
    assert CHRONYD is not None
    assert CHRONYC is not None
    # Short: a socket's path may have 107 bytes (unix(7)). chronyd wants its folder private.
    with tempfile.TemporaryDirectory(prefix="ifm-chrony-", dir="/tmp") as name:
        folder, port = Path(name), _free_port()
        server = f"local stratum 2\nallow 127.0.0.0/8\nport {port}\nbindaddress 127.0.0.1\n"
        client = f"server 127.0.0.1 port {port} minpoll -6 maxpoll -6 iburst\nport 0\n"
        lines = {end: (CHRONYC, "-h", f"{folder}/{end}/c") for end in ("server", "client")}
        processes = [
            _start(folder / end, text) for end, text in (("server", server), ("client", client))
        ]
        try:
            _until_synchronised(lines["client"])
            yield Chronys(lines["server"], lines["client"])
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(WAIT_S)


def _start(folder: Path, text: str) -> subprocess.Popen[bytes]:
    folder.mkdir(mode=0o700)
    config = folder / "chrony.conf"
    config.write_text(
        f"{text}cmdport 0\nbindcmdaddress {folder}/c\npidfile {folder}/pid\n", encoding="ascii"
    )
    user = pwd.getpwuid(os.getuid()).pw_name
    return subprocess.Popen(
        [str(CHRONYD), "-x", "-d", "-u", user, "-f", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until_synchronised(chronyc: tuple[str, ...]) -> None:
    """`waitsync` ends with 0 as soon as the daemon follows a source (chronyc(1))."""
    said = b""
    for _ in range(10):  # the socket is there a moment after the start
        done = subprocess.run(
            [*chronyc, "waitsync", "300", "0", "0", "0.1"],
            capture_output=True,
            timeout=WAIT_S,
            check=False,
        )
        if done.returncode == 0:
            return
        said = done.stdout
        time.sleep(0.2)
    raise AssertionError(f"chronyd does not follow: {said!r}")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
