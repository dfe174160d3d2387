"""Which host a kept session listens to: the newest one; those before it are turned away.

A host that slept through another one's taking over wakes up with orders that are old. Every
host names itself when it joins; names stand in a file, so that a later session of the same run
still knows whom it no longer listens to.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from pathlib import Path

NAME = "owners"
WORD = re.compile(r"[A-Za-z0-9._-]{1,120}")
MAX_BYTES = 1 << 20


class Owners:
    """Hosts in the order in which they took over, and the links of the present one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._links: dict[socket.socket, str] = {}
        self._names = _names(path)

    def take(self, link: socket.socket, name: str) -> str:
        """Give the session to this host; "" or the one that has taken it over since.

        A link of a host that was superseded is shut. An empty name is nobody's: it only listens.
        """
        with self._guard:
            if self.superseded(name):
                return self._names[-1]
            if name and name not in self._names:
                self._names.append(name)
                self._keep(name)
            self._links[link] = name
            for other, its in self._links.items():
                if self.superseded(its):
                    with contextlib.suppress(OSError):  # it has gone already
                        other.shutdown(socket.SHUT_RDWR)
            return ""

    def superseded(self, name: str) -> bool:
        """Whether another host came after this one."""
        return name in self._names[:-1]

    def leave(self, link: socket.socket) -> None:
        with self._guard:
            self._links.pop(link, None)

    def _keep(self, name: str) -> None:
        with contextlib.suppress(OSError):  # a full disk: known as long as the session lives
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(fd, f"{name}\n".encode())
            finally:
                os.close(fd)


def name_of(found: object) -> str:
    """A host's name as it may stand in the file, "" for anything else."""
    return found if isinstance(found, str) and WORD.fullmatch(found) else ""


def _names(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode("ascii", "replace")
    except OSError:
        return []
    return [word for word in text.split("\n") if WORD.fullmatch(word)]
