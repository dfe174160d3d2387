"""Frees a store of what nobody has asked for in so many days, by the device's own clock."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from host.deploy.layout import SHA256, SILENT, Site, Store, Watch
from host.deploy.lock import held
from host.deploy.shell import ask, one_sentence
from host.transport.base import Transport

DAY_S = 86400
# Another host may have looked at an object just now and be about to use it; it holds no lock for
# that. Nothing younger is ever removed, whatever keep_days says.
GRACE_S = 3600
LIST_S = 120.0
REMOVE_S = 300.0

# One line for every entry of a folder: when it was last used (seconds), KiB, name.
_LIST = """
date +%s
cd "$1" 2>/dev/null || exit 0
for n in *; do
  case $n in *[!A-Za-z0-9._-]*) continue ;; esac
  [ -e "$n" ] && [ ! -h "$n" ] || continue
  u=$(stat -c %Y "./$n/.used" 2>/dev/null || stat -c %Y "./$n") || continue
  set -- $(du -sk "./$n" 2>/dev/null)
  echo "$u ${1:-0} $n"
done
"""
# Looks again first: whoever uses it touches `.used`. A rename makes a half-removed one no object.
_REMOVE = """
u=$(stat -c %Y "$1/.used" 2>/dev/null || stat -c %Y "$1") || exit 0
[ "$u" = "$2" ] || { echo used; exit 0; }
mv "$1" "$3" && rm -rf "$3" && echo removed
"""
_SWEEP = 'cd "$1" 2>/dev/null || exit 0; rm -rf trash-*'
_LINE = re.compile(r"(\d{1,12}) (\d{1,16}) (.*)")
_NOW = re.compile(r"\d{1,12}")
_PART = re.compile(r"[0-9a-f]{64}\.(?:part|patch)")


@dataclass(frozen=True, slots=True)
class Garbage:
    """What was removed, or would be. kind: object, environment, part or spool.

    unused_s: since it was last asked for. removed: false in a dry run, and for one that somebody
    used meanwhile.
    """

    kind: str
    path: PurePosixPath
    size_bytes: int
    unused_s: int
    removed: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str
    path: PurePosixPath
    used_s: int
    now_s: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays whatever its age, and what goes early.

    days: unused for longer goes. in_use: SHA-256 of objects and environments that stay.
    collected: ids of runs whose spools the host has; no other spool is ever touched.
    """

    days: float
    in_use: Collection[str] = ()
    collected: Collection[str] = ()


def collect_garbage(
    transport: Transport,
    store: Store,
    keep: Keep,
    watch: Watch = SILENT,
    *,
    dry_run: bool = False,
) -> list[Garbage]:
    """Remove what is not needed, largest first; gives what was found, with its size.

    A clock that was set back makes things look younger, and keeps them. Raises StoreError when
    another writer holds the store or it cannot be written.
    """
    site = Site(transport, store, watch)
    found = sorted(_found(site, keep), key=lambda entry: (-entry.size_bytes, entry.path))
    if dry_run:
        return [_garbage(entry, removed=False) for entry in found]
    done = []
    with held(site):
        ask(transport, _SWEEP, store.root, timeout_s=REMOVE_S)
        for number, entry in enumerate(found):
            watch.progress(number, len(found), f"remove {entry.path.name}")
            done.append(_garbage(entry, removed=_remove(site, entry)))
    return done


def _found(site: Site, keep: Keep) -> Iterator[_Entry]:
    """Entries that may go. Names of the device are only ever compared with what we would write."""
    least_s = max(keep.days * DAY_S, GRACE_S)
    store = site.store
    for kind, folder in (
        ("object", store.objects),
        ("environment", store.environments),
        ("part", store.parts),
        ("spool", store.spool),
    ):
        for entry in _entries(site, kind, folder):
            name, unused_s = entry.path.name, entry.now_s - entry.used_s
            early = kind == "spool" and name in keep.collected
            old = unused_s >= (GRACE_S if early else least_s)
            if old and _ours(kind, name, keep):
                yield entry


def _ours(kind: str, name: str, keep: Keep) -> bool:
    if kind == "spool":
        return name in keep.collected
    if kind == "part":
        return _PART.fullmatch(name) is not None
    return SHA256.fullmatch(name) is not None and name not in keep.in_use


def _entries(site: Site, kind: str, folder: PurePosixPath) -> Iterator[_Entry]:
    now, *lines = ask(site.transport, _LIST, folder, timeout_s=LIST_S).split("\n")
    if not _NOW.fullmatch(now):
        return
    for line in lines:
        found = _LINE.fullmatch(line)
        if found and "/" not in found.group(3) and not found.group(3).startswith("."):
            used, kib, name = found.groups()
            yield _Entry(kind, folder / name, int(used), int(now), 1024 * int(kib))


def _remove(site: Site, entry: _Entry) -> bool:
    trash = site.store.root / f"trash-{entry.kind}-{entry.path.name}"
    with one_sentence(site.transport.device, entry.path, "cannot be removed"):
        said = ask(site.transport, _REMOVE, entry.path, entry.used_s, trash, timeout_s=REMOVE_S)
    return said.strip() == "removed"


def _garbage(entry: _Entry, *, removed: bool) -> Garbage:
    unused_s = entry.now_s - entry.used_s
    return Garbage(entry.kind, entry.path, entry.size_bytes, unused_s, removed)
