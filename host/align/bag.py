"""Checks a sealed folder: every byte under `data/` and of the tag files is accounted for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from host.artefacts.files import escaped, sha256_file, unescaped
from host.errors import FolderError
from host.handover.finding import Finding
from host.handover.text import Txt

LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
MAX_MANIFEST_BYTES = 64 << 20
DECLARATION = "bagit.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
TAGGED = frozenset({DECLARATION, "bag-info.txt", MANIFEST})
# Beside the seal stand what is redone from it and compared byte for byte.
DERIVED = frozenset({"record.json", "report.html", "perturbation.json", "calibration.json"})
# What comes after the seal has its own proof: statements and superseded records are redone,
# signatures are checked against the record whose first 16 hex digits their names begin with.
LATER = re.compile(
    r"statements/[0-9]{3}-(?:issued|amended|substituted|withdrawn)\.json"
    r"|superseded/[0-9a-f]{16}\.json"
    r"|signatures/[0-9a-f]{16}\.dsse\.json"
    r"|signatures/[0-9a-f]{16}-[0-9a-f]{16}\.tsr"
)


def payload_sha256(root: Path) -> str:
    """SHA-256 of the payload manifest, "" for a folder without one."""
    path = root / MANIFEST
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def check_bag(root: Path) -> tuple[Finding, ...]:
    """Everything that is not as it was sealed; an empty tuple means intact."""
    if not (root / DECLARATION).exists():
        return (_finding("not-sealed", DECLARATION, "没有封存。", "The folder is not sealed."),)
    found: list[Finding] = []
    tags = _manifest(root / TAG_MANIFEST, found)
    if set(tags) != TAGGED:
        names = ", ".join(sorted(TAGGED))
        found.append(
            _finding(
                "tag-manifest",
                TAG_MANIFEST,
                f"标签清单应列出且只列出 {names}。",
                f"The tag manifest must name {names} and nothing else.",
            )
        )
    found += _compare(root, {n: h for n, h in tags.items() if n in TAGGED})
    payload = _manifest(root / MANIFEST, found)
    found += _compare(root, payload)
    found += _extra(root, set(payload))
    return tuple(found)


def _manifest(path: Path, found: list[Finding]) -> dict[str, str]:
    """Name -> hash. A line that is none, or a name that leaves the folder, is a finding."""
    try:
        data = path.read_bytes()
    except OSError:
        found.append(_finding("file-missing", path.name, "文件缺失。", "The file is missing."))
        return {}
    lines: dict[str, str] = {}
    for number, line in enumerate(data[:MAX_MANIFEST_BYTES].decode(errors="replace").split("\n")):
        match = LINE.fullmatch(line)
        if match is None or not _inside(match[2]) or match[2] in lines:
            if line or number == 0:
                found.append(
                    _finding(
                        "manifest-line",
                        path.name,
                        f"第 {number + 1} 行无效。",
                        f"Line {number + 1} is no valid, new entry.",
                    )
                )
            continue
        lines[match[2]] = match[1]
    return lines


def _inside(name: str) -> bool:
    parts = name.split("/")
    return not name.startswith("/") and "\\" not in name and not {"", ".", ".."} & set(parts)


def _compare(root: Path, entries: dict[str, str]) -> Iterator[Finding]:
    for name, stated in sorted(entries.items()):
        path = root / unescaped(name)
        if not path.is_file() or path.is_symlink():
            yield _finding("file-missing", name, "文件缺失。", "The file is missing.")
        elif _sha256(path) != stated:
            yield _finding(
                "file-changed",
                name,
                "文件内容与封存时的 SHA-256 不符。",
                "The file does not have the SHA-256 it was sealed with.",
            )


def _extra(root: Path, listed: set[str]) -> Iterator[Finding]:
    known = TAGGED | DERIVED | {TAG_MANIFEST}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if LATER.fullmatch(name) and path.is_file() and not path.is_symlink():
            continue
        if escaped(name) not in listed and name not in known:
            yield _finding(
                "file-extra",
                name,
                "封存清单中没有这个文件。",
                "The file is in no manifest.",
            )


def _sha256(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError as err:
        raise FolderError(str(path), f"cannot be read ({err.strerror})") from err


def _finding(rule: str, file: str, zh: str, en: str) -> Finding:
    return Finding(rule, "intact", file, Txt(zh, en))
