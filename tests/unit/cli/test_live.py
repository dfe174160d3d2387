from __future__ import annotations

import pytest

from host.cli.live import PlainWatch, sentence
from host.handover.progress import Progress


def test_a_moment_says_where_the_run_is_and_what_it_waits_for() -> None:
    moment = Progress("gate", 2, 5, waiting="CPU busy 0.80, at most 0.50 wanted")
    assert sentence(moment) == "attempt 2/5 · gate · waiting: CPU busy 0.80, at most 0.50 wanted"
    moment = Progress("decode", 2, 5, request=3, requests=5, tokens=40, rate=12.345)
    assert sentence(moment) == "attempt 2/5 · decode · request 3/5 · 40 tokens · 12.3 token/s"


def test_a_pipe_gets_one_line_an_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    watch = PlainWatch()
    for attempt in (1, 2):
        for phase in ("load", "decode", "decode"):
            watch(Progress(phase, attempt, 2))
    watch(Progress("seal"))
    assert capsys.readouterr().err.splitlines() == [
        "attempt 1/2 · load",
        "attempt 2/2 · load",
        "seal",
    ]
