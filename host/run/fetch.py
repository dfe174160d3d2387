"""Brings a stream from the device: goes on where a cut ended it, again where it came damaged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from agent.spool import StreamEnd
from collectors.protocol import Clock
from host.artefacts.files import sha256_file
from host.errors import UnreachableError
from host.transport.base import Transport

# A link that damages the same file three times is no link to measure over.
PULLS = 3
REST_S = 1.0


@dataclass(frozen=True, slots=True)
class Pulls:
    """The way files come. patience_s: how long a device that went away is looked for.

    note: told of every cut and every damaged file, for the journal. waiting: told why nothing
    happens.
    """

    transport: Transport
    clock: Clock
    note: Callable[[str, Mapping[str, Any]], None]
    patience_s: float = 0.0
    waiting: Callable[[str], None] = lambda _: None


def proven(pulls: Pulls, src: PurePosixPath, dst: Path, end: StreamEnd) -> bool:
    """Pull a stream until it is what its writer stated; False when it never was.

    Raises UnreachableError where the device stays away.
    """
    for _ in range(PULLS):
        whole(pulls, src, dst, end.size_bytes)
        if dst.stat().st_size == end.size_bytes and sha256_file(dst) == end.sha256:
            return True
        pulls.note("pull_damaged", {"file": src.name, "size_bytes": dst.stat().st_size})
    return False


def whole(pulls: Pulls, src: PurePosixPath, dst: Path, size_bytes: int) -> None:
    """Pull a file of at most this size (one byte more shows that it is longer).

    Every cut goes on behind what has come. Raises UnreachableError when nothing came for
    `patience_s`.
    """
    offset, lost_ns, cuts = 0, pulls.clock.now_ns(), 0
    while True:
        try:
            pulls.transport.pull(src, dst, offset=offset, max_bytes=size_bytes + 1 - offset)
        except UnreachableError as err:
            come = min(dst.stat().st_size, size_bytes) if dst.exists() else 0
            now_ns = pulls.clock.now_ns()
            if come > offset or not cuts:
                pulls.note("pull_cut", {"file": src.name, "at_bytes": come, "why": str(err)})
                lost_ns = now_ns
            left_s = pulls.patience_s - (now_ns - lost_ns) * 1e-9
            if left_s <= 0:
                raise
            offset, cuts = come, cuts + 1
            pulls.waiting(f"link to {pulls.transport.device} lost, {left_s:.0f} s")
            threading.Event().wait(min(REST_S, left_s))
        else:
            return
