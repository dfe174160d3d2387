"""Verifies a run folder or an archive of one: intact, redone, conforming; every finding named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from host.align.bag import check_bag
from host.check.archive import DamagedError, is_archive, unpacked
from host.check.evidence import Evidence, Facts, evidence_of
from host.check.first_difference import first_difference
from host.check.table import apply
from host.errors import FolderError, HostError
from host.handover.case import Case
from host.handover.finding import Finding
from host.handover.record import Record
from host.handover.signature import SignatureOutcome
from host.handover.text import Txt
from host.pipeline.calibration import calibration_bytes
from host.pipeline.perturbation import on_off_bytes
from host.pipeline.redo import Redone, given, redo
from host.pipeline.sign import signature_outcomes
from host.pipeline.software import HOST, host_sha256
from host.pipeline.statements import chain_findings
from host.schema.canonical import strict_object
from host.schema.upgrade import identity_of, read_record, version_of
from host.sign.secrets import private_keys_in
from host.sign.trust import Trust


@dataclass(frozen=True, slots=True)
class Verification:
    """The three verdicts, what stands behind them, and what the whole is worth as evidence.

    signatures: of the record and of those it replaced. record: the stored one, or what the raw
    data give where that cannot be read. record and evidence: None where nothing was readable.
    """

    findings: tuple[Finding, ...]
    signatures: tuple[SignatureOutcome, ...] = ()
    evidence: Evidence | None = None
    record: Record | None = None

    def holds(self, aspect: str) -> bool:
        return all(f.aspect != aspect for f in self.findings)

    @property
    def good(self) -> bool:
        return not self.findings


def verify(path: Path, trust: Trust | None = None) -> Verification:
    """Check hashes and signatures, redo record and page from the raw data, apply every rule.

    path: a run folder, or a zip or tar of one. trust: keys that this verifier knows, none when
    left out. Works offline, from the folder and the trusted keys alone.
    Raises FolderError for what is neither, and for an archive that is not safe to open.
    """
    known = trust or Trust({})
    with ExitStack() as stack:
        root = path
        if is_archive(path):
            try:
                root = stack.enter_context(unpacked(path))
            except DamagedError as err:
                return Verification(tuple(_damaged(path, err)))
        if not (root / "data").is_dir():
            raise FolderError(str(path), "is no run folder (there is no data/ in it)")
        return _verify(root, known)


def _verify(root: Path, trust: Trust) -> Verification:
    odd = tuple(_odd(root))
    if odd:
        return Verification(odd)
    signatures = signature_outcomes(root, trust)
    findings = [*check_bag(root), *_broken(signatures), *_secrets(root)]
    try:
        with given(root):
            redone = redo(root)
    except HostError as err:
        return Verification((*findings, *_unread(err, UNREAD)), signatures)
    stored, wrong = _stored(root)
    older = _older(root, stored, redone.record)
    findings += older or _differences(root, redone)
    findings += wrong
    findings += chain_findings(root, redone)
    reading, record = redone.reading, stored or redone.record
    case = Case(redone.indications, reading.facts, record, reading.faults, signatures)
    try:
        with given(root):
            findings += apply(case)
    except HostError as err:
        findings += _unread(err, ("conforming",))
    evidence = evidence_of(Facts(record, signatures, sound=not findings))
    return Verification(tuple(findings), signatures, evidence, record)


def _unread(err: HostError, aspects: Sequence[str]) -> Iterator[Finding]:
    """Raw data that cannot be read, or not be judged."""
    text = Txt(f"无法由原始数据重算：{err}", f"The raw data cannot be read: {err}")
    yield from (Finding("unreadable", aspect, "data", text) for aspect in aspects)


def _odd(root: Path) -> Iterator[Finding]:
    """Links, pipes and devices: what they give can change after the check, or never end."""
    text = Txt(
        "不是普通文件（链接、管道或设备），其内容可能改变，故不作进一步检查。",
        "It is a link, a pipe or a device; what it gives may change, so nothing else was checked.",
    )
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            for aspect in ("intact", *UNREAD):
                yield Finding("not-plain", aspect, path.relative_to(root).as_posix(), text)


# What zipfile (a zip's directory is its end), tarfile and gzip say of a file that stops too early.
CUT_OFF = (
    "File is not a zip file",
    "unexpected end of data",
    "Compressed file ended before the end-of-stream marker was reached",
)
# What cannot be said of raw data that nobody can read.
UNREAD = ("redone", "conforming")


def _broken(signatures: Sequence[SignatureOutcome]) -> Iterator[Finding]:
    """Signatures whose bytes are not those that were signed; others are a matter of rules."""
    for outcome in signatures:
        if not outcome.intact:
            yield Finding(f"signature-{outcome.code}", "intact", outcome.file, outcome.text)


def _secrets(root: Path) -> Iterator[Finding]:
    """A private key that lies in what is handed on is a key of everybody."""
    text = Txt(
        "文件中有私钥；请移除并吊销该密钥。",
        "A private key lies in this file; take it out and revoke it.",
    )
    for name in private_keys_in(root):
        yield Finding("private-key", "conforming", name, text)


def _damaged(path: Path, err: DamagedError) -> Iterator[Finding]:
    text = Txt(f"归档文件损坏：{err.detail}。", f"The archive is damaged: {err.detail}.")
    if err.detail in CUT_OFF:
        text = Txt(
            f"归档文件不完整，结尾缺失（{err.detail}）。",
            f"The archive is cut off, its end is missing ({err.detail}).",
        )
    for aspect in ("intact", *UNREAD):
        yield Finding("archive-damaged", aspect, path.name, text)


def _differences(root: Path, redone: Redone) -> Iterator[Finding]:
    """Compare what lies beside the raw data with what they give, byte for byte."""
    for name, made in (
        ("record.json", redone.record_bytes),
        ("report.html", redone.page_bytes),
        ("perturbation.json", partial(on_off_bytes, redone.reading)),
        ("calibration.json", partial(calibration_bytes, redone)),
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
            where, other = first_difference(stored, again), _other_sources(redone)
            yield _redone(
                f"{name}-differs",
                name,
                f"与由原始数据重算的结果不同，首处：{_zh_place(where)}。{other.zh}",
                f"It is not what the raw data give; the first difference is at {where}.{other.en}",
            )


def _other_sources(redone: Redone) -> Txt:
    """Say so where other sources made the run: their words and numbers may differ from these."""
    stated = {s.get("sha256", "") for s in redone.reading.facts.software if s.get("name") == HOST}
    here = host_sha256()
    if not stated or here in stated:
        return Txt("", "")
    there = ", ".join(sorted(each[:8] for each in stated))
    return Txt(
        f"测量所用的 inferometer 源码（SHA-256 {there}）与本软件（{here[:8]}）不同，"
        "请以同一版本复核。",
        f" The run was made by other sources of inferometer (SHA-256 {there}) than these"
        f" ({here[:8]}): check it with those.",
    )


def _zh_place(where: str) -> str:
    """A JSON path as it is; `byte 7` in Chinese."""
    word, _, number = where.partition(" ")
    return f"第 {number} 字节（从 0 数起）" if word == "byte" else where


def _older(root: Path, stored: Record | None, again: Record) -> list[Finding]:
    """A record of an older schema has other bytes: what can be compared are its results."""
    if stored is None:
        return []
    version = version_of(strict_object((root / "record.json").read_bytes(), "record.json"))
    if version == again.schema.version:
        return []
    before, now = ({q.id: q.value for q in r.results} for r in (stored, again))
    # Results that an older version did not give are no other ones.
    other = next((i for i in sorted(before) if before[i] != now.get(i)), "")
    zh = f"结果 {other} 不同" if other else "各结果的值相同"
    en = f"the result {other} is another one" if other else "the values of all results agree"
    return [
        _redone(
            "record-older-schema",
            "record.json",
            f"记录为 {version} 版，本软件写出 {again.schema.version} 版，无法逐字节比较；{zh}。",
            f"It has schema {version} and this version writes {again.schema.version}, so bytes"
            f" cannot be compared; {en}.",
        )
    ]


def _stored(root: Path) -> tuple[Record | None, list[Finding]]:
    """The record as it lies there, upgraded if it is older, and whether it has its identity."""
    path = root / "record.json"
    if not path.is_file():
        return None, []
    try:
        raw = path.read_bytes()
        record = read_record(raw)
        stated, computed = identity_of(raw)
    except (FolderError, OSError) as err:
        text = Txt(f"记录无法读取：{err}", f"The record cannot be read: {err}")
        return None, [Finding("record-unreadable", "conforming", path.name, text)]
    if stated != computed:
        text = Txt("record_id 与内容不符。", "Its record_id is not that of its content.")
        return record, [Finding("record-identity", "intact", path.name, text)]
    return record, []


def _redone(rule: str, file: str, zh: str, en: str) -> Finding:
    return Finding(rule, "redone", file, Txt(zh, en))
