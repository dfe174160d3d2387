"""Hashes of a file on the device and of the one here, piece by piece.

The host asks for each chunk on a stream and the device answers each, so that a dead link is
noticed within one chunk, however large the file is.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from host.deploy.layout import BLOCK_BYTES, Site
from host.deploy.shell import argv, ask
from host.deploy.tools import Tools
from host.errors import ArtefactError, StoreError, TransportError, UnreachableError
from host.transport.base import STALL_S, Stream

CLOSE_S = 10.0
# Chunks that a push has handed over may still be on their way; they are asked for this late.
LAG_CHUNKS = 2
_DIGEST = re.compile(rb"\\?([0-9a-f]{64})(?:\s.*)?\s*")
_READ_BYTES = 1 << 20

_WHOLE = """
{{ while read -r skip count first bytes; do
  [ "$skip" = end ] && break
  {piece}
  echo "$skip" >&3
done | {hasher}; }} 3>&1
"""
_EACH = """
while read -r skip count first bytes; do
  [ "$skip" = end ] && break
  {piece} | {hasher}
done
"""


class WholeHash:
    """SHA-256 of one file there, which may still be growing while it is read.

    A file that is read before all of it has come gives a wrong hash, never a right one.
    """

    def __init__(self, site: Site, tools: Tools, path: PurePosixPath, size_bytes: int) -> None:
        script = _WHOLE.format(piece=tools.piece, hasher=tools.hasher)
        self._site, self._path, self._size = site, path, size_bytes
        self._stream = site.transport.open(argv(script, path))
        self._asked = self._answered = 0
        self._failed = False

    def reach(self, there_bytes: int) -> None:
        """Ask for every chunk that must have come when so much was handed over. Never raises."""
        step = self._site.store.chunk_bytes
        try:
            while self._asked + (1 + LAG_CHUNKS) * step <= there_bytes:
                self._ask()
        except TransportError:
            self._failed = True  # the push goes on; the file is hashed again afterwards

    def end(self) -> str:
        """Ask for the rest and give the hash, in hex; "" when the stream broke on the way."""
        try:
            return self._end()
        except UnreachableError:
            raise
        except TransportError:
            return ""
        finally:
            self.give_up()

    def give_up(self) -> None:
        """Close the stream; calling it twice is no error."""
        close(self._stream)

    def _ask(self) -> None:
        step = min(self._site.store.chunk_bytes, self._size - self._asked)
        self._stream.send(line_for(self._asked, step))
        self._asked += step

    def _end(self) -> str:
        if self._failed:
            return ""
        while self._asked < self._size:
            self._ask()
        self._stream.send(b"end\n")
        name = self._path.name
        while self._answered < self._size:
            said = receive(self._site, self._stream)
            if said.strip() != b"%d" % (self._answered // BLOCK_BYTES):
                return ""
            self._answered = min(self._answered + self._site.store.chunk_bytes, self._size)
            self._site.watch.progress(self._answered, self._size, f"prove {name}")
        return digest(receive(self._site, self._stream))


def whole_hash(site: Site, tools: Tools, path: PurePosixPath, size_bytes: int) -> str:
    """SHA-256 of a file there. Raises StoreError when the device cannot read it."""
    found = WholeHash(site, tools, path, size_bytes).end()
    if not found:
        ask(site.transport, ":")  # a dead link says so itself
        raise StoreError(site.transport.device, str(path), "cannot be read back there")
    return found


def hashes_there(
    site: Site, tools: Tools, path: PurePosixPath, pieces: list[tuple[int, int]]
) -> Iterator[str]:
    """SHA-256 of (offset, bytes) of a file there, one after the other; "" for one not given."""
    script = _EACH.format(piece=tools.piece, hasher=tools.hasher)
    with opened(site, argv(script, path)) as stream:
        for number, _ in enumerate(pieces):
            # One ahead, so that both ends hash at the same time.
            for offset, count in pieces[number + 1 if number else 0 : number + 2]:
                stream.send(line_for(offset, count))
            yield digest(receive(site, stream))


def hashes_here(file: Path, pieces: list[tuple[int, int]]) -> Iterator[str]:
    """The same of a file on the host. Raises ArtefactError when it cannot be read."""
    try:
        with file.open("rb") as source:
            for offset, count in pieces:
                source.seek(offset)
                left, hashed = count, hashlib.sha256()
                while left and (data := source.read(min(left, _READ_BYTES))):
                    hashed.update(data)
                    left -= len(data)
                yield hashed.hexdigest()
    except OSError as err:
        raise ArtefactError(str(file), f"cannot be read: {err.strerror or err}") from err


def pieces_of(size_bytes: int, chunk_bytes: int) -> list[tuple[int, int]]:
    """(offset, bytes) of every chunk; the last one may be shorter."""
    starts = range(0, size_bytes, chunk_bytes)
    return [(start, min(chunk_bytes, size_bytes - start)) for start in starts]


def proven_bytes(site: Site, tools: Tools, file: Path, there: tuple[PurePosixPath, int]) -> int:
    """How many bytes of a part there, from its start, are the same as here. Whole chunks only."""
    path, size_bytes = there
    step = site.store.chunk_bytes
    pieces = pieces_of(size_bytes - size_bytes % step, step)
    proven = 0
    for (_, count), far, near in zip(
        pieces, hashes_there(site, tools, path, pieces), hashes_here(file, pieces), strict=True
    ):
        if far != near:
            break
        proven += count
        site.watch.progress(proven, size_bytes, f"prove {file.name}")
    return proven


def wrong_pieces(
    site: Site, tools: Tools, file: Path, there: tuple[PurePosixPath, int]
) -> list[tuple[int, int]]:
    """Chunks (offset, bytes) of a whole file there that differ from the file here."""
    path, size_bytes = there
    pieces = pieces_of(size_bytes, site.store.chunk_bytes)
    far, near = hashes_there(site, tools, path, pieces), hashes_here(file, pieces)
    return [piece for piece, a, b in zip(pieces, far, near, strict=True) if a != b]


def line_for(offset: int, count: int) -> bytes:
    """What the scripts read: blocks to skip, blocks, first byte (from 1), bytes."""
    blocks = -(-count // BLOCK_BYTES)
    return b"%d %d %d %d\n" % (offset // BLOCK_BYTES, blocks, offset + 1, count)


def receive(site: Site, stream: Stream) -> bytes:
    """The next line. Raises UnreachableError when the device says nothing for too long."""
    try:
        return stream.receive_line(timeout_s=STALL_S)
    except TimeoutError as err:
        raise UnreachableError(site.transport.device, "says nothing while it hashes") from err


def digest(said: bytes) -> str:
    """The hash in a line of sha256sum; "" when there is none."""
    found = _DIGEST.fullmatch(said)
    return found.group(1).decode() if found else ""


def close(stream: Stream) -> None:
    """Close a stream whose end interests nobody."""
    with contextlib.suppress(TransportError):
        stream.close(timeout_s=CLOSE_S)


@contextmanager
def opened(site: Site, command: list[str]) -> Iterator[Stream]:
    """A stream that is closed in every ending."""
    stream = site.transport.open(command)
    try:
        yield stream
    finally:
        close(stream)
