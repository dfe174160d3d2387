"""One run a meter: a meter that two runs speak to gives each of them the other's answers.

A lock is flock(2) on a file for the meter's address, in a folder that all users of this host
share. It goes with its process: a file that a dead one left is nobody's. Serial ports are also
exclusive in the kernel; a socket to an instrument is not, and it may well accept two.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from host.errors import DeviceError
from host.run.lock import taken

# Name of the folder in the host's folder for temporary files, where all its users may write.
FOLDER = "inferometer-meters"
MOST_WORDS = 200


def shared_folder() -> Path:
    """Where the locks of this host lie."""
    return Path(tempfile.gettempdir()) / FOLDER


def key_of(address: str) -> str:
    """One key for all ways to write an address: links to a port, names of a machine."""
    kind, _, rest = address.partition(":")
    if kind == "serial":
        return f"serial:{_port(rest)}"
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        return f"tcp:{_machine(host.strip('[]').lower())}:{port}"
    return address.lower()


@contextmanager
def held(
    meters: Iterable[tuple[str, str]], who: str, folder: Path | None = None
) -> Iterator[None]:
    """Have these meters (name, address) alone inside. who: says to others whose they are.

    Raises DeviceError with the holder for one that another process has. Several meters at one
    address are one line that is shared on purpose, as Modbus units are. A host where no lock can
    be made keeps nobody out.
    """
    place = shared_folder() if folder is None else folder
    wanted: dict[str, str] = {}
    for name, address in meters:
        wanted.setdefault(key_of(address), name)
    with ExitStack() as open_now:
        for key, name in sorted(wanted.items()):
            handle = _opened(place, key)
            if handle is None:
                continue
            open_now.callback(os.close, handle)
            if holder := taken(handle):
                told = f" ({said})" if (said := _said(handle)) else ""
                raise DeviceError(name, f"{key} is in use by {holder}{told}")
            _say(handle, who)
        yield


def _port(path: str) -> str:
    """What a link stands for; the path itself where that cannot be told."""
    try:
        return str(Path(path).resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that is none
        return path


def _machine(host: str) -> str:
    """The numeric address that a connection would go to; the name where nobody knows it."""
    try:
        return str(socket.getaddrinfo(host, None)[0][4][0])
    except (OSError, ValueError):  # ValueError: what is no name of a machine at all
        return host


def _opened(folder: Path, key: str) -> int | None:
    """The lock's file, made where it is new; None where this host gives none."""
    path = folder / hashlib.sha256(key.encode()).hexdigest()[:32]
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o1777)  # as /tmp itself: all may make files, each removes its own
        handle = _handle(path)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    return None


def _handle(path: Path) -> int:
    """Never through a link; without O_CREAT first, which sticky folders refuse for others'."""
    try:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except PermissionError:  # another user's: a lock needs no right to write
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _say(handle: int, who: str) -> None:
    """Words for whoever is refused; where they cannot be kept, the process is named alone."""
    if not fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_RDWR:
        return
    os.ftruncate(handle, 0)
    os.pwrite(handle, who.encode("utf-8", "replace")[:MOST_WORDS], 0)


def _said(handle: int) -> str:
    text = os.pread(handle, MOST_WORDS, 0).decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable())
