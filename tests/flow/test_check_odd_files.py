from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from host.pipeline.redo import redo
from host.pipeline.verify import Verification, verify
from host.pipeline.write import write_page, write_record
from tests.fakes.story import SHORTEST, legal


def made(root: Path, extra: dict[str, bytes]) -> Path:
    story = legal(SHORTEST)
    story.extra |= extra
    story.write(root)
    redone = redo(root)
    write_record(root, redone)
    write_page(root, redone)
    return root


def told(found: Verification, name: str) -> set[tuple[str, str]]:
    return {(f.rule, f.aspect) for f in found.findings if f.file == name}


def linked(path: Path) -> None:
    """The right bytes, by a link that can lead elsewhere tomorrow."""
    path.symlink_to(path.rename(path.parents[1] / "elsewhere"))


def piped(path: Path) -> None:
    """A pipe that nobody writes to: who reads it waits for ever."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("spoil", [linked, piped])
@pytest.mark.parametrize("name", ["record.json", "tagmanifest-sha256.txt", "data/run.json"])
def test_what_is_no_plain_file_is_named_and_not_opened(
    name: str, spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    root = made(tmp_path / "run", {})
    spoil(root / name)
    aspects = ("intact", "redone", "conforming")
    assert told(verify(root), name) == {("not-plain", each) for each in aspects}


@pytest.mark.parametrize("name", ["002.void", "2", "\u00b2", "\u0662\u0662\u0662", "0001"])
def test_what_lies_beside_the_attempts_under_another_name_is_told(
    name: str, tmp_path: Path
) -> None:
    root = made(tmp_path / "run", {f"attempts/{name}/attempt.json": b"{}"})
    assert told(verify(root), f"data/attempts/{name}") == {("streams-whole", "conforming")}
