"""The store at the end of a bad link, on a full disk, with programs missing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from host.deploy.layout import BLOCK_BYTES, Store, Watch
from host.deploy.store import How, adopt, put
from host.errors import ArtefactError, FarFileError, StoreError, UnreachableError
from host.transport.local import Local
from tests.fakes.bad_link import BadLink, Wire
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


def no_object(store: Store) -> bool:
    return not [f for f in Path(store.objects).rglob("*") if not f.name.startswith(".")]


@pytest.mark.parametrize("cut", [0, 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 5, SIZE - 1, SIZE])
def test_a_push_that_was_cut_goes_on_after_the_last_proven_chunk(
    store: Store, model: Path, cut: int
) -> None:
    wire = Wire(cut_at=cut)
    link = BadLink(wire)
    with pytest.raises(UnreachableError, match="the cable is out"):
        put(link, store, model, sha256(model))
    assert no_object(store)
    wire.mend()
    placed = put(link, store, model, sha256(model))
    assert placed.resumed_bytes == cut // BLOCK_BYTES * BLOCK_BYTES
    assert placed.pushed_bytes == SIZE - placed.resumed_bytes
    assert Path(placed.path).read_bytes() == model.read_bytes()


def test_a_part_of_the_right_length_with_one_wrong_byte_is_not_believed(
    store: Store, model: Path
) -> None:
    wire = Wire(cut_at=5 * BLOCK_BYTES)
    link = BadLink(wire)
    with pytest.raises(UnreachableError):
        put(link, store, model, sha256(model))
    wire.mend()
    with Path(store.part(sha256(model))).open("r+b") as part:
        part.seek(2 * BLOCK_BYTES + 9)
        part.write(b"!")
    placed = put(link, store, model, sha256(model))
    assert placed.resumed_bytes == 2 * BLOCK_BYTES
    assert Path(placed.path).read_bytes() == model.read_bytes()


def test_a_part_that_is_longer_than_the_file_is_cut_to_it(store: Store, model: Path) -> None:
    part = Path(store.part(sha256(model)))
    part.parent.mkdir(parents=True)
    part.write_bytes(model.read_bytes() + b"more of it")
    placed = put(Local(), store, model, sha256(model))
    assert placed.resumed_bytes == CHUNKS * BLOCK_BYTES
    assert Path(placed.path).read_bytes() == model.read_bytes()


def test_a_link_in_the_place_of_a_part_is_never_written_through(
    store: Store, model: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    part = Path(store.part(sha256(model)))
    part.parent.mkdir(parents=True)
    part.symlink_to(victim)
    placed = put(Local(), store, model, sha256(model))
    assert victim.read_bytes() == b"precious"
    assert not Path(placed.path).is_symlink()


@pytest.mark.parametrize("one_channel", [False, True])
@pytest.mark.parametrize("at", [0, BLOCK_BYTES - 1, 3 * BLOCK_BYTES, SIZE - 1])
def test_one_flipped_bit_costs_one_chunk_more_and_is_counted(
    tmp_path: Path, model: Path, at: int, *, one_channel: bool
) -> None:
    root = PurePosixPath(tmp_path / "store")
    store = Store(root, 0, one_channel=one_channel, wait_s=0, chunk_bytes=BLOCK_BYTES)
    wire, told = Wire(flip_at=at), list[str]()
    placed = put(BadLink(wire), store, model, sha256(model), Watch(tell=told.append))
    assert placed.repaired_chunks == 1
    assert Path(placed.path).read_bytes() == model.read_bytes()
    number = at // BLOCK_BYTES + 1
    assert told == [f"local: chunk {number} of 7 of model.gguf came wrong and is sent once more"]
    assert wire.pushed[-1][2] <= BLOCK_BYTES
    assert list(Path(store.parts).iterdir()) == []


def test_a_device_without_dd_gets_everything_from_the_wrong_chunk_on(
    tmp_path: Path, store: Store, model: Path
) -> None:
    wire = Wire(flip_at=4 * BLOCK_BYTES)
    link = BadLink(wire, boxed("coreutils", tmp_path / "bin", without=["dd"]))
    placed = put(link, store, model, sha256(model))
    assert placed.repaired_chunks == 1
    assert wire.pushed[-1][1:] == (4 * BLOCK_BYTES, SIZE - 4 * BLOCK_BYTES)


def test_a_chunk_that_comes_wrong_twice_is_named_and_nothing_is_kept(
    store: Store, model: Path
) -> None:
    link = BadLink(Wire(flip_at=0, flips=2))
    with pytest.raises(StoreError, match=r"chunk 1 of 7 .*removed"):
        put(link, store, model, sha256(model))
    assert no_object(store)
    assert list(Path(store.parts).iterdir()) == []


def test_a_write_that_lies_about_its_length_is_found(store: Store, model: Path) -> None:
    link = BadLink(Wire(lose_at=SIZE - 1))
    with pytest.raises(StoreError, match=f"{SIZE} bytes were sent and {SIZE - 1} are there"):
        put(link, store, model, sha256(model))
    assert no_object(store)
    assert put(link, store, model, sha256(model)).how is How.PUSHED


def test_a_hash_that_never_answers_is_a_link_that_is_gone(store: Store, model: Path) -> None:
    wire = Wire(silent=True)
    with pytest.raises(UnreachableError, match="says nothing while it hashes"):
        put(BadLink(wire), store, model, sha256(model))
    wire.silent = False
    assert put(BadLink(wire), store, model, sha256(model)).resumed_bytes == CHUNKS * BLOCK_BYTES


def test_a_disk_that_fills_on_the_way_is_one_sentence_and_is_freed(
    store: Store, model: Path
) -> None:
    with pytest.raises(StoreError, match=r"the store is full: 1 MiB for model.gguf do not fit"):
        put(BadLink(Wire(full_at=2 * BLOCK_BYTES)), store, model, sha256(model))
    assert list(Path(store.parts).iterdir()) == []


def test_a_file_that_is_not_what_the_host_says_is_the_hosts_fault(
    store: Store, model: Path
) -> None:
    with pytest.raises(ArtefactError, match="is not the file with SHA-256 0000"):
        put(Local(), store, model, "0" * 64)
    assert no_object(store)
    assert list(Path(store.parts).iterdir()) == []


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


def test_two_hosts_that_put_the_same_file_at_once_both_have_it(
    tmp_path: Path, model: Path
) -> None:
    root = PurePosixPath(tmp_path / "store")
    store = Store(root, reserve_bytes=0, chunk_bytes=BLOCK_BYTES, wait_s=100)
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: put(Local(), store, model, sha256(model)), range(2)))
    assert both[0].path == both[1].path
    assert sum(one.pushed_bytes for one in both) == SIZE


def test_a_host_that_is_killed_in_the_middle_leaves_a_store_that_goes_on(
    tmp_path: Path, model: Path
) -> None:
    root = PurePosixPath(tmp_path / "store")
    store = Store(root, reserve_bytes=0, chunk_bytes=BLOCK_BYTES, wait_s=100)
    code = (
        "import sys; from pathlib import Path, PurePosixPath\n"
        "from host.deploy.layout import Store\n"
        "from host.deploy.store import put\n"
        "from tests.fakes.bad_link import Hanging\n"
        f"store = Store({root!r}, reserve_bytes=0, chunk_bytes={BLOCK_BYTES})\n"
        f"put(Hanging({3 * BLOCK_BYTES + 5}), store, Path({str(model)!r}), {sha256(model)!r})\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"hanging\n"
        assert (Path(store.lock) / "owner").exists()
        host.kill()
    placed = put(Local(), store, model, sha256(model))
    assert placed.resumed_bytes == 3 * BLOCK_BYTES
    assert Path(placed.path).read_bytes() == model.read_bytes()


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
