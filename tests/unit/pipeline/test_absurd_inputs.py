"""Forged numbers far beyond any device: a reason or a void value, never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.pipeline.redo import redo
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
