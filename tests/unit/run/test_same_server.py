"""A server that becomes another one between two attempts of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from host.handover.audit_plan import FIRST
from host.run.folder import RunFolder
from host.run.same_server import other_server

SERVER = {"kind": "llama-server", "models": "m", "build": "b1", "pid": 7, "parameters": "1000"}


def left(root: Path, number: int, status: str, server: dict[str, Any]) -> RunFolder:
    """A run folder with an attempt that ended so."""
    folder = RunFolder(root)
    folder.attempt(number).mkdir(parents=True)
    stated = {"number": number, "status": status, "engine": {"server": server}}
    (folder.attempt(number) / "attempt.json").write_text(json.dumps(stated))
    return folder


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"pid": 8}, ""),
        ({"models": "n"}, "server-changed: in attempt 2 models 'm', now 'n'"),
        ({"build": "b2", "parameters": "2000"}, "build 'b1', now 'b2'; parameters '1000', now '2"),
        ({"model_path": "/n"}, "model_path None, now '/n'"),
    ],
)
def test_attempt_with_another_server_than_the_first_valid_one_says_what_is_other(
    now: dict[str, Any], said: str, tmp_path: Path
) -> None:
    left(tmp_path, 1, "void", {**SERVER, "models": "broken"})
    folder = left(tmp_path, 2, "valid", SERVER)
    found = other_server(folder, 3, {"engine": {"server": {**SERVER, **now}}})
    assert said in found
    assert bool(found) is bool(said)
    assert other_server(folder, FIRST, {"engine": {"server": {**SERVER, **now}}}) == ""


def test_engines_that_are_no_servers_and_first_attempts_have_none_to_differ_from(
    tmp_path: Path,
) -> None:
    folder = left(tmp_path, 1, "valid", {})
    for engine in ({}, None, {"server": 5}, {"server": SERVER}):
        assert other_server(folder, 2, {"engine": engine}) == ""
