"""Clock exchanges with the agent: four stamps each, all kept.

The host stamps sending (t1) and receiving (t4), the agent its receiving (t2) and sending (t3),
as in NTP (RFC 5905, figure 2). They are made in quiet, never inside a measured phase.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from agent.spool import Column, SpoolWriter
from collectors.protocol import Clock
from host.run.folder import RunFolder
from host.run.link import Link

EXCHANGES = 100
COLUMNS = (
    Column("t1_ns", "ns"),
    Column("t2_ns", "ns"),
    Column("t3_ns", "ns"),
    Column("t4_ns", "ns"),
)


def exchange(
    link: Link, folder: RunFolder, clock: Clock, name: str, count: int = EXCHANGES
) -> None:
    """Exchange stamps so many times; kept as `data/clock-<name>.tsv`.

    A host that was killed before its first attempt left such a file: then `-2` and so on.
    The header's clock is the host's; t2 and t3 are on the agent's, which its hello names.
    """
    stream = free_stream(folder.data, f"clock-{name}")
    writer = SpoolWriter(folder.data / f"{stream}.tsv", stream, clock.domain, COLUMNS)
    for number in range(count):
        t1_ns = clock.now_ns()
        pong = link.ask("ping", {"id": number, "t1_ns": t1_ns}, answer="pong")
        t4_ns = clock.now_ns()
        writer.append((str(t1_ns), str(int(pong["t2_ns"])), str(int(pong["t3_ns"])), str(t4_ns)))
    writer.close()


def free_stream(data: Path, name: str) -> str:
    """The first name of a stream that is not taken."""
    tried = itertools.chain([name], (f"{name}-{n}" for n in itertools.count(2)))
    return next(one for one in tried if not (data / f"{one}.tsv").exists())
