"""Free space on a device, as `df` says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from host.deploy.layout import Site
from host.deploy.shell import ask, one_sentence
from host.errors import StoreError

KIB = 1024
# Android starts to clear caches when less is free than 5 % of the storage or 500 MiB, whichever
# is less (AOSP, StorageManager.getStorageLowBytes): that would disturb what is measured.
LOW_RATIO_DIVISOR, LOW_BYTES = 20, 500 << 20

# toybox, BusyBox and coreutils agree on these columns: 1024-blocks, used, available, capacity,
# mounted on. The name before them may hold spaces, and BusyBox may put it on a line of its own.
_ROW = re.compile(r"\s(\d{1,19})\s+\d{1,19}\s+(-?\d{1,19})\s+(?:\d{1,3}%|-)\s+/")
_UNIT = re.compile(r"\b(?:1K|1024)-blocks\b")

_DF = 'mkdir -p "$1" && { df -Pk "$1" 2>/dev/null || df -k "$1"; }'


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of the file system, and what of them a new file may take."""

    total_bytes: int
    free_bytes: int


def parse_df(text: str) -> Space | None:
    """None when `df` says nothing that can be trusted, such as blocks of another size."""
    head, _, rows = text.partition("\n")
    found = list(_ROW.finditer(rows))
    if not _UNIT.search(head) or len(found) != 1:
        return None
    total, free = (int(group) for group in found[0].groups())
    return Space(KIB * total, KIB * max(free, 0))


def space(site: Site) -> Space | None:
    """Space where the store lies; makes its folder. Raises StoreError when it cannot be made."""
    root, device = site.store.root, site.transport.device
    with one_sentence(device, root, "the store cannot be made"):
        return parse_df(ask(site.transport, _DF, root))


def reserve(site: Site, there: Space) -> int:
    """Bytes that must stay free."""
    if site.store.reserve_bytes is not None:
        return site.store.reserve_bytes
    return min(there.total_bytes // LOW_RATIO_DIVISOR, LOW_BYTES)


def check_space(site: Site, needed_bytes: int) -> None:
    """Raises StoreError when a file of this size would leave less than the reserve."""
    there = space(site)
    if there is None:
        site.watch.tell(
            f"{site.transport.device}: free space is not known (df was not understood)"
        )
        return
    kept = reserve(site, there)
    if there.free_bytes - kept < needed_bytes:
        raise StoreError(
            site.transport.device,
            str(site.store.root),
            f"not enough space: {mib(needed_bytes)} needed and {mib(kept)} kept in reserve, "
            f"{mib(there.free_bytes)} free; `inferometer devices gc` may free some",
        )


def mib(size_bytes: int) -> str:
    """A size for people, rounded up."""
    return f"{-(-size_bytes // (1 << 20))} MiB"
