"""A store of files on a device, each under the SHA-256 of its content and proven there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from host.artefacts.models.hashing import FileHash, combined
from host.deploy.chunks import whole_hash
from host.deploy.layout import SILENT, Site, Store, Watch, checked_name, checked_sha256
from host.deploy.lock import held
from host.deploy.proof import Seen, look, write_note
from host.deploy.receive import Item, Received, receive_file
from host.deploy.shell import SCRIPT_S, argv, ask, one_sentence
from host.deploy.tools import Tools, find_tools
from host.errors import ArtefactError, StoreError
from host.transport.base import Transport

_REMOVE_FOLDER = 'rm -rf "$1"'
_COUNT = 'find "$1" ! -type d 2>/dev/null | wc -l'
# Says whether the name is a link, and gives the file a second name in the store where the file
# system and its rules allow it (Android's rules for the shell do not).
_LINK = '[ -h "$1" ] && exit 1; mkdir -p "${2%/*}" && rm -rf "$2" && ln "$1" "$2" 2>/dev/null'


class How(StrEnum):
    """How a file came to be proven there, the least effort first."""

    UNCHANGED = "unchanged"
    HASHED = "hashed-again"
    ADOPTED = "adopted"
    PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file or folder there whose hash was proven there.

    resumed_bytes: were there from a push that was cut. repaired_chunks: came wrong and were sent
    once more.
    """

    path: PurePosixPath
    sha256: str
    how: How
    pushed_bytes: int = 0
    resumed_bytes: int = 0
    repaired_chunks: int = 0


def put(
    transport: Transport, store: Store, file: Path, sha256: str, watch: Watch = SILENT
) -> Placed:
    """Have a file of the host on the device.

    Raises ArtefactError when the file here is not what sha256 says, StoreError when the store
    cannot take it, UnreachableError when the link is cut (call again to go on).
    """
    name = checked_name(file.name)
    path = store.objects / checked_sha256(sha256) / name
    item = Item(sha256, _size(file), path, store.note(sha256, name), file)
    return _have(Site(transport, store, watch), sha256, path, [item])


def put_folder(
    transport: Transport,
    store: Store,
    folder: Path,
    files: Sequence[FileHash],
    watch: Watch = SILENT,
) -> Placed:
    """Have a model folder there, file by file. Its name is `hashing.combined` of its files."""
    sha256 = combined(files)
    path = store.objects / sha256 / checked_name(folder.name)
    items = []
    for file in files:
        parts = [checked_name(part) for part in file.name.split("/")]
        source, note = folder.joinpath(*parts), store.note(sha256, file.name)
        there = path.joinpath(*parts)
        items.append(Item(checked_sha256(file.sha256), _size(source), there, note, source))
    site = Site(transport, store, watch)
    if not _only(site, path, len(items)):
        watch.tell(f"{transport.device}: {path} holds files that do not belong to it; made anew")
        with held(site), one_sentence(transport.device, path, "cannot be removed"):
            ask(transport, _REMOVE_FOLDER, path.parent)
    return _have(site, sha256, path, items)


