"""Verifies a run folder: intact, redone, conforming; each finding names its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agent.wire import WireError, strict_json
from host.align.bag import check_bag
from host.errors import FolderError, HostError
from host.handover.finding import Finding, StreamFault
from host.handover.record import Record
from host.handover.text import Txt
from host.pipeline.perturbation import on_off_bytes
from host.pipeline.redo import Redone, redo

FAULT_WORDS = {
    "torn": ("行尾不完整", "is torn"),
    "crc": ("校验码不符", "does not match its CRC"),
    "sequence": ("序号不连续，有行丢失", "breaks the sequence: lines are lost"),
    "columns": ("列数不对", "has a wrong number of columns"),
    "text": ("不是有效文本", "is no valid text"),
    "header": ("头部损坏", "is no spool header"),
    "missing": ("文件缺失", "is missing though the writer stated it"),
    "clock": ("不是用本次运行的时钟打的时标", "is not stamped with the clock of the run"),
    "count": ("行数与写入者声明的不符", "does not have the number of lines its writer stated"),
}


@dataclass(frozen=True, slots=True)
class Verification:
    """The three verdicts and what stands behind them."""

    findings: tuple[Finding, ...]

    def holds(self, aspect: str) -> bool:
        return all(f.aspect != aspect for f in self.findings)

    @property
    def good(self) -> bool:
        return not self.findings


def verify(root: Path) -> Verification:
    """Check hashes, redo record and page from the raw data, and apply the validity rules.

    Raises FolderError for what is no run folder at all.
    """
    if not (root / "data").is_dir():
        raise FolderError(str(root), "is no run folder (there is no data/ in it)")
    findings = list(check_bag(root))
    try:
        redone = redo(root)
    except HostError as err:
        text = Txt(f"无法由原始数据重算：{err}", f"The raw data cannot be read: {err}")
        return Verification((*findings, Finding("unreadable", "redone", "data", text)))
    findings += _differences(root, redone)
    findings += [_stream_finding(f) for f in redone.reading.faults]
    findings += _conformity(redone.record)
    return Verification(tuple(findings))


def _differences(root: Path, redone: Redone) -> Iterator[Finding]:
    """Compare record and page on the disk with what the raw data give, byte for byte."""
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


def first_difference(stored: bytes, again: bytes) -> str:
    """Name the first thing that differs: a JSON path where both are JSON, else a byte."""
    try:
        path = _json_difference(strict_json(stored), strict_json(again), "$")
    except WireError:
        path = ""
    if path:
        return path
    same = next(
        (i for i, (a, b) in enumerate(zip(stored, again, strict=False)) if a != b),
        min(len(stored), len(again)),
    )
    return f"byte {same}"


def _json_difference(stored: Any, again: Any, path: str) -> str:  # noqa: ANN401
    if isinstance(stored, dict) and isinstance(again, dict):
        # The identity follows from all the rest, so it is looked at last.
        for key in sorted({**again, **stored}, key=lambda k: k == "record_id"):
            if (key in stored) != (key in again):
                return f"{path}.{key}"
            found = _json_difference(stored[key], again[key], f"{path}.{key}")
            if found:
                return found
        return ""
    if isinstance(stored, list) and isinstance(again, list):
        for index, (one, other) in enumerate(zip(stored, again, strict=False)):
            found = _json_difference(one, other, f"{path}[{index}]")
            if found:
                return found
        return "" if len(stored) == len(again) else f"{path}[{min(len(stored), len(again))}]"
    return "" if stored == again and type(stored) is type(again) else path


def _stream_finding(fault: StreamFault) -> Finding:
    zh, en = FAULT_WORDS.get(fault.fault, (fault.fault, fault.fault))
    where_zh = f"第 {fault.line} 行" if fault.line else "文件"
    where_en = f"Line {fault.line}" if fault.line else "The file"
    text = Txt(f"{where_zh}{zh}。", f"{where_en} {en}.")
    return Finding(f"stream-{fault.fault}", "conforming", fault.file, text)


def _conformity(record: Record) -> Iterator[Finding]:
    """The validity rules of a record that claims nothing yet beyond a valid run."""
    if record.verdict.status != "valid":
        reasons = "; ".join(record.verdict.reasons)
        yield Finding(
            f"verdict-{record.verdict.status}",
            "conforming",
            "record.json",
            Txt(f"测量结论不是有效：{reasons}。", f"The run is not valid: {reasons}."),
        )
    numbers = [a.number for a in record.attempts.attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Finding(
            "attempt-missing",
            "conforming",
            "data/attempts",
            Txt(f"测量次序号不连续：{numbers}。", f"Attempt numbers have a hole: {numbers}."),
        )


def _redone(rule: str, file: str, zh: str, en: str) -> Finding:
    return Finding(rule, "redone", file, Txt(zh, en))
