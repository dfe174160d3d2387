"""Recordings for the replay engine: a JSON file, or the folder of an attempt."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from host.errors import ArtefactError

# What a replay reads of an attempt's folder.
STREAMS = ("events.tsv", "tokens.tsv")


def inspect_recording(path: Path) -> dict[str, Any]:
    """What a record says in place of a model. Raises ArtefactError when there is nothing to read.

    sha256: of the file, or of `name NUL bytes` of both streams of an attempt's folder.
    """
    files = [path / name for name in STREAMS] if path.is_dir() else [path]
    found = hashlib.sha256()
    size_bytes = 0
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as err:
            raise ArtefactError(str(file), f"cannot be read ({err.strerror})") from err
        found.update(file.name.encode() + b"\0" + data if path.is_dir() else data)
        size_bytes += len(data)
    return {
        "format": "recording",
        "file": path.name,
        "name": f"recording {path.name}",
        "quantization": "none: a recording is replayed, no model runs",
        "size_bytes": size_bytes,
        "sha256": found.hexdigest(),
        "context_length": None,
    }
