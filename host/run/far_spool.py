"""The spool on the device, by any transport: what lies there, and taking it away.

Names that a device says are looked at, never used: what is asked for is what the host knows.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import PurePosixPath

from host.errors import TransportError
from host.transport.base import Transport

CALL_TIMEOUT_S = 60.0
NUMBER = re.compile(r"0[0-9]{2}|[1-9][0-9]{2,6}", re.ASCII)
MAX_NAMES = 100_000
# A folder like that of an attempt, in which a tool scores the model; it is none of the run's.
SCORING = 1_000_000


def numbers_in(transport: Transport, spool: PurePosixPath) -> list[int]:
    """Numbers of the attempts that have a folder there, in order."""
    found = sorted(int(n) for n in _names(transport, spool) if NUMBER.fullmatch(n))
    return [number for number in found if number != SCORING]


def streams_in(transport: Transport, attempt: PurePosixPath, known: re.Pattern[str]) -> list[str]:
    """Names of the streams that lie in an attempt's folder, those that the host knows."""
    names = (n.removesuffix(".tsv") for n in _names(transport, attempt) if n.endswith(".tsv"))
    return sorted(n for n in names if known.fullmatch(n))


def remove(transport: Transport, folder: PurePosixPath) -> None:
    """Take a folder away; where that fails it stays, and `inferometer devices gc` tries again."""
    with contextlib.suppress(TransportError):
        transport.call(["rm", "-rf", "--", str(folder)], timeout_s=CALL_TIMEOUT_S)


def _names(transport: Transport, folder: PurePosixPath) -> list[str]:
    """What `ls` says; a folder that is not there holds nothing."""
    done = transport.call(["ls", "-1", "--", str(folder)], timeout_s=CALL_TIMEOUT_S)
    if done.status != 0:
        return []
    return done.stdout.decode("utf-8", "replace").split("\n")[:MAX_NAMES]
