"""Sources as the session and the sampler see them: opened, described, tried."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from agent.streams import source_fields
from collectors.protocol import Clock, Collector, Scope
from collectors.table import open_all

Kinds = tuple[tuple[str, Collector], ...]


def opened(
    clock: Clock, pid: int | None, kinds: Sequence[str] | None
) -> tuple[Kinds, dict[str, Any]]:
    """Collectors that can be read here, and `channels` and `absent` for messages."""
    collectors, absent = open_all(Scope(clock=clock, pid=pid), kinds)
    return collectors, source_fields(collectors, absent)


def probe(clock: Clock, pid: int | None, reads: int) -> dict[str, Any]:
    """What can be measured here; with `reads` above 0 all are read in that many rounds.

    Without `pid` the agent's own process stands in for the engine's, so that process sources are
    described and tried too; an attempt opens them anew for its engine.
    """
    from collectors.probe import probe as probe_sources

    collectors, fields = opened(clock, os.getpid() if pid is None else pid, None)
    try:
        found = probe_sources([one for _, one in collectors], clock, reads) if reads else ()
        fields["probes"] = [
            {"kind": kind, "max_hz": one.max_hz, **asdict(probed)}
            for (kind, one), probed in zip(collectors, found)  # noqa: B905 - none without reads
        ]
    finally:
        for _, collector in collectors:
            collector.close()
    return fields
