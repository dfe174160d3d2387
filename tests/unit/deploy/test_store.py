"""The store over the commands of every kind of device that can be had here."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

import pytest

from host.artefacts.models.hashing import combined, folder_files, hash_files
from host.artefacts.models.inspection import quiet
from host.deploy.layout import BLOCK_BYTES, Store, Watch
from host.deploy.store import How, adopt, put, put_folder
from host.errors import ArtefactError, StoreError
from host.transport.base import Transport
from tests.fakes.toolboxes import BOXES, boxed

SIZE = 5 * BLOCK_BYTES + 77


@pytest.fixture(params=BOXES)
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> Transport:
    return boxed(request.param, tmp_path / "bin")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = PurePosixPath(tmp_path / "a store's $(root)")
    return Store(root, chunk_bytes=BLOCK_BYTES, reserve_bytes=0, wait_s=0)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "model 模型.gguf"
    file.write_bytes(hashlib.shake_128(b"model").digest(SIZE))
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_lies_under_its_hash_and_its_name(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = put(transport, store, model, sha256(model))
    assert placed.path == store.objects / sha256(model) / model.name
    assert Path(placed.path).read_bytes() == model.read_bytes()
    assert (placed.how, placed.pushed_bytes) == (How.PUSHED, SIZE)
    assert not Path(store.lock).exists()
    assert list(Path(store.parts).iterdir()) == []


def test_an_unchanged_file_is_accepted_by_its_note_alone(
    transport: Transport, store: Store, model: Path
) -> None:
    first = put(transport, store, model, sha256(model))
    Path(store.root / "bin").mkdir()
    again = put(transport, store, model, sha256(model))
    assert (again.path, again.how, again.pushed_bytes) == (first.path, How.UNCHANGED, 0)


def test_an_unchanged_file_is_accepted_while_another_writer_holds_the_store(
    transport: Transport, store: Store, model: Path
) -> None:
    put(transport, store, model, sha256(model))
    Path(store.lock).mkdir()
    assert put(transport, store, model, sha256(model)).how is How.UNCHANGED


def test_a_file_of_the_same_size_in_its_place_is_found_and_replaced(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = Path(put(transport, store, model, sha256(model)).path)
    before = placed.stat()
    other = placed.with_name("other")
    other.write_bytes(hashlib.shake_128(b"other").digest(SIZE))
    other.rename(placed)
    os.utime(placed, ns=(before.st_atime_ns, before.st_mtime_ns))
    told: list[str] = []
    again = put(transport, store, model, sha256(model), Watch(tell=told.append))
    assert again.how is How.PUSHED
    assert placed.read_bytes() == model.read_bytes()
    assert ["not what its hash says" in said for said in told] == [True]


def test_a_byte_changed_in_place_with_its_mtime_set_back_is_found(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = Path(put(transport, store, model, sha256(model)).path)
    before = placed.stat()
    with placed.open("r+b") as file:
        file.seek(SIZE // 2)
        file.write(b"!!")
    os.utime(placed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert put(transport, store, model, sha256(model)).how is How.PUSHED
    assert placed.read_bytes() == model.read_bytes()


def test_a_file_that_was_only_touched_is_hashed_once_more_and_kept(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = Path(put(transport, store, model, sha256(model)).path)
    inode = placed.stat().st_ino
    os.utime(placed, ns=(1, 1))
    assert put(transport, store, model, sha256(model)).how is How.HASHED
    assert placed.stat().st_ino == inode
    assert put(transport, store, model, sha256(model)).how is How.UNCHANGED


@pytest.mark.parametrize("what", ["link", "folder", "gone", "empty", "longer"])
def test_whatever_lies_in_the_place_of_a_file_is_replaced(
    transport: Transport, store: Store, model: Path, what: str
) -> None:
    placed = Path(put(transport, store, model, sha256(model)).path)
    if what == "longer":
        placed.write_bytes(model.read_bytes() + b"x")
    elif what == "empty":
        placed.write_bytes(b"")
    else:
        placed.unlink()
        if what == "link":
            placed.symlink_to(model)
        elif what == "folder":
            placed.mkdir()
            (placed / "inside").touch()
    assert put(transport, store, model, sha256(model)).how is How.PUSHED
    assert not placed.is_symlink()
    assert placed.read_bytes() == model.read_bytes()
    assert model.exists()


@pytest.mark.parametrize("text", [b"", b"proof-1 0000 junk\n", b"\xff\x00\x1b[2J", b"x" * 100_000])
def test_a_note_that_says_anything_else_makes_the_device_hash_again(
    transport: Transport, store: Store, model: Path, text: bytes
) -> None:
    put(transport, store, model, sha256(model))
    Path(store.note(sha256(model), model.name)).write_bytes(text)
    assert put(transport, store, model, sha256(model)).how is How.HASHED
    assert put(transport, store, model, sha256(model)).how is How.UNCHANGED


def test_an_empty_file_is_a_file(transport: Transport, store: Store, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    placed = put(transport, store, empty, sha256(empty))
    assert Path(placed.path).read_bytes() == b""
    assert put(transport, store, empty, sha256(empty)).how is How.UNCHANGED


def test_a_folder_is_one_object_of_several_proven_files(
    transport: Transport, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "genai"
    (folder / "sub").mkdir(parents=True)
    for name in ("model.onnx", "tokenizer.json", "sub/it's.txt"):
        (folder / name).write_bytes(hashlib.shake_128(name.encode()).digest(SIZE))
    files = hash_files(folder, folder_files(folder), quiet)
    placed = put_folder(transport, store, folder, files)
    assert (placed.sha256, placed.pushed_bytes) == (combined(files), 3 * SIZE)
    there = Path(placed.path)
    assert hash_files(there, folder_files(there), quiet) == files
    assert put_folder(transport, store, folder, files).how is How.UNCHANGED
    (there / "tokenizer.json").write_bytes(b"{}")
    assert put_folder(transport, store, folder, files).pushed_bytes == SIZE
    (there / "added.onnx").write_bytes(b"x")
    assert put_folder(transport, store, folder, files).pushed_bytes == 3 * SIZE
    assert not (there / "added.onnx").exists()


def test_a_file_that_lies_there_already_is_adopted_without_a_copy(
    transport: Transport, store: Store, model: Path
) -> None:
    placed = adopt(transport, store, PurePosixPath(model), sha256(model))
    assert placed.how is How.ADOPTED
    assert Path(placed.path).samefile(model)
    assert placed.path.is_relative_to(store.objects)
    again = adopt(transport, store, PurePosixPath(model), sha256(model))
    assert (again.path, again.how) == (placed.path, How.UNCHANGED)
    assert put(transport, store, model, sha256(model)).how is How.UNCHANGED


def test_a_linked_file_is_adopted_where_it_lies(
    transport: Transport, store: Store, model: Path
) -> None:
    link = model.with_name("link.gguf")
    link.symlink_to(model)
    placed = adopt(transport, store, PurePosixPath(link), sha256(model))
    assert (placed.path, placed.how) == (PurePosixPath(link), How.ADOPTED)
    assert adopt(transport, store, PurePosixPath(link), sha256(model)).how is How.UNCHANGED
    model.write_bytes(hashlib.shake_128(b"other").digest(SIZE))
    with pytest.raises(StoreError, match=f"has SHA-256 {sha256(model)}, not"):
        adopt(transport, store, PurePosixPath(link), placed.sha256)


def test_an_adopted_file_that_was_changed_is_refused_and_never_written_to(
    transport: Transport, store: Store, model: Path, tmp_path: Path
) -> None:
    right, staged = sha256(model), tmp_path / "staged" / model.name
    staged.parent.mkdir()
    staged.write_bytes(model.read_bytes())
    adopt(transport, store, PurePosixPath(staged), right)
    staged.write_bytes(b"theirs" + model.read_bytes()[6:])
    with pytest.raises(StoreError, match="has SHA-256"):
        adopt(transport, store, PurePosixPath(staged), right)
    placed = put(transport, store, model, right)
    assert Path(placed.path).read_bytes() == model.read_bytes()
    assert staged.read_bytes().startswith(b"theirs")


def test_adopting_what_is_not_there_says_so(transport: Transport, store: Store) -> None:
    with pytest.raises(StoreError, match="no such file on the device"):
        adopt(transport, store, PurePosixPath("/nowhere/model.gguf"), "0" * 64)


@pytest.mark.parametrize("name", [".hidden", "a\nb", "a\\b", "a\x1b[2J", "n" * 241, "\u202egpj"])
def test_a_name_that_could_be_more_than_a_name_is_refused(
    transport: Transport, store: Store, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArtefactError, match="no name for a file"):
        put(transport, store, tmp_path / name, "0" * 64)


@pytest.mark.parametrize("wrong", ["", "0" * 63, "A" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_what_is_no_hash_is_refused(
    transport: Transport, store: Store, model: Path, wrong: str
) -> None:
    with pytest.raises(ArtefactError, match="is no SHA-256"):
        put(transport, store, model, wrong)
    assert not Path(store.root).exists()
