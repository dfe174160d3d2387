from __future__ import annotations

from pathlib import Path

from tests.fakes.small_disk import told


def test_a_file_that_does_not_fit_is_refused_before_anything_moves(tmp_path: Path) -> None:
    (said,) = told(tmp_path, "too_large")
    assert said["class"] == "StoreError"
    assert "not enough space: 8 MiB needed and 1 MiB kept in reserve, 8 MiB free" in said["error"]
    assert said["parts"] == []


def test_a_disk_that_fills_up_meanwhile_is_one_sentence_and_works_again(tmp_path: Path) -> None:
    full, again = told(tmp_path, "filled_meanwhile")
    assert full["class"] == "StoreError"
    assert "the store is full: 5 MiB for model do not fit" in full["error"]
    assert full["parts"] == []
    assert full["free"] > 0
    assert again["how"] == "pushed"


def test_a_read_only_store_still_gives_what_is_proven_and_takes_nothing(tmp_path: Path) -> None:
    first, same, other = told(tmp_path, "read_only")
    assert (first["how"], same["how"]) == ("pushed", "unchanged")
    assert other["class"] == "StoreError"
    assert "the store cannot be written (mkdir: " in other["error"]
    assert "Read-only file system" in other["error"]


def test_a_disk_without_room_for_one_more_file_is_one_sentence(tmp_path: Path) -> None:
    (said,) = told(tmp_path, "no_inodes")
    assert said["class"] == "StoreError"
    assert "No space left on device" in said["error"]
