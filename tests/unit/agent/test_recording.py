"""Recordings that are none are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.engines.base import EngineError
from agent.engines.recording import Fault, load_recording, parse_recording
from tests.fakes.replays import recording, write_recording


def test_faults_and_pieces_are_read() -> None:
    faults = [{"do": "hang", "request": 1, "token": 2}, {"do": "exit"}]
    found = parse_recording(recording(faults=faults, pieces={"97": "你"}))
    assert found.faults == (Fault("hang", 1, 2), Fault("exit", None, 0))
    assert found.pieces == {97: "你".encode()}


@pytest.mark.parametrize(
    "over",
    [
        {"recording": 2},
        {"requests": []},
        {"requests": [{}]},
        {"requests": 3},
        {"faults": [{"do": "explode"}]},
        {"pieces": {"x": "y"}},
    ],
)
def test_a_wrong_field_makes_it_a_bad_model(tmp_path: Path, over: dict[str, Any]) -> None:
    with pytest.raises(EngineError) as refused:
        load_recording(write_recording(tmp_path / "r.json", **over))
    assert refused.value.code == "bad-model"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"recording": NaN}', '{"a": 1, "a": 1}'])
def test_a_file_that_is_no_recording_is_a_bad_model(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(EngineError, match=r"r\.json is no recording"):
        load_recording(path)


def test_a_folder_without_streams_is_a_bad_model(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no recording"):
        load_recording(tmp_path)
