from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.spool import Column, SpoolWriter
from host.align.streams import read_attempt, read_json
from host.errors import FolderError

COLUMNS = (Column("t_ns", "ns"), Column("event", "{text}"), Column("args", "{json}"))


def attempt(folder: Path, lines: int = 5) -> Path:
    """A collected attempt with one stream."""
    writer = SpoolWriter(folder / "events.tsv", "events", "c@1", COLUMNS)
    for n in range(lines):
        writer.append((str(n), "tick", "{}"))
    end = writer.close()
    stated = {"stream": end.stream, "lines": end.lines}
    text = {"number": 1, "status": "valid", "reason": "", "streams": [stated], "engine": {}}
    (folder / "attempt.json").write_text(json.dumps(text))
    return folder / "events.tsv"


def faults(folder: Path) -> list[tuple[str, int, str]]:
    return [(f.file, f.line, f.fault) for f in read_attempt(folder, 1).faults]


def test_a_whole_attempt_has_no_fault(tmp_path: Path) -> None:
    attempt(tmp_path)
    files = read_attempt(tmp_path, 1)
    assert files.faults == ()
    assert [s.seq for s in files.streams["events"].lines] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("lost", range(2, 7))
def test_every_lost_line_is_found(tmp_path: Path, lost: int) -> None:
    path = attempt(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for n, line in enumerate(lines, 1) if n != lost))
    kinds = {fault for _, _, fault in faults(tmp_path)}
    # Every CRC still holds; the count shows each loss, the sequence all but that of the last.
    assert "count" in kinds
    assert "crc" not in kinds
    assert ("sequence" in kinds) == (lost != 6)


def test_a_doubled_line_is_found(tmp_path: Path) -> None:
    path = attempt(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[-1]]))
    assert {f for _, _, f in faults(tmp_path)} == {"sequence", "count"}


def test_a_torn_last_line_is_counted_and_the_rest_read(tmp_path: Path) -> None:
    path = attempt(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    assert faults(tmp_path) == [("events.tsv", 6, "torn"), ("events.tsv", 0, "count")]


def test_a_flipped_bit_is_found_in_its_line(tmp_path: Path) -> None:
    path = attempt(tmp_path)
    data = bytearray(path.read_bytes())
    position = data.index(b"tick", data.index(b"tick") + 1)
    data[position] ^= 1
    path.write_bytes(bytes(data))
    assert ("events.tsv", 3, "crc") in faults(tmp_path)


def test_a_missing_stream_is_found(tmp_path: Path) -> None:
    attempt(tmp_path).unlink()
    assert faults(tmp_path) == [("events.tsv", 0, "missing")]


def test_a_stream_without_header_is_found(tmp_path: Path) -> None:
    path = attempt(tmp_path)
    path.write_bytes(b"garbage\n" + path.read_bytes())
    assert ("events.tsv", 1, "header") in faults(tmp_path)


def test_an_attempt_that_was_never_collected_is_incomplete(tmp_path: Path) -> None:
    attempt(tmp_path)
    (tmp_path / "attempt.json").unlink()
    files = read_attempt(tmp_path, 7)
    assert files.stated["status"] == "incomplete"
    assert str(files.stated["reason"]).startswith("cut-off")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1e999}',
        "{",
        "\xff",
        "[" * 10**5,
    ],
)
def test_json_that_can_be_read_two_ways_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FolderError, match=r"x\.json.*strict JSON"):
        read_json(path)
