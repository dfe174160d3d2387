"""Sources as the session and the sampler see them: opened, described, tried."""

from __future__ import annotations

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
    """What can be measured here; with `reads` above 0 each source is tried that often."""
    from collectors.probe import probe as probe_source

    collectors, fields = opened(clock, pid, None)
    try:
        fields["probes"] = [
            {"kind": kind, "max_hz": one.max_hz, **asdict(probe_source(one, clock, reads))}
            for kind, one in collectors
            if reads
        ]
    finally:
        for _, collector in collectors:
            collector.close()
    return fields
