"""The load of a staircase: real processes that compute for as much as they are told."""

from __future__ import annotations

import subprocess
import threading
from typing import Any

import psutil
import pytest

from agent.children import command
from agent.order import OrderError, parse_order
from agent.staircase import cpus, play, shares
from tests.unit.agent.test_order import ORDER


@pytest.mark.parametrize(
    ("level", "count", "expected"),
    [(0, 2, (0, 0)), (0.25, 2, (0.5, 0)), (0.75, 2, (1, 0.5)), (1, 4, (1, 1, 1, 1))],
)
def test_a_level_fills_one_cpu_after_the_other(
    level: float, count: int, expected: tuple[float, ...]
) -> None:
    assert shares(level, count) == expected


def test_every_step_is_told_with_its_level_and_the_cpus() -> None:
    told: list[tuple[str, int, float]] = []

    def note(event: str, about: Any) -> None:  # noqa: ANN401
        told.append((event, about["step"], about["level"]))
        assert about["cpus"] == cpus()

    begun: list[None] = []
    play([0.0, 1.0], 0.3, threading.Event(), note, lambda: begun.append(None))
    assert told == [
        ("step_start", 0, 0.0),
        ("step_end", 0, 0.0),
        ("step_start", 1, 1.0),
        ("step_end", 1, 1.0),
    ]
    assert len(begun) == 2


def test_a_stop_ends_the_step_and_the_processes() -> None:
    stop, told = threading.Event(), []
    stop.set()
    play([1.0, 0.5], 3600, stop, lambda event, _: told.append(event), lambda: None)
    assert told == ["step_start", "step_end"]


def test_a_busy_process_computes_when_told_to_and_ends_with_its_input() -> None:
    argv, environment = command("duty")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, env=environment, bufsize=0) as busy:
        assert busy.stdin is not None
        seen = psutil.Process(busy.pid)
        busy.stdin.write(b"0\n1.0\n")
        began_s = seen.cpu_times().user
        while seen.cpu_times().user < began_s + 0.2:  # forever where it does not: a timeout
            assert busy.poll() is None
        busy.stdin.close()
        assert busy.wait() == 0


@pytest.mark.parametrize(
    ("staircase", "words"),
    [
        ({"levels": [0.5]}, "dwell_s is missing"),
        ({"levels": [], "dwell_s": 1}, "not a list of 1 to"),
        ({"levels": [1.5], "dwell_s": 1}, "not from 0 to 1"),
        ({"levels": [0.5], "dwell_s": 0}, "not from 0.01"),
        ({"levels": [0.5], "dwell_s": 1, "more": 1}, "more is not known"),
    ],
)
def test_an_order_for_no_staircase_is_refused(staircase: dict[str, Any], words: str) -> None:
    with pytest.raises(OrderError, match=words):
        parse_order({**ORDER, "staircase": staircase})
