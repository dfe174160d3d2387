"""Who holds a lock of a store, and whether that was a connection of ours that is gone.

A link that dies in silence (a lid that is closed, another Wi-Fi, an adb server that is killed)
leaves the device's end of it standing, for hours over TCP, and with it the lock. The device cannot
tell; the machine that made the lock can: its process has ended, or has given the lock up.
"""

from __future__ import annotations

import functools
import getpass
import hashlib
import os
import platform
import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from host.deploy.shell import plain

# The last word of what an owner says: the machine, and one lock of all that were ever made.
_OURS: Final = re.compile(
    r" pid (?P<pid>[0-9]{1,10}) (?P<machine>[0-9a-f]{16})-(?P<token>[0-9a-f]{16})"
)
# Tokens of locks that this process asks for or holds.
_HELD: Final[set[str]] = set()


@contextmanager
def owner() -> Iterator[str]:
    """What a lock says of who holds it, for as long as it is wanted or held."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    said = plain(f"{user} on {platform.node()} pid {os.getpid()}")
    token = secrets.token_hex(8)
    _HELD.add(token)
    try:
        yield "".join(c for c in said if c not in "\\'\"`$") + f" {machine()}-{token}"
    finally:
        _HELD.discard(token)


def words(text: str) -> str:
    """Who holds a lock, for people of any host: without the last word."""
    return text.rpartition(" ")[0]


def mark(text: str) -> str:
    """The last word: which lock it is."""
    return text.rpartition(" ")[2]


def gone(text: str) -> bool:
    """Whether nobody on this machine has that lock any more. Of another machine's: never."""
    found = _OURS.search(text)
    if found is None or found["machine"] != machine():
        return False
    pid = int(found["pid"])
    if pid == os.getpid():
        return found["token"] not in _HELD
    return not psutil.pid_exists(pid)


@functools.cache
def machine() -> str:
    """Where a process number means one process: name, network card and space of processes.

    Without a card `uuid.getnode` is another number in every process, which only makes a later
    process wait as for anybody else's lock.
    """
    try:
        space = str(Path("/proc/self/ns/pid").readlink())  # pid_namespaces(7)
    except OSError:
        space = ""
    said = f"{platform.node()} {uuid.getnode()} {space}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
