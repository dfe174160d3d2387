"""The chain of statements of a run folder: checked, and what follows from it written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from host.errors import FolderError
from host.handover.finding import Finding
from host.handover.text import Txt
from host.pipeline.redo import Redone
from host.pipeline.write import write_page, write_record
from host.run.folder import write_bytes
from host.schema.canonical import to_bytes
from host.schema.statements import ASPECT, check_chain

SUPERSEDED = "superseded"


def chain_findings(root: Path, redone: Redone) -> tuple[Finding, ...]:
    """Faults of the chain and of the superseded records; nothing for a draft without either."""
    records = [redone.record_after(n) for n in range(len(redone.stored) + 1)]
    found = check_chain(
        redone.stored,
        [record.record_id for record in records],
        redone.record.performed.end,
    )
    expected = {superseded_name(r.record_id): to_bytes(r) for r in records[:-1]}
    return (*found, *_superseded(root, expected))


def superseded_name(record_id: str) -> str:
    """File name of a record that a statement replaced: its first 16 hex digits."""
    return f"{record_id.removeprefix('urn:sha256:')[:16]}.json"


def write_derived(root: Path, redone: Redone) -> None:
    """Write the superseded records, the record and the page as the statements make them.

    All of it comes out of data and statements, so a command that was cut off is made whole.
    """
    for number in range(len(redone.stored)):
        before = redone.record_after(number)
        path = root / SUPERSEDED / superseded_name(before.record_id)
        if not path.exists():
            write_beside(path, to_bytes(before))
    write_record(root, redone)
    write_page(root, redone)


def write_beside(path: Path, data: bytes) -> None:
    """Write a new file of a folder beside `data/`. Raises FolderError."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_bytes(path, data)
    except OSError as err:
        raise FolderError(str(path), f"cannot be written ({err.strerror})") from err


def _superseded(root: Path, expected: dict[str, bytes]) -> Iterator[Finding]:
    folder = root / SUPERSEDED
    there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    for name in sorted(there | set(expected)):
        file = f"{SUPERSEDED}/{name}"
        if name not in expected:
            yield _finding(
                "superseded-extra", file, "没有声明替代过此记录。", "No statement replaced it."
            )
        elif name not in there:
            yield _finding("superseded-missing", file, "文件缺失。", "The file is missing.")
        elif not _is(folder / name, expected[name]):
            yield _finding(
                "superseded-differs",
                file,
                "与由原始数据和此前声明重算的记录不同。",
                "It is not the record that the data and the statements before give.",
            )


def _is(path: Path, expected: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == expected


def _finding(rule: str, file: str, zh: str, en: str) -> Finding:
    return Finding(rule, ASPECT, file, Txt(zh, en))
