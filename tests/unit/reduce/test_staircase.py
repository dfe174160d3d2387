"""Steps of a load as a meter and a source with gain, offset and lag saw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from host.handover.trace import AttemptTrace, FloatArray, IntArray, Series, Step, Window
from host.reduce.lag import lag_of
from host.reduce.staircase import steps_of
from tests.fakes.traces import attempt, kind_of, series

S = 10**9
GAIN, OFFSET_W, LAG_S = 0.93, 0.4, 0.7
DWELL_S = 6
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0)
METER = kind_of("power", "average", "W", channel="meter.wall.power", tier="A")
RAIL = kind_of("power", "instant", "W", channel="hwmon.board.power", tier="B")
RAPL = kind_of("energy", "counter", "J", channel="rapl.package", tier="B")
STEPS = tuple(
    Step(Window((i + 1) * DWELL_S * S, (i + 2) * DWELL_S * S), lv) for i, lv in enumerate(LEVELS)
)


def power(t_s: FloatArray) -> FloatArray:
    """Of the device: 6 W and 8 W more at full load, with a ripple of 20 mW."""
    step = np.floor(t_s / DWELL_S).astype(int) - 1
    level = np.where((step >= 0) & (step < 10), np.array(LEVELS)[np.clip(step, 0, 9)], 0.0)
    return 6 + 8 * level + 0.02 * np.sin(40 * t_s)


def bench(source: Series, values: FloatArray, t_ns: IntArray) -> AttemptTrace:
    meter = replace(METER, averaging_s=0.1)
    at = np.arange(0, 72 * S, S // 10)
    fine = np.arange(0, 72, 0.01)
    means = np.convolve(power(fine), np.ones(10) / 10)[: len(fine)]
    metered = series(at, np.interp(at / S, fine, means), meter)
    return replace(attempt((), (metered, series(t_ns, values, source))), steps=STEPS)


def rail() -> AttemptTrace:
    t_ns = np.arange(0, 72 * S, S // 10) + 13_000_000
    return bench(RAIL, GAIN * power(t_ns / S - LAG_S) + OFFSET_W, t_ns)


def counter() -> AttemptTrace:
    """New every 100 ms, read every 50 ms, wraps at 262 J as RAPL's do at theirs."""
    fine = np.arange(0, 72, 0.001)
    joules = np.cumsum(GAIN * power(fine - LAG_S) + OFFSET_W) * 0.001
    t_ns = np.arange(0, 72 * S, S // 20)
    updated = joules[(t_ns // (S // 10)) * 100]
    return bench(replace(RAPL, wraps_at=262.0), updated % 262.0, t_ns)


@pytest.mark.parametrize("made", [rail, counter])
def test_each_step_gives_both_powers_and_the_lag_is_found(
    made: Callable[[], AttemptTrace],
) -> None:
    found = made()
    both = found.series[0], found.series[1]
    lag = lag_of([found], both, (GAIN, OFFSET_W))
    assert lag.lag_s is not None
    assert lag.u_s is not None
    assert abs(lag.lag_s - LAG_S) <= 2 * lag.u_s < 0.2
    steps = steps_of([found], *both, lag.lag_s)
    assert steps.dropped == ()
    assert [p.level for p in steps.pairs] == list(LEVELS)
    for pair in steps.pairs:
        assert pair.reference_w == pytest.approx(6 + 8 * pair.level, abs=0.005)
        assert pair.source_w == pytest.approx(GAIN * pair.reference_w + OFFSET_W, abs=0.01)
        assert pair.u_source_w < 0.03


def test_a_step_too_short_for_a_slow_source_is_left_out_with_its_reason() -> None:
    t_ns = np.arange(0, 72 * S, S)
    slow = bench(RAIL, GAIN * power(t_ns / S) + OFFSET_W, t_ns)
    steps = steps_of([slow], slow.series[0], slow.series[1])
    assert steps.pairs == ()
    assert len(steps.dropped) == len(LEVELS)
    assert steps.dropped[0].startswith("step-too-short: it lasts 6 s, and 13 updates")


def test_a_frozen_source_has_no_lag() -> None:
    t_ns = np.arange(0, 72 * S, S // 10)
    frozen = bench(RAIL, np.full(len(t_ns), 7.5), t_ns)
    lag = lag_of([frozen], (frozen.series[0], frozen.series[1]), (0.0, 7.5))
    assert lag.lag_s is None
    assert lag.reason.startswith("lag-not-found")


def test_an_attempt_without_the_source_is_said() -> None:
    alone = replace(rail(), series=rail().series[:1])
    steps = steps_of([alone], METER, RAIL)
    assert steps.dropped == (
        "channel-absent: hwmon.board.power is not in the attempt (attempt 1)",
    )
    assert lag_of([alone], (METER, RAIL), (GAIN, OFFSET_W)).lag_s is None


def test_a_counter_that_stands_still_through_a_step_gives_no_pair_of_it() -> None:
    """It went on before and after: straight lines over the gap would look like a steady power."""
    t_ns = np.arange(0, 72 * S, S // 20)
    joules = np.interp(t_ns / S, [0, 6, 66, 72], [0, 40, 600, 660])
    still = (t_ns > 6 * S) & (t_ns < 66 * S)
    joules[still] = joules[t_ns <= 6 * S][-1]
    stuck = bench(RAPL, joules, t_ns)
    steps = steps_of([stuck], stuck.series[0], stuck.series[1])
    assert steps.pairs == ()
    assert {reason.partition(":")[0] for reason in steps.dropped} == {"no-reading"}
