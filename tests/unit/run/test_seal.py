from __future__ import annotations

import json
from pathlib import Path

import bagit
import pytest

from agent.wire import encode
from host.align.bag import check_bag
from host.errors import FolderError
from host.run.folder import RunFolder, create, write_bytes, write_json
from host.run.seal import seal


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = create(tmp_path, "run")
    (made.data / "plan.json").write_text('{"a": 1}\n')
    (made.attempt(1)).mkdir()
    (made.attempt(1) / "events.tsv").write_bytes(b"# {}\n0\tx\n")
    (made.attempt(1) / "odd \n name.log").write_bytes(b"log")
    return made


def test_sealed_folder_is_a_bag_for_the_reference_library(folder: RunFolder) -> None:
    seal(folder, made_by="test")
    bag = bagit.Bag(str(folder.path))
    bag.validate(processes=1, completeness_only=False)
    assert check_bag(folder.path) == ()


def test_a_percent_sign_in_a_name_is_sealed_as_the_rfc_says(folder: RunFolder) -> None:
    # RFC 8493 2.1.3 encodes it as %25; the reference library reads %0A and %0D only.
    (folder.data / "50%0A.txt").write_bytes(b"x")
    seal(folder, made_by="test")
    assert "data/50%250A.txt" in (folder.path / "manifest-sha256.txt").read_text()
    assert check_bag(folder.path) == ()


def test_sealing_twice_is_refused(folder: RunFolder) -> None:
    seal(folder, made_by="test")
    with pytest.raises(FolderError, match="sealed already"):
        seal(folder, made_by="test")


def test_half_written_files_do_not_go_under_the_seal(folder: RunFolder) -> None:
    (folder.data / "x.json.part").write_bytes(b"half")
    seal(folder, made_by="test")
    assert not (folder.data / "x.json.part").exists()
    assert check_bag(folder.path) == ()


def test_a_link_is_refused(folder: RunFolder) -> None:
    (folder.data / "link").symlink_to("/etc/hostname")
    with pytest.raises(FolderError, match="neither a file nor a folder"):
        seal(folder, made_by="test")
    assert not folder.sealed


def test_every_flipped_byte_is_named(folder: RunFolder) -> None:
    seal(folder, made_by="test")
    files = [p for p in sorted(folder.path.rglob("*")) if p.is_file()]
    assert len(files) == 8
    for path in files:
        good = path.read_bytes()
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 0x01
            path.write_bytes(bytes(bad))
            findings = check_bag(folder.path)
            assert findings, f"{path.name} byte {position}"
        path.write_bytes(good)
    assert check_bag(folder.path) == ()


def test_missing_and_extra_and_swapped_files_are_named(folder: RunFolder) -> None:
    seal(folder, made_by="test")
    plan = folder.data / "plan.json"
    events = folder.attempt(1) / "events.tsv"
    good = plan.read_bytes(), events.read_bytes()
    plan.write_bytes(good[1])
    events.write_bytes(good[0])
    assert {f.file for f in check_bag(folder.path)} == {
        "data/plan.json",
        "data/attempts/001/events.tsv",
    }
    plan.write_bytes(good[0])
    events.unlink()
    (folder.data / "more.txt").write_bytes(b"x")
    found = {(f.rule, f.file) for f in check_bag(folder.path)}
    assert ("file-missing", "data/attempts/001/events.tsv") in found
    assert ("file-extra", "data/more.txt") in found


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "data/../../x", "data//x"])
def test_manifest_that_leaves_the_folder_is_not_followed(folder: RunFolder, name: str) -> None:
    seal(folder, made_by="test")
    manifest = folder.path / "manifest-sha256.txt"
    manifest.write_bytes(manifest.read_bytes() + f"{'0' * 64}  {name}\n".encode())
    assert "manifest-line" in {f.rule for f in check_bag(folder.path)}


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    names = [create(tmp_path, "a b/../c").path.name for _ in range(3)]
    assert names == ["a-b-..-c", "a-b-..-c-2", "a-b-..-c-3"]
    assert all(p.parent == tmp_path for p in tmp_path.iterdir())


def test_whole_file_writes_leave_nothing_half_made(tmp_path: Path) -> None:
    goal = tmp_path / "x.json"
    write_bytes(goal, b"one")
    write_bytes(goal, b"two")
    assert goal.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_words_of_a_device_that_have_no_bytes_are_written_with_a_question_mark(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"name": "board \ud800", "b": [1], "\udfff": None})
    assert json.loads(path.read_bytes()) == {"name": "board ?", "b": [1], "?": None}
    assert encode("hello", {"name": "board \ud800"}) == b'{"type":"hello","name":"board ?"}\n'
