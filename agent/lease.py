"""The host's leases, kept alive by a run that the device does by itself.

What a host has set of a device is put back by a watchdog there when nobody gives a sign any more
(`host/state/watchdog.sh`). With the host gone, the run gives the signs itself: another word in
`heartbeat` of the lease folder, one write. It writes nothing but that one file that is there
already, in the folder that the host has named, and only while `holder` is the host's token.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.order import OrderError
from agent.programs import ask_program

# A setting is read between attempts; `dumpsys power`, the longest answer, has some 50 kB.
READ_S, READ_BYTES = 10.0, 1 << 20
MAX_TOKEN, MAX_EVERY_S = 200, 86_400.0
MAX_SETTINGS, MAX_WORDS, MAX_CHARS = 64, 64, 4096
_TOKEN = re.compile(r"[A-Za-z0-9.-]{1,200}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that must stay as it was made.

    read: prints it. pattern: where the value stands in that, one group; "" is all of it.
    accepted: values that count as what was set, that one first.
    """

    id: str
    read: tuple[str, ...]
    pattern: str
    accepted: tuple[str, ...]


class Lease:
    """Signs of life for one lease folder. every_s: time between two signs.

    lost: "" or why the lease is lost, for good.
    """

    def __init__(
        self,
        folder: Path,
        token: str,
        every_s: float,
        settings: tuple[Setting, ...],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._token, self._every_s = folder, token, every_s
        self._settings, self._now_s = settings, now_s
        # Nobody else, and no other agent, may ever give the same sign.
        self._name, self._signs, self._due_s = secrets.token_hex(4), 0, 0.0
        self.lost = ""

    def wait_s(self) -> float:
        """Time until the next sign is due."""
        return max(0.0, self._due_s - self._now_s())

    def beat(self) -> None:
        """Give a sign where one is due."""
        now_s = self._now_s()
        if self.lost or now_s < self._due_s:
            return
        self._due_s = now_s + self._every_s
        self._signs += 1
        try:
            self.lost = self._sign(f"agent-{self._name}.{self._signs:09d}\n")
        except OSError:
            return  # of this disk, at this moment: the next sign may get through

    def check(self) -> str:
        """Whether lease and settings have held up to now: "" or what voids an attempt."""
        self._due_s = 0.0
        self.beat()
        changed = [said for one in self._settings if (said := _changed(one))]
        if self.lost or not changed:
            return self.lost
        return f"control-changed: {', '.join(changed)}"

    def _sign(self, word: str) -> str:
        """Write the word; "" or why there is nothing left to keep alive.

        Looked at after the write: a watchdog that was about to put things back sees the word, or
        has said so before in `over`.
        """
        try:
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            return "lease-lost: its folder is gone"
        try:
            if _first_word(folder, "holder") != self._token:
                return "lease-lost: its folder is another's"
            handle = _open(folder, "heartbeat", os.O_WRONLY)
            try:
                # In place of the old word: the watchdog reads one line, and a full disk takes it.
                os.pwrite(handle, word.encode(), 0)
            finally:
                os.close(handle)
            return "lease-lost: the device put its settings back" if _over(folder) else ""
        finally:
            os.close(folder)


def _open(folder: int, name: str, flags: int) -> int:
    """A plain file of this folder, which must be there; no link is followed, nothing waits."""
    handle = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(22, f"{name} is no plain file")
    return handle


def _first_word(folder: int, name: str) -> str:
    handle = _open(folder, name, os.O_RDONLY)
    try:
        words = os.read(handle, 2 * MAX_TOKEN).decode("ascii", "replace").split()
    finally:
        os.close(handle)
    return words[0] if words else ""


def _over(folder: int) -> bool:
    try:
        os.stat("over", dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _changed(one: Setting) -> str:
    """What a setting is instead, "" when it is as it was made."""
    said = ask_program(one.read, READ_S, READ_BYTES)
    text = said["stdout"].replace("\r\n", "\n")
    if said["fault"] or (said["status"] and not text.strip()):
        return f"{one.id} cannot be read ({said['fault'] or 'status ' + str(said['status'])})"
    if one.pattern:
        match = re.search(one.pattern, text)
        if match is None:
            return f"{one.id} is not shown"
        text = match[1] or ""
    found = text.strip()
    if found in one.accepted:
        return ""
    shown = "".join(c if c.isprintable() else "?" for c in found[:160])
    return f"{one.id} {one.accepted[0]} -> {shown}"


def parse_lease(found: object) -> Lease:
    """The lease of a `queue` message. Raises OrderError for whatever is not as it should be."""
    lease = _object("lease", found, {"folder", "token", "every_s", "settings"})
    folder, token, every_s = lease["folder"], lease["token"], lease["every_s"]
    if not _text(folder) or not Path(folder).is_absolute():
        raise OrderError("lease.folder: no absolute path")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise OrderError("lease.token: no name of a holder")
    if type(every_s) not in (int, float) or not 0 < every_s <= MAX_EVERY_S:
        raise OrderError("lease.every_s: not above 0 and at most a day")
    settings = lease["settings"]
    if not isinstance(settings, list) or len(settings) > MAX_SETTINGS:
        raise OrderError(f"lease.settings: not a list of at most {MAX_SETTINGS}")
    return Lease(Path(folder), token, float(every_s), tuple(_setting(one) for one in settings))


def _setting(found: object) -> Setting:
    one = _object("lease.settings", found, {"id", "read", "pattern", "accepted"})
    read, accepted, pattern = one["read"], one["accepted"], one["pattern"]
    for key, words in (("read", read), ("accepted", accepted)):
        whole = isinstance(words, list) and 0 < len(words) <= MAX_WORDS and all(map(_text, words))
        if not whole:
            raise OrderError(f"lease.settings.{key}: not a list of texts with one in it")
    try:
        groups = re.compile(pattern).groups if pattern else 1
    except (re.error, TypeError) as err:
        raise OrderError(f"lease.settings.pattern: no pattern: {err}") from err
    if groups != 1 or not _text(one["id"]):
        raise OrderError("lease.settings: an id, and a pattern with one group or none, are needed")
    return Setting(one["id"], tuple(read), pattern or "", tuple(accepted))


def _object(where: str, found: object, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(found, dict) or set(found) != keys:
        raise OrderError(f"{where}: not an object with {', '.join(sorted(keys))}")
    return found


def _text(found: object) -> bool:
    return isinstance(found, str) and 0 < len(found) <= MAX_CHARS and "\0" not in found
