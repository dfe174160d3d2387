"""What a contract test needs to know of a far end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from host.transport.base import Transport


@dataclass(frozen=True, slots=True)
class FarEnd:
    """A device with a POSIX shell. Not every one has Python.

    connect: a new transport to it. root: an empty folder there. unit_bytes: how much data a test
    of bulk moves; small for a serial line. cut, mend: take the link away and give it back; None
    where the link is the machine itself. one_channel: nothing goes on beside an open stream.
    one_connection: a second one at once is refused, as on a serial line.
    """

    connect: Callable[[], Transport]
    root: PurePosixPath
    unit_bytes: int = 4 << 20
    cut: Callable[[], None] | None = None
    mend: Callable[[], None] | None = None
    one_channel: bool = False
    one_connection: bool = False
