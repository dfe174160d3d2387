"""Frees the store on a device of what nobody has used for some time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from host.align.streams import read_json
from host.deploy.garbage import Garbage, Keep, collect_garbage
from host.errors import FolderError, UsageError
from host.pipeline.known import known_device
from host.pipeline.reach import LOCAL, store_of
from host.run.folder import RunFolder


def free(
    name: str, inventory: Path | None, runs: Path, *, keep_days: float, dry_run: bool
) -> list[Garbage]:
    """Remove objects, environments and half pushes that nobody asked for in keep_days.

    Spools go only where a sealed run in `runs` holds what was in them. Raises HostError.
    """
    if name == LOCAL:
        raise UsageError("this machine keeps no store of pushed files; name another device")
    known = known_device(name, inventory)
    transport = known.connect()
    try:
        store = store_of(known, known.profile(transport), transport)
        keep = Keep(days=keep_days, collected=tuple(_collected(runs)))
        return collect_garbage(transport, store, keep, dry_run=dry_run)
    finally:
        transport.close()


def _collected(runs: Path) -> Iterator[str]:
    """Ids of the runs that are sealed here."""
    for path in sorted(runs.glob("*/data/run.json")):
        if RunFolder(path.parents[1]).sealed:
            try:
                yield str(read_json(path)["id"])
            except (FolderError, KeyError, TypeError):
                continue  # no run of ours: its spool, if there is one, stays
