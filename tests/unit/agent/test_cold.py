"""A model out of the page cache, on real files of the system."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cold import drop
from agent.engines.base import EngineError

SIZE = 1 << 20


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A file on a file system that has no storage but memory."""
    shared = Path("/dev") / "shm"
    if not shared.is_dir():
        pytest.skip("there is no file system in memory here")
    path = shared / f"inferometer-{os.getpid()}"
    path.write_bytes(bytes(SIZE))
    yield path
    path.unlink()


@pytest.fixture
def on_storage() -> Iterator[Path]:
    """A folder that has storage behind it; what tests write else may lie in memory alone."""
    with tempfile.TemporaryDirectory(dir=Path("/var") / "tmp") as folder:
        yield Path(folder)


def test_pages_of_a_model_are_dropped_and_what_was_there_is_told(on_storage: Path) -> None:
    (on_storage / "model.bin").write_bytes(bytes(SIZE))
    (on_storage / "empty").touch()
    found = drop(on_storage, ("model.bin", "empty"))
    assert found == {
        "files": 2,
        "size_bytes": SIZE,
        "resident_before": 1.0,
        "resident_after": 0.0,
    }
    again = drop(on_storage / "model.bin", ("model.bin",))
    assert again["resident_before"] == 0.0


def test_pages_that_stay_end_the_attempt(in_memory: Path) -> None:
    with pytest.raises(EngineError, match=r"page-cache-kept: 100\.0%"):
        drop(in_memory, (in_memory.name,))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "absent"])
def test_a_name_outside_of_the_model_or_of_nothing_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="bad-model"):
        drop(tmp_path, (name,))
