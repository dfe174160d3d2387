from __future__ import annotations

from dataclasses import replace

import pytest

from host.cli.live import PlainWatch, done_ratio, sentence
from host.handover.progress import Progress


def test_a_moment_says_where_the_run_is_and_what_it_waits_for() -> None:
    moment = Progress("gate", 2, 5, waiting="CPU busy 0.80, at most 0.50 wanted")
    assert sentence(moment) == "attempt 2/5 · gate · waiting: CPU busy 0.80, at most 0.50 wanted"
    moment = Progress("decode", 2, 5, request=3, requests=5, tokens=40, rate=12.345)
    assert sentence(moment) == "attempt 2/5 · decode · request 3/5 · 40 tokens · 12.3 token/s"


def test_a_load_that_lasts_is_told_by_its_time_and_not_by_a_number_of_requests() -> None:
    moment = Progress("decode", 1, 2, request=1296, requests=5, lasted_s=200.4, lasting_s=600.0)
    assert sentence(moment) == "attempt 1/2 · decode · request 1296 · 3:20 of 10:00, 6:40 left"
    assert done_ratio(moment) == pytest.approx(200.4 / 600 / 2)
    beyond = replace(moment, lasted_s=603.0)
    assert sentence(beyond).endswith("10:03 of 10:00, 0:00 left")
    assert done_ratio(beyond) == pytest.approx(0.5)


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
