"""The store on devices that lack something, and what they say."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path, PurePosixPath

import pytest

from host.artefacts.models.hashing import FileHash
from host.deploy.layout import BLOCK_BYTES, Store, Watch
from host.deploy.proof import COARSE_S
from host.deploy.store import How, adopt, put, put_folder
from host.errors import ArtefactError, FarFileError, StoreError
from host.transport.local import Local
from tests.fakes.toolboxes import BOXES, boxed

CHUNKS = 6
SIZE = CHUNKS * BLOCK_BYTES + 77


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = PurePosixPath(tmp_path / "store")
    return Store(root, chunk_bytes=BLOCK_BYTES, reserve_bytes=0, wait_s=0)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "model.gguf"
    file.write_bytes(hashlib.shake_128(b"model").digest(SIZE))
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_reserve_is_kept_free_before_anything_moves(tmp_path: Path, model: Path) -> None:
    store = Store(PurePosixPath(tmp_path / "store"), reserve_bytes=1 << 60, wait_s=0)
    with pytest.raises(StoreError, match=r"not enough space: 1 MiB needed and .* in reserve"):
        put(Local(), store, model, sha256(model))
    assert not Path(store.parts).exists()


def test_a_store_below_a_file_is_one_sentence(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(PurePosixPath(tmp_path / "file" / "store"), wait_s=0)
    with pytest.raises(StoreError, match=r"the store cannot be made \(mkdir: .*Not a directory"):
        put(Local(), store, model, sha256(model))


@pytest.mark.parametrize("box", BOXES)
def test_a_device_without_a_hash_is_one_sentence(
    tmp_path: Path, store: Store, model: Path, box: str
) -> None:
    device = boxed(box, tmp_path / "bin", without=["sha256sum"])
    with pytest.raises(StoreError, match="no program for SHA-256"):
        put(device, store, model, sha256(model))


def test_the_python_there_hashes_where_nothing_else_does(tmp_path: Path, model: Path) -> None:
    device = boxed("coreutils", tmp_path / "bin", without=["sha256sum"])
    root = PurePosixPath(tmp_path / "store")
    store = Store(root, 0, python=sys.executable, wait_s=0, chunk_bytes=BLOCK_BYTES)
    placed = put(device, store, model, sha256(model))
    assert Path(placed.path).read_bytes() == model.read_bytes()


def test_a_device_without_stat_hashes_at_every_use(
    tmp_path: Path, store: Store, model: Path
) -> None:
    device = boxed("coreutils", tmp_path / "bin", without=["stat"])
    assert put(device, store, model, sha256(model)).how is How.PUSHED
    assert put(device, store, model, sha256(model)).how is How.HASHED


def test_an_error_of_the_far_file_that_is_no_full_disk_stays_what_it_is(
    store: Store, model: Path
) -> None:
    Path(store.root).mkdir()
    Path(store.parts).touch()
    with pytest.raises(FarFileError):
        put(Local(), store, model, sha256(model))


def coarse(tmp_path: Path) -> Local:
    """A device whose `stat` knows whole seconds only."""
    device = boxed("coreutils", tmp_path / "bin", without=["stat"])
    stat, sed = shutil.which("stat"), shutil.which("sed")
    script = f"#!/bin/sh\n{stat} \"$@\" | {sed} 's/\\.[0-9]* +/ +/g'\n"
    (tmp_path / "bin" / "stat").write_text(script, encoding="utf-8")
    (tmp_path / "bin" / "stat").chmod(0o755)
    return device


def test_whole_seconds_are_enough_for_a_file_that_was_put(
    tmp_path: Path, store: Store, model: Path
) -> None:
    device = coarse(tmp_path)
    placed = put(device, store, model, sha256(model))
    seen = Path(placed.path).stat()
    assert int(seen.st_ctime) - int(seen.st_mtime) >= COARSE_S
    assert put(device, store, model, sha256(model)).how is How.UNCHANGED
    Path(placed.path).write_bytes(bytes(SIZE))
    assert put(device, store, model, sha256(model)).how is How.PUSHED


def test_whole_seconds_are_not_enough_for_a_file_that_has_just_changed(
    tmp_path: Path, store: Store, model: Path
) -> None:
    device, ahead = coarse(tmp_path), 4102444800  # the year 2100: just changed, for any clock
    os.utime(model, (ahead, ahead))
    for _ in range(2):
        assert adopt(device, store, PurePosixPath(model), sha256(model)).how is How.ADOPTED


def test_progress_goes_up_to_all_of_it_while_it_is_pushed_and_proven(
    store: Store, model: Path
) -> None:
    seen: list[tuple[int, int, str]] = []
    watch = Watch(progress=lambda *step: seen.append(step))
    put(Local(), store, model, sha256(model), watch)
    for what in ("push model.gguf", "prove model.gguf"):
        steps = [done for done, total, name in seen if name.startswith(what) and total == SIZE]
        assert steps == sorted(steps)
        assert steps[-1] == SIZE


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a//b", ".hidden/x", "a/../../x"])
def test_a_folder_with_a_file_outside_of_it_is_refused(
    store: Store, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArtefactError, match="no name for a file"):
        put_folder(Local(), store, tmp_path, [FileHash(name, 1, "0" * 64)])
    assert not Path(store.root).exists()


def test_what_a_device_says_in_an_error_reaches_no_terminal(
    tmp_path: Path, store: Store, model: Path
) -> None:
    device = boxed("coreutils", tmp_path / "bin", without=["mkdir"])
    script = "#!/bin/sh\nprintf '\\033[2J\\007evil\\n' >&2\nexit 1\n"
    (tmp_path / "bin" / "mkdir").write_text(script, encoding="utf-8")
    (tmp_path / "bin" / "mkdir").chmod(0o755)
    with pytest.raises(StoreError, match="evil") as caught:
        put(device, store, model, sha256(model))
    assert str(caught.value).isprintable()
