"""Forged numbers far beyond any device: a reason or a void value, never a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host.pipeline.redo import redo
from host.pipeline.verify import verify
from tests.fakes.story import Length, legal

LENGTH = Length(attempts=2, items=1, tokens=8, warmups=1, step_ns=50_000_000, readings=20)


@pytest.mark.parametrize("value", ["1e300", "-1e300", "1e308"])
@pytest.mark.parametrize("source", ["memory", "thermal", "process", "rapl"])
def test_readings_beyond_all_range_give_a_reason(tmp_path: Path, source: str, value: str) -> None:
    story = legal(LENGTH)
    for number, attempt in story.attempts.items():
        column = attempt.streams[f"source-{source}"].rows
        column[7][4] = value if number == 1 else "1e299"
    story.write(tmp_path / "run")
    results = redo(tmp_path / "run").record.results
    theirs = [q for q in results if q.source.startswith((source, "thermal.", "process."))]
    assert any(q.missing for q in theirs)


def test_a_clock_that_steps_by_ages_gives_a_record(tmp_path: Path) -> None:
    story = legal(LENGTH)
    story.files["session.json"]["clock"]["resolution_ns"] = 10**22
    story.write(tmp_path / "run")
    stated = [q.nu_used for q in redo(tmp_path / "run").record.results if q.U is not None]
    assert "inf" in stated


def _streams(found: dict[str, Any]) -> None:
    found["streams"] = "none"


def _nameless(found: dict[str, Any]) -> None:
    del found["sources"]["channels"][0]["name"]


def _clock(found: dict[str, Any]) -> None:
    found["clock"] = 1


@pytest.mark.parametrize(
    ("file", "spoil"),
    [
        ("attempts/001/attempt.json", _streams),
        ("attempts/001/attempt.json", _nameless),
        ("session.json", _clock),
    ],
)
def test_a_file_of_another_shape_is_a_finding_and_no_defect_of_ours(
    file: str, spoil: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    legal(LENGTH).write(run)
    path = run / "data" / file
    found = json.loads(path.read_bytes())
    spoil(found)
    path.write_text(json.dumps(found), encoding="utf-8")
    said = {(each.rule, each.aspect) for each in verify(run).findings}
    assert {("unreadable", "redone"), ("unreadable", "conforming")} <= said
    assert any(aspect == "intact" for _, aspect in said)
