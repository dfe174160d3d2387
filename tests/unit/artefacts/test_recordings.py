from __future__ import annotations

from pathlib import Path

import pytest

from host.artefacts.recordings import inspect_recording
from host.errors import ArtefactError


def test_a_recording_is_named_by_its_hash(tmp_path: Path) -> None:
    one = tmp_path / "a.json"
    one.write_bytes(b"{}")
    first = inspect_recording(one)
    one.write_bytes(b"{ }")
    assert inspect_recording(one)["sha256"] != first["sha256"]
    assert (first["format"], first["size_bytes"]) == ("recording", 2)


def test_an_attempt_is_named_by_its_events_and_tokens_alone(tmp_path: Path) -> None:
    (tmp_path / "events.tsv").write_bytes(b"e")
    (tmp_path / "tokens.tsv").write_bytes(b"t")
    first = inspect_recording(tmp_path)["sha256"]
    (tmp_path / "engine.log").write_bytes(b"x")
    assert inspect_recording(tmp_path)["sha256"] == first
    (tmp_path / "tokens.tsv").write_bytes(b"u")
    assert inspect_recording(tmp_path)["sha256"] != first


def test_a_recording_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"events\.tsv"):
        inspect_recording(tmp_path)
