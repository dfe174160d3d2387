"""Kept-open files, parts and the loop over them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.part import (
    MAX_FILES,
    KeptFile,
    Part,
    Polled,
    Wanted,
    not_present,
    open_reason,
    open_wanted,
    present,
    value_part,
    whole_lines,
)
from collectors.device.text import integer
from collectors.reading import Channel, Gap, Kind, Missing, Quantity, Reading, Unit
from tests.fakes.clock import ScriptedClock
from tests.fakes.machine import scope_of
from tests.fakes.tree import tree


def channel(name: str = "a.b") -> Channel:
    return Channel(name, Unit.ONE, Kind.INSTANT, Quantity.STATE, "a test")


def test_a_kept_file_follows_what_is_written_into_it(tmp_path: Path) -> None:
    path = tree(tmp_path, {"value": "1\n"}) / "value"
    file = KeptFile.open(path)
    assert file.read() == b"1\n"
    path.write_bytes(b"22\n")
    assert file.read() == b"22\n"
    file.close()


def test_no_more_than_the_limit_is_read_and_only_whole_lines_count(tmp_path: Path) -> None:
    path = tree(tmp_path, {"value": "12345\n6789012\n"}) / "value"
    file = KeptFile.open(path, 10)
    assert file.read() == b"12345\n"
    file.close()


def test_a_long_file_without_a_line_end_is_missing_with_that_reason(tmp_path: Path) -> None:
    path = tree(tmp_path, {"value": "1" * (1 << 20)}) / "value"
    file = KeptFile.open(path)
    assert file.read() == Missing("too-long: no line end in 128 bytes")
    file.close()


def test_an_empty_file_is_missing_and_not_zero(tmp_path: Path) -> None:
    file = KeptFile.open(tree(tmp_path, {"value": ""}) / "value")
    assert file.read() == Missing("empty")
    file.close()


def test_a_read_error_is_missing_with_its_errno_name(tmp_path: Path) -> None:
    file = KeptFile.open(tmp_path)  # a folder opens, and does not read
    assert file.read() == Missing("unreadable: EISDIR")
    file.close()


def test_a_closed_file_can_be_closed_again_and_does_not_read_another_one(tmp_path: Path) -> None:
    root = tree(tmp_path, {"one": "1\n", "other": "2\n"})
    first = KeptFile.open(root / "one")
    first.close()
    other = KeptFile.open(root / "other")  # takes the number of the first descriptor
    first.close()
    assert first.read() == Missing("closed")
    assert other.read() == b"2\n"
    other.close()


@given(st.binary(max_size=40), st.integers(1, 20))
def test_what_is_kept_of_a_cut_read_ends_with_a_line_or_is_all_of_it(
    data: bytes, limit: int
) -> None:
    cut = data[:limit]
    kept = whole_lines(cut, limit)
    if isinstance(kept, bytes):
        assert cut.startswith(kept)
        assert kept == cut or kept.endswith(b"\n")
        assert len(cut) == limit or kept == cut
    else:
        assert b"\n" not in cut
        assert not cut or len(cut) == limit


def test_each_part_is_read_between_two_stamps_of_its_own(tmp_path: Path) -> None:
    root = tree(tmp_path, {"a": "5\n", "b": "no\n"})
    parts = [value_part(root / name, channel(f"x.{name}"), integer) for name in ("a", "b")]
    polled = Polled(parts, ScriptedClock([100, 107, 200, 211]))
    assert polled.read() == (
        Reading("x.a", 100, 107, 5),
        Gap("x.b", 200, "not-a-number: 'no\\n'"),
    )
    polled.close()


def test_a_part_with_several_channels_shares_its_stamps() -> None:
    part = Part((channel("x.a"), channel("x.b")), lambda: (1, Missing("why")), lambda: None)
    polled = Polled([part], ScriptedClock([1, 2]))
    assert polled.read() == (Reading("x.a", 1, 2, 1), Gap("x.b", 1, "why"))


def test_files_that_cannot_be_opened_are_absent_and_the_others_stay(tmp_path: Path) -> None:
    root = tree(tmp_path, {"a": "5\n"})
    wanted = [
        Wanted(root / name, partial(value_part, root / name, channel(f"x.{name}"), integer))
        for name in ("a", "b")
    ]
    opened = open_wanted("kind", wanted, scope_of(root), "a fix", 3.0)
    assert opened.collector is not None
    assert [c.name for c in opened.collector.describe()] == ["x.a"]
    assert opened.collector.max_hz == 3.0
    (absent,) = opened.absent
    assert (absent.kind, absent.source) == ("kind", str(root / "b"))
    assert (absent.reason, absent.fix) == ("not-present: ENOENT", "a fix")
    opened.collector.close()


def test_a_source_that_would_use_up_the_descriptors_is_absent_as_a_whole(tmp_path: Path) -> None:
    path = tree(tmp_path, {"a": "5\n"}) / "a"
    wanted = [Wanted(path, partial(value_part, path, channel(), integer))] * (MAX_FILES + 1)
    opened = open_wanted("kind", wanted, scope_of(tmp_path), "fix")
    assert opened.collector is None
    assert opened.absent[0].reason == "too-many: 257 files, 256 allowed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "x"), "not-present: ENOENT"),
        (PermissionError(13, "x"), "not-readable: EACCES"),
        (OSError(95, "x"), "not-readable: EOPNOTSUPP"),
        (OSError("no number"), "not-readable: OSError"),
    ],
)
def test_a_refused_file_and_a_missing_one_have_different_reasons(
    error: OSError, reason: str
) -> None:
    # EOPNOTSUPP and ENOTSUP are one number on Linux.
    assert open_reason(error) in {reason, reason.replace("EOPNOTSUPP", "ENOTSUP")}


def test_a_folder_that_cannot_be_listed_is_not_called_empty(tmp_path: Path) -> None:
    path = tree(tmp_path, {"file": "not a folder"}) / "file"
    assert not_present("kind", path, "nothing", "fix").absent[0].reason == "not-readable: ENOTDIR"
    listed = not_present("kind", tmp_path, "nothing", "fix").absent[0]
    assert listed.reason == "not-present: nothing"


def test_presence_needs_no_right_to_read(tmp_path: Path) -> None:
    path = tree(tmp_path, {"file": ""}) / "file"
    assert present(path)
    assert not present(tmp_path / "other")
    assert not present(path / "below-a-file")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert present(loop)  # ELOOP: something is there that cannot be looked at
