from dataclasses import replace

import pytest

from host.evaluate.run import evaluate
from host.handover.conditions import Conditions
from host.handover.result import Observation, Reduced, Result
from host.handover.text import Txt
from host.reduce.run import reduce_run
from tests.fakes.traces import example_run

RATE = Observation(
    measurand="decode_rate@1",
    statistic="mean",
    scope="item",
    unit="{token}/s",
    by_attempt=((1, 10.0), (4, 20.0)),
    source="s",
    tier="B",
    rule=Txt("规则", "r"),
    missing="m",
    count=9,
    bounds=(1.0, 2.0),
)
INTERVALS = Observation(
    measurand="inter_token_interval@1",
    statistic="p95",
    scope="",
    unit="s",
    by_attempt=(),
    samples=((1, (3.0, 1.0)), (2, ()), (3, (2.0, 5.0, 4.0))),
    count=5,
)


def one(observation: Observation) -> Result:
    (found,) = evaluate(Reduced((observation,), ()), Conditions()).results
    return found


def test_the_value_of_a_run_is_the_mean_over_its_attempts() -> None:
    found = one(RATE)
    assert found.value == pytest.approx(15.0)
    assert found.spread is not None
    assert found.spread.nu == 1
    assert found.interval is None


def test_what_was_observed_is_passed_on_unchanged() -> None:
    found = one(RATE)
    for field in ("measurand", "statistic", "scope", "unit", "by_attempt", "source", "tier"):
        assert getattr(found, field) == getattr(RATE, field)
    for field in ("rule", "missing", "count", "bounds"):
        assert getattr(found, field) == getattr(RATE, field)


def test_no_attempt_gives_no_value_and_no_spread() -> None:
    found = one(replace(RATE, by_attempt=()))
    assert (found.value, found.spread) == (None, None)
    assert found.missing == "m"


def test_a_quantile_pools_all_attempts_and_shows_each() -> None:
    found = one(INTERVALS)
    assert found.value == pytest.approx(4.8)
    assert [number for number, _ in found.by_attempt] == [1, 3]
    assert [value for _, value in found.by_attempt] == pytest.approx([2.9, 4.9])
    assert found.spread is None
    assert found.interval is not None


@pytest.mark.parametrize(("statistic", "expected"), [("median", 3.0), ("p95", 4.8), ("p99", 4.96)])
def test_each_statistic_is_its_own_share(statistic: str, expected: float) -> None:
    assert one(replace(INTERVALS, statistic=statistic)).value == pytest.approx(expected)


def test_a_quantile_without_samples_has_neither_value_nor_interval() -> None:
    found = one(replace(INTERVALS, samples=((1, ()),), missing="too-few-tokens: x"))
    assert (found.value, found.interval, found.missing) == (None, None, "too-few-tokens: x")


def test_results_and_conventions_keep_their_order() -> None:
    reduced = reduce_run(example_run(2))
    results = evaluate(reduced, Conditions())
    assert [r.measurand for r in results.results] == [o.measurand for o in reduced.results]
    assert [r.measurand for r in results.conventions] == [o.measurand for o in reduced.conventions]
