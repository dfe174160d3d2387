"""Throttled spans of a made-up device: 20 tokens a second, 3 GHz, for 90 s."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from host.handover.trace import AttemptTrace, Series, Window
from host.reduce.slowdown import Bools, marked, throttled
from tests.fakes.traces import attempt, kind_of, request, run_of, series

S = 10**9
START_S, LENGTH_S = 100.0, 90.0
TIMES = np.arange(95 * S, 200 * S, S // 5, dtype=np.int64)
HOT = (30.0, 60.0)  # seconds after the start


def inside(t_s: npt.NDArray[np.floating[Any]], span: tuple[float, float] = HOT) -> Bools:
    return (t_s - START_S >= span[0]) & (t_s - START_S < span[1])


def clock(low_ratio: float = 0.6) -> Series:
    values = 3e9 * np.where(inside(TIMES * 1e-9), low_ratio, 1.0)
    return series(TIMES, values, kind_of("frequency", "instant", "Hz", channel="policy4"))


def heat(rise_k: float = 30.0) -> Series:
    values = 40 + rise_k * np.clip((TIMES * 1e-9 - START_S) / 30, 0, 1)
    return series(TIMES, values, kind_of("temperature", "instant", "Cel"))


def device(*sources: Series, slow: float = 1.5, span: tuple[float, float] = HOT) -> AttemptTrace:
    """Tokens at 20 a second, in a span so many times slower."""
    stamps = [START_S]
    while stamps[-1] < START_S + LENGTH_S:
        now = stamps[-1]
        stamps.append(now + 0.05 * (slow if inside(np.array([now]), span)[0] else 1.0))
    t_ns = np.rint(np.array(stamps) * S).astype(np.int64)
    asked = request(t0_ns=int((START_S - 1) * S))
    ones = np.ones(len(t_ns), dtype=np.int64)
    tokens = replace(asked.tokens, t_ns=t_ns, ready_ns=t_ns, tokens=ones, size_bytes=ones)
    asked = replace(asked, tokens=tokens, end_ns=int(t_ns[-1]))
    return attempt((asked,), sources)


def test_clock_rate_and_heat_together_are_throttling_with_its_start_and_end() -> None:
    (span,) = throttled(device(clock(), heat()))
    assert (span.start_ns / S, span.end_ns / S) == pytest.approx((130, 160), abs=1.01)


@pytest.mark.parametrize(
    "found",
    [
        device(clock(1.0), heat()),  # the context grew
        device(clock(), heat(), slow=1.0),  # the clock fell where it did not matter
        device(clock(), heat(0.0)),  # a governor saved power while it was cool
        device(clock(0.95), heat()),
        device(clock(), heat(), slow=1.03),
        device(heat()),
        device(clock(), heat(), span=(70.0, 85.0)),  # they did not fall together
    ],
)
def test_one_of_them_missing_is_no_throttling(found: AttemptTrace) -> None:
    assert throttled(found) == ()


def test_without_a_temperature_the_other_two_decide() -> None:
    assert len(throttled(device(clock()))) == 1


def test_two_seconds_are_too_short_to_be_told_from_chance() -> None:
    short = (30.0, 32.0)
    values = 3e9 * np.where(inside(TIMES * 1e-9, short), 0.5, 1.0)
    found = series(TIMES, values, clock())
    assert throttled(device(found, heat(), span=short)) == ()


def test_no_tokens_give_no_span_and_a_run_holds_those_of_its_attempts() -> None:
    assert throttled(attempt()) == ()
    run = marked(run_of(device(clock(), heat()), replace(attempt(), number=2)))
    assert [len(a.throttled) for a in run.attempts] == [1, 0]
    assert isinstance(run.attempts[0].throttled[0], Window)


def test_it_does_not_matter_when_it_was() -> None:
    found = device(clock(), heat())
    (before,) = throttled(found)
    by = 2**60
    moved = replace(
        found,
        requests=tuple(
            replace(r, tokens=replace(r.tokens, t_ns=r.tokens.t_ns + by)) for r in found.requests
        ),
        series=tuple(replace(s, t0_ns=s.t0_ns + by, t1_ns=s.t1_ns + by) for s in found.series),
    )
    (after,) = throttled(moved)
    assert (after.start_ns - by, after.end_ns - by) == (before.start_ns, before.end_ns)
