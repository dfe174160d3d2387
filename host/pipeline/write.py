"""Writes what is redone from a folder beside its seal: record and page."""

from __future__ import annotations

from pathlib import Path

from host.errors import FolderError
from host.pipeline.redo import Redone
from host.run.folder import RunFolder, write_bytes


def write_record(root: Path, redone: Redone) -> Path:
    """Write `record.json`; the same folder always gives the same bytes."""
    return _write(RunFolder(root).record, redone.record_bytes())


def write_page(root: Path, redone: Redone, output: Path | None = None) -> Path:
    """Write the page to `output`, or to `report.html` in the folder."""
    return _write(output or RunFolder(root).page, redone.page_bytes())


def _write(path: Path, data: bytes) -> Path:
    try:
        write_bytes(path, data)
    except OSError as err:
        raise FolderError(str(path), f"cannot be written ({err.strerror})") from err
    return path
