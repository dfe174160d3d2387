"""Ratios over pairs, by hand: the geometric mean, its uncertainty, and pairs that drop out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import AlignedRun, AttemptTrace, Series, Window
from host.reduce.perturbation import Paired, geometric_mean, on_off, perturbation_of
from host.reduce.run import reduce_run
from tests.fakes.traces import Shape, attempt, kind_of, requests, run_of, series

STEP_NS = 10_000_000


def one(number: int, pair: int, *, sampled: bool, step_ns: int = STEP_NS) -> AttemptTrace:
    """An attempt of one request with a load of 1 s, in a pair."""
    made = attempt(requests([Shape(tpot_ns=step_ns, ttft_ns=20 * step_ns)]), number=number)
    return replace(made, load=Window(0, 1_000_000_000), pair=pair, sampled=sampled)


def pairs_of(steps: Sequence[tuple[int, int]]) -> AlignedRun:
    """Pairs by the time of a token with and without the sampler, on first, then off."""
    made = []
    for place, (on, off) in enumerate(steps):
        made.append(one(2 * place + 1, place + 1, sampled=True, step_ns=on))
        made.append(one(2 * place + 2, place + 1, sampled=False, step_ns=off))
    return run_of(*made)


def found(run: AlignedRun, measurand: str) -> Paired:
    return next(p for p in on_off(run, 0).paired if p.measurand == measurand and not p.scope)


def test_geometric_mean_by_hand() -> None:
    # ln 1, ln e: mean 1/2, s = 1/sqrt(2), u of the mean 1/2.
    ratio, u = geometric_mean([1.0, exp(1.0)])
    assert ratio == pytest.approx(exp(0.5))
    assert u == pytest.approx(exp(0.5) * 0.5)


def test_three_pairs_by_hand() -> None:
    run = pairs_of([(11_000_000, 10_000_000), (10_000_000, 10_000_000), (12_000_000, 10_000_000)])
    decode = found(run, "decode_rate@1")
    logs = [-log(1.1), 0.0, -log(1.2)]
    middle = sum(logs) / 3
    s = sqrt(sum((x - middle) ** 2 for x in logs) / 2)
    assert decode.ratio == pytest.approx(exp(middle))
    assert decode.u == pytest.approx(exp(middle) * s / sqrt(3))
    assert [(p.pair, p.on, p.off) for p in decode.pairs] == [(1, 1, 2), (2, 3, 4), (3, 5, 6)]
    assert perturbation_of(run, "run-a")["decode_rate@1/"].nu == 2.0


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=2, max_size=6))
def test_a_rate_and_its_time_have_reciprocal_ratios(steps: list[tuple[int, int]]) -> None:
    run = pairs_of([(on * 100_000, off * 100_000) for on, off in steps])
    rate, time = found(run, "decode_rate@1"), found(run, "inter_token_interval@1")
    assert rate.ratio is not None
    assert time.ratio is not None
    assert rate.ratio * time.ratio == pytest.approx(1.0)


def test_what_drifts_from_pair_to_pair_leaves_no_spread() -> None:
    steps = [(int(s * 1.02), s) for s in (10_000_000, 15_000_000, 40_000_000)]
    latency = found(pairs_of(steps), "request_latency@1")
    assert latency.ratio == pytest.approx(1.02)
    assert latency.u == pytest.approx(0.0, abs=1e-8)


def test_results_of_sources_have_no_ratio_and_items_have_their_own() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 2)
    power = series([0, 10**9], [5.0, 5.0], kind_of("power", "instant", "W"))
    run = replace(run, attempts=tuple(replace(a, series=(power,)) for a in run.attempts))
    keys = set(perturbation_of(run, "x"))
    assert {"load_time@1/", "time_to_first_token@1/", "prefill_rate@1/a"} <= keys
    assert {"request_latency@1/", "output_byte_rate@1/", "inter_token_interval@1/"} <= keys
    assert not any("power" in key or "memory" in key or "energy" in key for key in keys)


def test_energies_of_a_meter_beside_the_device_have_a_ratio_and_those_on_board_none() -> None:
    """2 % more power with the sampler, and requests as long: 2 % more energy."""
    run = pairs_of([(STEP_NS, STEP_NS)] * 2)
    times = range(0, 40 * 10**9, 10**7)

    def power(watts: float, channel: str, tier: str) -> Series:
        like = kind_of("power", "instant", "W", channel=channel, tier=tier)
        return series(times, [watts] * len(times), like)

    def metered(one: AttemptTrace) -> AttemptTrace:
        watts = 5.1 if one.sampled else 5.0
        read = [power(watts, "meter.power", "A-")]
        read += [power(9.0, "board.power", "B")] if one.sampled else []
        return replace(one, series=tuple(read))

    run = replace(run, attempts=tuple(map(metered, run.attempts)))
    ratios = perturbation_of(run, "x")
    for measurand in ("mean_power@1", "energy@1", "energy_per_token@1"):
        assert ratios[f"{measurand}/request/meter.power"].ratio == pytest.approx(1.02)
    assert not any("board.power" in key for key in ratios)
    assert ratios["decode_rate@1/"].ratio == pytest.approx(1.0)


def test_a_pair_with_a_void_attempt_drops_out_with_the_reason() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 3)
    void = replace(run.attempts[3], status="void", reason="gate-timeout: hot")
    run = replace(run, attempts=(*run.attempts[:3], void, *run.attempts[4:]))
    result = on_off(run, 3)
    assert result.dropped == ((2, "attempt-void: attempt 4, gate-timeout: hot"),)
    assert [p.pair for p in found(run, "decode_rate@1").pairs] == [1, 3]
    assert perturbation_of(run, "x")["decode_rate@1/"].pairs == 2


def test_all_bare_attempts_void_leave_no_ratio_and_say_why() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 4)
    made = tuple(
        a if a.sampled else replace(a, status="void", reason="engine-crash: signal 9")
        for a in run.attempts
    )
    result = on_off(replace(run, attempts=made), 4)
    assert result.paired == ()
    assert [pair for pair, _ in result.dropped] == [1, 2, 3, 4]
    assert all("engine-crash" in reason for _, reason in result.dropped)


def test_one_whole_pair_has_a_ratio_of_its_own_and_no_mean() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)])
    result = on_off(run, 2)
    assert result.dropped[0][1].startswith("pair-not-whole")
    decode = found(run, "decode_rate@1")
    assert (decode.ratio, decode.u, len(decode.pairs)) == (None, None, 1)
    assert decode.reason.startswith("too-few-pairs: 1 of at least 2")
    assert perturbation_of(run, "x") == {}


def test_an_attempt_that_was_cut_off_is_made_up_for_by_the_next() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 2)
    cut = replace(one(9, 1, sampled=False), status="incomplete", reason="stopped")
    assert on_off(replace(run, attempts=(cut, *run.attempts)), 2).dropped == ()


def test_two_sampled_attempts_are_no_pair() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 3)
    odd = replace(run.attempts[1], sampled=True)
    result = on_off(replace(run, attempts=(run.attempts[0], odd, *run.attempts[2:])), 3)
    assert [pair for pair, _ in result.dropped] == [1]


def test_a_value_of_zero_has_no_ratio() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 3)
    instant = replace(run.attempts[1], load=Window(0, 0))
    load = found(
        replace(run, attempts=(run.attempts[0], instant, *run.attempts[2:])), "load_time@1"
    )
    assert load.dropped == ((1, "not-positive: attempt 2 gave 0"),)
    assert [p.pair for p in load.pairs] == [2, 3]


def test_a_value_that_one_attempt_lacks_drops_its_pair_for_that_quantity() -> None:
    run = pairs_of([(STEP_NS, STEP_NS)] * 3)
    lost = replace(run.attempts[5], load=None)
    run = replace(run, attempts=(*run.attempts[:5], lost))
    assert found(run, "load_time@1").dropped == ((3, "not-measured: attempt 6 gave no value"),)
    assert len(found(run, "decode_rate@1").pairs) == 3


def test_results_of_a_run_in_pairs_are_those_with_the_sampler() -> None:
    run = pairs_of([(20_000_000, 10_000_000)] * 2)
    decode = next(o for o in reduce_run(run).results if o.measurand == "decode_rate@1")
    assert [number for number, _ in decode.by_attempt] == [1, 3]
    assert decode.by_attempt[0][1] == pytest.approx(50.0)
