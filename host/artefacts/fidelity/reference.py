"""Reference files: one JSON line, then rows of logits. The SHA-256 of the file is its identity.

Logits stay as the engine gave them: to normalise them before they are stored would round twice.
They have 32 bits, where llama.cpp's tool keeps 16 (ik_llama.cpp#325 is what that led to).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import platformdirs

from agent.wire import strict_json
from host.artefacts.files import sha256_file
from host.artefacts.models.part import whole
from host.errors import ArtefactError
from host.handover.fidelity import REFERENCE_VERSION, ReferenceHead

if TYPE_CHECKING:
    import numpy.typing as npt

ENVIRONMENT = "INFEROMETER_FIDELITY"
SUFFIX = ".fidelity"
MAX_HEAD_BYTES = 16 << 20
# Of the rows of one file. A vocabulary of 128 k and 12 windows of 256 take 0.8 GB.
MAX_DATA_BYTES = 8 << 30
ROW_ITEM_BYTES = 4
# Predicted tokens of one reference; the shipped texts give some 1,400. Every figure goes through
# all of them, one 500 times (host/fidelity/figures.py): nobody's file shall keep `verify` busy.
MAX_ROWS = 1 << 20
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference file that was read. offset: where its rows begin. sha256: of the whole file."""

    path: Path
    head: ReferenceHead
    offset: int
    sha256: str

    def logits(self, number: int) -> npt.NDArray[Any]:
        """Rows of one window, float32 [rows, n_vocab], mapped and not read at once."""
        import numpy as np

        head = self.head
        before = sum(head.rows(window) for window in head.windows[:number])
        shape = (head.rows(head.windows[number]), head.n_vocab)
        offset = self.offset + before * head.n_vocab * ROW_ITEM_BYTES
        return np.memmap(self.path, dtype="<f4", mode="r", offset=offset, shape=shape)


def store_dir() -> Path:
    """Where references lie under their hash: $INFEROMETER_FIDELITY, else the user's data."""
    stated = os.environ.get(ENVIRONMENT)
    return Path(stated) if stated else platformdirs.user_data_path("inferometer") / "fidelity"


def find_reference(reference: str) -> Reference:
    """A reference by path, or by its SHA-256 in the store. Raises ArtefactError."""
    if not _HASH.fullmatch(reference):
        return read_reference(Path(reference).expanduser())
    path = store_dir() / f"{reference}{SUFFIX}"
    if not path.is_file():
        raise ArtefactError(reference, f"no reference of this SHA-256 lies in {store_dir()}")
    found = read_reference(path)
    if found.sha256 != reference:
        raise ArtefactError(str(path), f"was changed: its SHA-256 is {found.sha256}")
    return found


def read_reference(path: Path) -> Reference:
    """Read and check a reference file, every byte of it. Raises ArtefactError in one sentence."""
    try:
        with path.open("rb") as file:
            line = file.readline(MAX_HEAD_BYTES)
        size = path.stat().st_size
        head = _head(path, line)
        if size != len(line) + head.data_bytes:
            said = f"{size} bytes where {len(line) + head.data_bytes} are stated"
            raise ArtefactError(str(path), f"is cut or longer than it was: {said}")
        if _sha256_from(path, len(line)) != head.data_sha256:
            raise ArtefactError(str(path), "was changed: its rows have another SHA-256")
        return Reference(path, head, len(line), sha256_file(path))
    except ValueError as err:  # a NUL in a name
        raise ArtefactError(str(path), f"is no path ({err})") from err
    except OSError as err:
        raise ArtefactError(str(path), f"cannot be read ({err.strerror})") from err


def _head(path: Path, line: bytes) -> ReferenceHead:
    if not line.startswith(b'{"fidelity_reference":') or not line.endswith(b"\n"):
        raise ArtefactError(str(path), "is no fidelity reference: its first line is none of one")
    try:
        head = msgspec.convert(strict_json(line), ReferenceHead)
    except ValueError as err:  # no JSON, none of ours, half of a surrogate pair
        raise ArtefactError(str(path), f"is no fidelity reference: {err}") from err
    if head.fidelity_reference != REFERENCE_VERSION:
        raise ArtefactError(str(path), f"has version {head.fidelity_reference}, 1 is read here")
    if any(head.rows(window) < 1 for window in head.windows):
        raise ArtefactError(str(path), "has a window without a row")
    if any(max(window.ids) >= head.n_vocab for window in head.windows):
        raise ArtefactError(str(path), f"has token ids beyond its {head.n_vocab} logits a row")
    rows = sum(head.rows(window) for window in head.windows)
    if rows > MAX_ROWS:
        raise ArtefactError(str(path), f"has {rows} rows, at most {MAX_ROWS} are read")
    if head.data_bytes != rows * head.n_vocab * ROW_ITEM_BYTES or head.data_bytes > MAX_DATA_BYTES:
        raise ArtefactError(str(path), f"states {head.data_bytes} bytes for {rows} rows")
    return head


def _sha256_from(path: Path, offset: int) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks([path], offset):
        digest.update(chunk)
    return digest.hexdigest()


def write_reference(path: Path, head: ReferenceHead, parts: Iterable[Path]) -> Reference:
    """Write a reference: the head, then the rows of the parts one after the other.

    head: `data_bytes` and `data_sha256` are found here. Whole or not at all, and never over
    another file. Raises ArtefactError, OSError.
    """
    if path.exists():
        raise ArtefactError(str(path), "exists already, and a reference is never overwritten")
    digest, size = hashlib.sha256(), 0
    listed = list(parts)
    for chunk in _chunks(listed):
        digest.update(chunk)
        size += len(chunk)
    full = msgspec.structs.replace(head, data_bytes=size, data_sha256=digest.hexdigest())
    with whole(path) as part, part.open("wb") as file:
        file.write(msgspec.json.encode(full) + b"\n")
        for chunk in _chunks(listed):
            file.write(chunk)
    return read_reference(path)


def _chunks(paths: Iterable[Path], offset: int = 0) -> Iterator[bytes]:
    """The bytes of files one after the other, each from `offset` on."""
    for path in paths:
        with path.open("rb") as file:
            file.seek(offset)
            while chunk := file.read(1 << 20):
                yield chunk


def keep_reference(found: Reference) -> Path:
    """Put a reference into the store under its hash, so that a plan can name it by that alone."""
    path = store_dir() / f"{found.sha256}{SUFFIX}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            shutil.copyfile(found.path, part)
    return path
