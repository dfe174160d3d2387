"""One file onto the device: pushed as a part, proven there, then given its name."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from host.deploy.chunks import WholeHash, proven_bytes, whole_hash, wrong_pieces
from host.deploy.layout import BLOCK_BYTES, Site
from host.deploy.proof import COARSE_S, SYNC_S, Seen, look, write_note
from host.deploy.shell import ask, one_sentence
from host.deploy.space import check_space, mib, space
from host.deploy.tools import Tools
from host.errors import ArtefactError, FarFileError, StoreError, TransportError

# Chunks that came wrong and are sent once more. A link that spoils more is no link to use.
REPAIRS = 1

_PLACE = """
mkdir -p "${2%/*}" && { sync "$1" 2>/dev/null || sync; }
sleep "$4"
rm -rf "$2" && rm -f "$3" && mv -f "$1" "$2"
"""
_REMOVE = 'rm -f "$@"'
_PATCH = f'dd if="$1" of="$2" bs={BLOCK_BYTES} seek="$3" conv=notrunc 2>/dev/null && rm -f "$1"'


@dataclass(frozen=True, slots=True)
class Item:
    """A file that shall lie at `path` there. source: None where the host has it not."""

    sha256: str
    size_bytes: int
    path: PurePosixPath
    note: PurePosixPath
    source: Path


@dataclass(frozen=True, slots=True)
class Received:
    """What it took: bytes that were there and proven, bytes pushed, chunks sent once more."""

    resumed_bytes: int
    pushed_bytes: int
    repaired_chunks: int


def receive_file(site: Site, tools: Tools, item: Item) -> Received:
    """Push, prove, name and note one file; goes on where an earlier push was cut.

    Raises StoreError when it does not fit or does not come whole, UnreachableError when the link
    is cut: what came stays there as a part, and the next call goes on with what of it is right.
    """
    offset = _resume(site, tools, item)
    check_space(site, item.size_bytes - offset)
    seen, repaired = _push(site, tools, item, offset), 0
    if seen is None:
        seen, repaired = _repair(site, tools, item), REPAIRS
    _place(site, item, seen)
    return Received(offset, item.size_bytes - offset, repaired)


def _resume(site: Site, tools: Tools, item: Item) -> int:
    """Where to go on: after the last chunk that is proven there. 0 removes what is there."""
    part = site.store.part(item.sha256)
    (seen,) = look(site, [(part, None)])
    size = min(seen.size_bytes or 0, item.size_bytes)
    proven = 0
    if size and (seen.stat is None or seen.stat.regular):
        proven = proven_bytes(site, tools, item.source, (part, size))
    if seen.there and not proven:
        _remove(site, part)
    return proven


def _push(site: Site, tools: Tools, item: Item, offset: int) -> Seen | None:
    """Push from an offset; the part as it looks there, None when its hash is not the right one.

    The device hashes what has come while the rest is on its way.
    """
    part, total = site.store.part(item.sha256), item.size_bytes
    follower = None if site.store.one_channel else WholeHash(site, tools, part, total)
    there = offset

    def moved(count: int) -> None:
        nonlocal there
        there += count
        site.watch.progress(there, total, f"push {item.path.name}")
        if follower is not None:
            follower.reach(there)

    try:
        site.transport.push(item.source, part, offset=offset, moved=moved)
        seen = _come(site, item)
        found = follower.end() if follower is not None else ""
    except FarFileError as err:
        _explain(site, item, err)
        raise
    finally:
        if follower is not None:
            follower.give_up()
    if found != item.sha256:  # also when a chunk was read before it had come
        found = whole_hash(site, tools, part, total)
    return seen if found == item.sha256 else None


def _come(site: Site, item: Item) -> Seen:
    """The part as it looks there. Raises StoreError when it has another size than was sent."""
    part = site.store.part(item.sha256)
    (seen,) = look(site, [(part, None)])
    if seen.size_bytes != item.size_bytes:
        _remove(site, part)
        raise StoreError(
            site.transport.device,
            str(item.path),
            f"{item.size_bytes} bytes were sent and {seen.size_bytes} are there",
        )
    return seen


def _explain(site: Site, item: Item, err: FarFileError) -> None:
    """A push that failed because the store is full, in one sentence; nothing for others.

    The part is removed: a device whose disk is full to the last byte is of no use to anybody.
    """
    there = space(site)
    full = "No space left" in str(err) or (there is not None and not there.free_bytes)
    if full:
        _remove(site, site.store.part(item.sha256))
        raise StoreError(
            site.transport.device,
            str(site.store.root),
            f"the store is full: {mib(item.size_bytes)} for {item.path.name} do not fit; "
            "`inferometer devices gc` may free some",
        ) from err


def _repair(site: Site, tools: Tools, item: Item) -> Seen:
    """Send the chunk again that came wrong. Raises StoreError when that does not make it whole."""
    part = site.store.part(item.sha256)
    wrong = wrong_pieces(site, tools, item.source, (part, item.size_bytes))
    if not wrong:
        _remove(site, part)
        raise ArtefactError(
            str(item.source), f"is not the file with SHA-256 {item.sha256}; it may have changed"
        )
    said = _said(wrong, item, site.store.chunk_bytes)
    if len(wrong) <= REPAIRS:
        site.watch.tell(f"{site.transport.device}: {said} came wrong and is sent once more")
        _send_again(site, tools, item, wrong[0])
        seen = _come(site, item)
        if whole_hash(site, tools, part, item.size_bytes) == item.sha256:
            return seen
    _remove(site, part)
    raise StoreError(
        site.transport.device,
        str(item.path),
        f"does not have the hash that was sent: {said} came wrong; what came was removed",
    )


def _said(wrong: list[tuple[int, int]], item: Item, chunk_bytes: int) -> str:
    number, total = wrong[0][0] // chunk_bytes + 1, -(-item.size_bytes // chunk_bytes)
    more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return f"chunk {number} of {total}{more} of {item.path.name}"


def _send_again(site: Site, tools: Tools, item: Item, piece: tuple[int, int]) -> None:
    offset, count = piece
    part = site.store.part(item.sha256)
    if not tools.can_write_piece:  # then all from there on
        site.transport.push(item.source, part, offset=offset)
        return
    patch = site.store.parts / f"{item.sha256}.patch"
    with tempfile.NamedTemporaryFile(prefix="inferometer-chunk-") as file:
        with item.source.open("rb") as source:
            source.seek(offset)
            file.write(source.read(count))
        file.flush()
        site.transport.push(Path(file.name), patch)
    with one_sentence(site.transport.device, item.path, "a chunk cannot be put right"):
        ask(site.transport, _PATCH, patch, part, offset // BLOCK_BYTES, timeout_s=SYNC_S)


def _place(site: Site, item: Item, seen: Seen) -> None:
    """Give the proven part its name, and note what `stat` says of it.

    Without a note (a clock that jumps, a file system that gives a new inode) it is hashed again
    at the next use. Where `stat` knows whole seconds only, the rename waits until the last
    write is so far back that a later one has another mtime.
    """
    wait_s = 0
    if seen.stat is not None and seen.stat.coarse:
        wait_s = min(max(seen.stat.changed_s + COARSE_S - seen.now_s, 0), COARSE_S)
    part = site.store.part(item.sha256)
    with one_sentence(site.transport.device, item.path, "a proven file cannot be named"):
        ask(site.transport, _PLACE, part, item.path, item.note, wait_s, timeout_s=SYNC_S)
    (after,) = look(site, [(item.path, item.note)])
    if seen.stat is not None and after.stat is not None and seen.stat.same_but_ctime(after.stat):
        write_note(site, item.note, item.sha256, after.stat)


def _remove(site: Site, *paths: PurePosixPath) -> None:
    """Take away what is no good. A store that does not even do that says so later."""
    with contextlib.suppress(TransportError):
        ask(site.transport, _REMOVE, *paths)