def adopt(
    transport: Transport, store: Store, path: PurePosixPath, sha256: str, watch: Watch = SILENT
) -> Placed:
    """Take a file that lies on the device already, without a copy.

    It gets a second name in the store where hard links are allowed, and is used where it lies
    otherwise; either way it is proven once, and again after any change. Raises StoreError when it
    is missing or another file.
    """
    site = Site(transport, store, watch)
    name = checked_name(path.name)
    linked = store.objects / checked_sha256(sha256) / name
    linked_note, note = store.note(sha256, name), store.note(sha256, f"at {path}")
    (seen,) = look(site, [(linked, linked_note)], used=store.used(sha256))
    if seen.proves(sha256):
        return Placed(linked, sha256, How.UNCHANGED)
    (seen,) = look(site, [(path, note)], used=store.used(sha256), follow=True)
    if seen.proves(sha256):
        return Placed(path, sha256, How.UNCHANGED)
    with held(site):
        found = hash_there(site, path)
        if found.sha256 != sha256:
            raise StoreError(
                transport.device, str(path), f"has SHA-256 {found.sha256}, not {sha256}"
            )
        return Placed(_keep(site, path, linked, found.seen), sha256, How.ADOPTED)


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file there: its hash, and how it looked before and after it was read."""

    sha256: str
    seen: Seen


def hash_there(site: Site, path: PurePosixPath, tools: Tools | None = None) -> Hashed:
    """Hash a file there. Raises StoreError when it is missing or changes on the way."""
    device = site.transport.device
    (before,) = look(site, [(path, None)], follow=True)
    if not before.there or before.size_bytes is None:
        raise StoreError(device, str(path), "there is no such file on the device")
    found = whole_hash(site, tools or find_tools(site), path, before.size_bytes)
    (after,) = look(site, [(path, None)], follow=True)
    if (after.stat, after.size_bytes) != (before.stat, before.size_bytes):
        raise StoreError(device, str(path), "changes while it is read")
    return Hashed(found, before)


def _keep(site: Site, path: PurePosixPath, linked: PurePosixPath, seen: Seen) -> PurePosixPath:
    """Where an adopted file is used from now on; notes what was proven, once it is settled."""
    sha256, stat = linked.parent.name, seen.stat
    note, linked_note = site.store.note(sha256, f"at {path}"), site.store.note(sha256, linked.name)
    script = 'mkdir -p "$1" && touch "$2"'
    with one_sentence(site.transport.device, site.store.root, "the store cannot be written"):
        ask(site.transport, script, linked.parent, site.store.used(sha256))
    if site.transport.call(argv(_LINK, path, linked), timeout_s=SCRIPT_S).status == 0:
        (now,) = look(site, [(linked, linked_note)])
        if stat is not None and now.stat is not None and stat.same_but_ctime(now.stat):
            if seen.settled:
                write_note(site, linked_note, sha256, now.stat)
            return linked
    if stat is not None and seen.settled:
        write_note(site, note, sha256, stat)
    return path


def _have(site: Site, sha256: str, path: PurePosixPath, items: list[Item]) -> Placed:
    """Look first, without the lock: a proven object costs one call and no write."""
    used = site.store.used(sha256)
    pairs = [(item.path, item.note) for item in items]
    if all(
        seen.proves(item.sha256)
        for item, seen in zip(items, look(site, pairs, used=used), strict=True)
    ):
        return Placed(path, sha256, How.UNCHANGED)
    with held(site):
        tools = find_tools(site)
        looks = look(site, pairs)  # again: another writer may have just put it there
        received = [
            got
            for item, seen in zip(items, looks, strict=True)
            if not seen.proves(item.sha256) and (got := _mend(site, tools, item, seen))
        ]
        with one_sentence(site.transport.device, site.store.root, "the store cannot be written"):
            ask(site.transport, 'touch "$1"', used)
    if not received:
        return Placed(path, sha256, How.HASHED)
    return Placed(
        path,
        sha256,
        How.PUSHED,
        sum(got.pushed_bytes for got in received),
        sum(got.resumed_bytes for got in received),
        sum(got.repaired_chunks for got in received),
    )


def _mend(site: Site, tools: Tools, item: Item, seen: Seen) -> Received | None:
    """Hash a file that has changed, and send it when it is another. None: it was right."""
    if seen.there:
        if _still_right(site, tools, item, seen):
            return None
        site.watch.tell(
            f"{site.transport.device}: {item.path.name} is not what its hash says any more "
            "and is sent again"
        )
        with one_sentence(site.transport.device, item.path, "cannot be removed"):
            ask(site.transport, 'rm -rf "$1" && rm -f "$2"', item.path, item.note)
    return receive_file(site, tools, item)


def _still_right(site: Site, tools: Tools, item: Item, seen: Seen) -> bool:
    if seen.size_bytes != item.size_bytes or (seen.stat is not None and not seen.stat.regular):
        return False
    found = hash_there(site, item.path, tools)
    if found.sha256 != item.sha256:
        return False
    if found.seen.stat is not None and found.seen.settled:
        write_note(site, item.note, item.sha256, found.seen.stat)
    return True


def _only(site: Site, path: PurePosixPath, files: int) -> bool:
    """Whether a folder there holds no more files than belong to it."""
    said = ask(site.transport, _COUNT, path).strip()
    return said.isascii() and said.isdigit() and int(said) <= files


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as err:
        raise ArtefactError(str(file), f"cannot be read: {err.strerror or err}") from err
