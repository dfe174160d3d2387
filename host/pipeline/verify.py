"""Verifies a run folder or an archive of one: intact, redone, conforming; every finding named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from host.align.bag import check_bag
from host.check.archive import DamagedError, is_archive, unpacked
from host.check.first_difference import first_difference
from host.check.table import apply
from host.errors import FolderError, HostError
from host.handover.case import Case
from host.handover.finding import Finding
from host.handover.record import Record
from host.handover.text import Txt
from host.pipeline.perturbation import on_off_bytes
from host.pipeline.redo import Redone, redo
from host.schema.canonical import from_bytes, record_id_of


@dataclass(frozen=True, slots=True)
class Verification:
    """The three verdicts and what stands behind them."""

    findings: tuple[Finding, ...]

    def holds(self, aspect: str) -> bool:
        return all(f.aspect != aspect for f in self.findings)

    @property
    def good(self) -> bool:
        return not self.findings


def verify(path: Path) -> Verification:
    """Check hashes and signatures, redo record and page from the raw data, apply every rule.

    path: a run folder, or a zip or tar of one. Works offline, from the folder alone.
    Raises FolderError for what is neither, and for an archive that is not safe to open.
    """
    with ExitStack() as stack:
        root = path
        if is_archive(path):
            try:
                root = stack.enter_context(unpacked(path))
            except DamagedError as err:
                return Verification(tuple(_damaged(path, err)))
        if not (root / "data").is_dir():
            raise FolderError(str(path), "is no run folder (there is no data/ in it)")
        return _verify(root)


def _verify(root: Path) -> Verification:
    findings = list(check_bag(root))
    try:
        redone = redo(root)
    except HostError as err:
        text = Txt(f"无法由原始数据重算：{err}", f"The raw data cannot be read: {err}")
        unread = [Finding("unreadable", aspect, "data", text) for aspect in UNREAD]
        return Verification((*findings, *unread))
    findings += _differences(root, redone)
    stored, wrong = _stored(root)
    findings += wrong
    reading = redone.reading
    findings += apply(Case(reading.run, reading.facts, stored or redone.record, reading.faults))
    return Verification(tuple(findings))


# What cannot be said of raw data that nobody can read.
UNREAD = ("redone", "conforming")


def _damaged(path: Path, err: DamagedError) -> Iterator[Finding]:
    text = Txt(f"归档文件损坏：{err.detail}。", f"The archive is damaged: {err.detail}.")
    for aspect in ("intact", *UNREAD):
        yield Finding("archive-damaged", aspect, path.name, text)


def _differences(root: Path, redone: Redone) -> Iterator[Finding]:
    """Compare what lies beside the raw data with what they give, byte for byte."""
    for name, made in (
        ("record.json", redone.record_bytes),
        ("report.html", redone.page_bytes),
        ("perturbation.json", partial(on_off_bytes, redone.reading)),
    ):
        path, again = root / name, made()
        if again is None:
            if path.exists():
                why = "由原始数据得不到此文件。", "Nothing like it comes out of the raw data."
                yield _redone(f"{name}-extra", name, *why)
            continue
        if not path.is_file():
            yield _redone(f"{name}-missing", name, "文件缺失。", "The file is missing.")
            continue
        stored = path.read_bytes()
        if stored != again:
            where = first_difference(stored, again)
            yield _redone(
                f"{name}-differs",
                name,
                f"与由原始数据重算的结果不同，首处：{where}。",
                f"It is not what the raw data give; the first difference is at {where}.",
            )


def _stored(root: Path) -> tuple[Record | None, list[Finding]]:
    """The record as it lies there, and whether it is one and has its own identity."""
    path = root / "record.json"
    if not path.is_file():
        return None, []
    try:
        record = from_bytes(path.read_bytes())
    except FolderError as err:
        text = Txt(f"记录无法读取：{err}", f"The record cannot be read: {err}")
        return None, [Finding("record-unreadable", "conforming", path.name, text)]
    if record_id_of(record) != record.record_id:
        text = Txt("record_id 与内容不符。", "Its record_id is not that of its content.")
        return record, [Finding("record-identity", "intact", path.name, text)]
    return record, []


def _redone(rule: str, file: str, zh: str, en: str) -> Finding:
    return Finding(rule, "redone", file, Txt(zh, en))
