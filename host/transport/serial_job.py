"""A command on a unit behind a serial console: its input and output go in numbered pieces.

It runs in a process group of its own, beside the server, which hands its output over when asked.
So several can run at once, and the console stays free. The far end keeps at most 4 KiB of each
output; a command that says more waits until it was fetched.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from host.errors import TransportError
from host.transport.serial_link import Link
from host.transport.serial_port import deadline, left

# Pauses of the far end between looks for output, seconds, the longer the longer nothing came:
# each costs the unit one process. Their sum is how long the line is taken.
NAPS = (
    ("0.05", "0.05", "0.1", "0.1", "0.2"),
    ("0.1", "0.1", "0.2", "0.2", "0.2"),
    ("0.2", "0.3", "0.5"),
    ("0.5", "0.5"),
)
WHOLE_NAPS = ("1",)  # where sleep(1) takes whole seconds only
PIECES, PIECE_BYTES = 8, 512  # what is kept there of each output
REPLY_S = 2.0  # least time for one answer: a deadline shorter than a round trip meets nothing
MAX_STATUS = 255  # POSIX: eight bits of a status, 128 + n for a signal
KILL_S = 2.0  # for saying so; over a silent line nobody waits for more


@dataclass(frozen=True, slots=True)
class Taken:
    """What one look brought. status: of the command, once it has ended; over: nothing follows."""

    out: bytes
    err: bytes
    status: int | None
    over: bool


class Job:
    """A command that was started there. number: its name at the server."""

    def __init__(self, link: Link, number: int, *, naps: bool) -> None:
        self._link, self._number, self._naps = link, str(number), naps
        self._outs = self._errs = self._ins = self._idle = 0
        self.over = False

    def start(self, argv: Sequence[str], *, stdin: bool, stderr: bool, timeout_s: float) -> None:
        """stdin, stderr: whether there is input to come, and whether anybody wants its errors."""
        until = deadline(timeout_s)
        code, size = self._link.speech.code, self._link.payload_bytes
        script = f"exec {shlex.join(argv)}\n".encode("utf-8", "surrogateescape")
        pieces = [script[at : at + size] for at in range(0, len(script), size)]
        for piece in pieces[:-1]:
            self._ask("c", code.encode(piece), until=until)
        nap = "0.05" if self._naps else "1"
        flags = (str(int(stdin)), str(int(stderr)))
        self._ask("S", *flags, nap, code.encode(pieces[-1]), until=until)

    def put(self, data: bytes, *, timeout_s: float) -> Literal["taken", "full", "gone"]:
        """Hand over a piece of input, b"" for its end.

        full: there is no room just now; gone: the command has ended.
        """
        text = (self._link.speech.code.encode(data),) if data else ()
        said = self._ask("I", str(self._ins), *text, until=deadline(timeout_s)).strip()
        if said == b"taken":
            self._ins += 1
            return "taken"
        return "full" if said == b"full" else "gone"

    def take(self, *, timeout_s: float, wait_s: float = 1.0) -> Taken:
        """Fetch output; waits for some, about a second and no longer than wait_s."""
        naps = self._pauses(wait_s)
        most = max(1, min(PIECES, self._link.block_bytes // PIECE_BYTES))
        numbers = (str(self._outs), str(self._errs), str(most))
        slept_s = sum(map(float, naps))
        said = self._ask("R", *numbers, *naps, until=deadline(timeout_s), wait_s=slept_s)
        head, _, data = said.partition(b"\n")
        try:
            outs, errs, split, status, over = head.decode("ascii").split(" ")
            size = len(data) * (int(outs) > 0) if split == "-" else int(split)
            taken = Taken(
                data[:size], data[size:], None if status == "-" else int(status), over == "1"
            )
            new = (int(outs), int(errs))
        except ValueError as err:
            raise TransportError(self._link.device, "its answer makes no sense") from err
        if (
            not all(0 <= one <= PIECES for one in new)
            or not 0 <= (taken.status or 0) <= MAX_STATUS
        ):
            raise TransportError(self._link.device, "its answer makes no sense")
        self._outs, self._errs = self._outs + new[0], self._errs + new[1]
        self._idle = 0 if data else self._idle + 1
        self.over = taken.over
        return taken

    def kill(self) -> None:
        """End it and all that it started in its process group. Raises as a request does."""
        if not self.over:
            self._ask("K", until=deadline(KILL_S), wait_s=3.0)
            self.over = True

    def forget(self) -> None:
        """Leave what it started running, and give up its output."""
        if not self.over:
            self._ask("X", until=deadline(KILL_S))
            self.over = True

    def _pauses(self, wait_s: float) -> tuple[str, ...]:
        if not self._naps:
            return WHOLE_NAPS if wait_s >= 1 else ()
        chosen = NAPS[min(self._idle // 4, len(NAPS) - 1)]
        count = 0
        while count < len(chosen) and sum(map(float, chosen[: count + 1])) <= wait_s:
            count += 1
        return chosen[:count]

    def _ask(self, operation: str, *words: str, until: float, wait_s: float = 0.0) -> bytes:
        return self._link.ask(
            operation, self._number, *words, timeout_s=left(until), wait_s=wait_s
        )
