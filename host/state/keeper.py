"""Our end of `watchdog.sh`: the leases as the device itself keeps them."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import PurePosixPath
from typing import Literal

from host.errors import ControlError
from host.state.description import Description
from host.state.missing import shown, text_of
from host.transport.base import Transport

PROGRAM = "watchdog.sh"
CALL_S = 30.0
# Restoring tries three times, each command for 20 s at most.
RESTORE_S = 300.0
Life = Literal["ok", "lost", "unwatched"]
_LIVES: dict[str, Life] = {"ok": "ok", "lost": "lost", "unwatched": "unwatched"}
_TAKEN = re.compile(r"taken (\S{1,200}) ([01]) (\d{1,9})")
_LEFT = re.compile(r"left (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody's lease folder: whose, whether a watchdog lives, how many leases are left."""

    token: str
    alive: bool
    left: int


class Keeper:
    """The lease folder of one device, and its watchdog.

    Methods raise TransportError when the way fails, ControlError when the device refuses.
    """

    def __init__(self, transport: Transport, description: Description, token: str) -> None:
        self._transport, self._token = transport, token
        self._folder = description.store / "leases"
        self._program = description.store / PROGRAM
        # Two keepers of one lease (see heart.py) must never give the same sign.
        self._name, self._signs = secrets.token_hex(4), 0

    @property
    def folder(self) -> PurePosixPath:
        """The lease folder on the device."""
        return self._folder

    def install(self) -> None:
        """Put the program there, whole, under its own name."""
        with as_file(files("host.state") / PROGRAM) as path:
            part = self._program.with_name(f"{PROGRAM}.{self._token[-8:]}")
            self._transport.push(path, part)
        moved = self._transport.call(["mv", str(part), str(self._program)], timeout_s=CALL_S)
        if moved.status != 0:
            raise ControlError(self._transport.device, f"no {PROGRAM}: {_said(moved.stderr)}")

    def claim(self) -> Taken | None:
        """Make the folder ours: None, or who has it."""
        said = self._ask("claim", self._token)
        if said == "ok":
            return None
        match = _TAKEN.fullmatch(said)
        if match is None:
            raise ControlError(self._transport.device, f"the lease folder says {shown(said)}")
        return Taken(match[1], match[2] == "1", int(match[3]))

    def put(self, number: int, argv: Sequence[str], about: str) -> None:
        """Leave a script that restores one control."""
        text = f'# {shown(about)}\n{shlex.join(argv)} && : >"$1"\n# end\n'
        self._expect("ok", "put", self._token, name_of(number), stdin=text.encode())

    def start(self, silence_s: int, poll_s: float) -> None:
        """Start the watchdog. silence_s: how long without a sign until it restores."""
        self._expect("ok", "start", self._token, str(silence_s), f"{poll_s:g}")

    def beat(self) -> Life:
        """Give a sign of life. `lost`: it has restored, or is about to, or is another's."""
        self._signs += 1
        said = self._ask("beat", self._token, f"{self._name}.{self._signs}")
        if said not in _LIVES:
            raise ControlError(self._transport.device, f"the lease folder says {shown(said)}")
        return _LIVES[said]

    def restore(self) -> int:
        """Let the device put back what its folder holds, whoever's; how many it could not."""
        said = self._ask("restore", timeout_s=RESTORE_S)
        match = _LEFT.fullmatch(said)
        if match is None:
            raise ControlError(self._transport.device, f"the lease folder says {shown(said)}")
        return int(match[1])

    def drop(self, numbers: Collection[int]) -> None:
        """These are put back already."""
        if numbers:
            self._expect("ok", "drop", self._token, *map(name_of, numbers))

    def end(self, *, settled: bool = False) -> None:
        """Stop the watchdog and give the folder up. Refused while a lease is left in it.

        settled: our book says how each of them ended, so what the folder holds is no longer due.
        """
        self._expect("ok", "end", self._token, *(["settled"] if settled else []))

    def _expect(self, wanted: str, *words: str, stdin: bytes = b"") -> None:
        said = self._ask(*words, stdin=stdin)
        if said != wanted:
            raise ControlError(self._transport.device, f"{words[0]}: {shown(said)}")

    def _ask(self, *words: str, stdin: bytes = b"", timeout_s: float = CALL_S) -> str:
        argv = ["sh", str(self._program), str(self._folder), *words]
        done = self._transport.call(argv, timeout_s=timeout_s, stdin=stdin)
        said = _said(done.stdout)
        if not said:
            why = _said(done.stderr) or f"status {done.status}"
            raise ControlError(self._transport.device, f"{words[0]}: {why}")
        return said


def name_of(number: int) -> str:
    """A lease number as it stands in file names: their order is the order of time."""
    return f"{number:06d}"


def _said(raw: bytes) -> str:
    return shown(text_of(raw).strip())
