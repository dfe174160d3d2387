"""Burst and sustained of an attempt of 700 s: 10 tokens/s and 10 W, from 30 s on 5 and 6 W."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from host.evaluate.run import evaluate
from host.handover.conditions import Conditions
from host.handover.result import Observation
from host.handover.trace import AttemptTrace, Window
from host.reduce.run import reduce_run
from tests.fakes.traces import attempt, kind_of, request, run_of, series

S = 10**9
START, SLOW, END = 100 * S, 130 * S, 800 * S


def device(
    number: int = 1, end: int = END, throttled: tuple[Window, ...] = (Window(SLOW, END),)
) -> AttemptTrace:
    stamps = np.concatenate((np.arange(START, SLOW, S // 10), np.arange(SLOW, end + 1, S // 5)))
    asked = request(t0_ns=START)
    ones = np.ones(len(stamps), dtype=np.int64)
    tokens = replace(asked.tokens, t_ns=stamps, ready_ns=stamps, tokens=ones, size_bytes=ones)
    asked = replace(asked, prefill=Window(START, START + 1), tokens=tokens, end_ns=end)
    times = np.arange(90 * S, end + 10 * S, S // 2, dtype=np.int64)
    power = np.where(times <= SLOW, 10.0, 6.0)
    made = attempt((asked,), (series(times, power, kind_of("power", "instant", "W")),))
    return replace(made, number=number, throttled=throttled)


def found(*attempts: AttemptTrace) -> dict[str, Observation]:
    made = reduce_run(run_of(*attempts)).results
    return {o.measurand: o for o in made if o.measurand.startswith(("burst", "sustained_"))}


@pytest.mark.parametrize(
    ("measurand", "expected"),
    [
        ("burst_decode_rate@1", 10.0),
        ("sustained_decode_rate@1", 5.0),
        ("burst_power@1", 10.0),
        ("sustained_power@1", 6.0),
    ],
)
def test_a_long_attempt_has_a_burst_before_it_throttles_and_a_sustained_end(
    measurand: str, expected: float
) -> None:
    ((_, value),) = found(device())[measurand].by_attempt
    assert value == pytest.approx(expected)


def test_a_burst_of_an_attempt_that_does_not_throttle_is_its_first_minute() -> None:
    seen = found(device(throttled=()))
    ((_, power),) = seen["burst_power@1"].by_attempt
    assert power == pytest.approx(8.0, rel=0.01)
    ((_, rate),) = seen["burst_decode_rate@1"].by_attempt
    assert rate == pytest.approx(450 / 60, rel=0.01)


def test_an_attempt_below_ten_minutes_has_neither() -> None:
    short = device(end=START + 599 * S, throttled=())
    assert set(found(short)) == {"sustained_ratio@1"}
    seen = found(device(), replace(short, number=2))["sustained_decode_rate@1"]
    assert [number for number, _ in seen.by_attempt] == [1]
    assert seen.missing.startswith("too-short: the scored requests last 599 s")


def test_each_has_a_budget_of_its_own() -> None:
    results = evaluate(reduce_run(run_of(device(), device(2))), Conditions()).results
    budgets = {r.measurand: r.budget for r in results if r.measurand in found(device())}
    assert len(budgets) == 5
    assert all(budget is not None and budget.rows for budget in budgets.values())
