"""What values say of the ground they stand on."""

from dataclasses import replace

import numpy as np
import pytest

from host.handover.result import Basis, Observation
from host.handover.trace import AttemptTrace, Series, Window
from host.reduce.basis import mean_basis
from host.reduce.channels import with_readings
from host.reduce.counters import difference, updates_of
from host.reduce.coverage import CoverageError
from host.reduce.energy import meter_of, phase_energy
from host.reduce.integral import step_hold
from host.reduce.latency import late_s, longest_late_s, mean_time_to_first_token
from host.reduce.power import power_results
from host.reduce.run import reduce_run
from host.reduce.sustained import sustained_ratio
from host.reduce.throughput import decode_rate, prefill_rate
from tests.fakes.traces import Shape, attempt, example_run, kind_of, requests, series

S = 10**9
MS = 10**6
TIMES = np.arange(0, 40 * S, S // 10, dtype=np.int64)
ASKED = requests([Shape(ttft_ns=S, tpot_ns=S, output_tokens=10)] * 2, t0_ns=10 * S)


def late(by_ns: int, last_ns: int = 0) -> list[object]:
    """The same requests, stamps later than logits: every one, and the last by another time."""
    found = []
    for asked in ASKED:
        ready = asked.tokens.t_ns - by_ns
        ready[-1] = asked.tokens.t_ns[-1] - (last_ns or by_ns)
        found.append(replace(asked, tokens=replace(asked.tokens, ready_ns=ready)))
    return list(found)


def power(kind: str = "instant", period_ns: int = S // 10) -> Series:
    times = np.arange(0, 60 * S, period_ns, dtype=np.int64)
    busy = (times > 10 * S) & (times <= 30 * S)
    return series(times, np.where(busy, 12.0, 2.0), kind_of("power", kind, "W", tier="B"))


def device(found: Series) -> AttemptTrace:
    made = attempt(ASKED, (found,))
    return replace(made, idle_before=Window(2 * S, 8 * S), idle_after=Window(32 * S, 38 * S))


def basis_of(found: Observation) -> Basis:
    assert found.basis is not None
    return found.basis


def by_name(found: Series) -> dict[tuple[str, str], Observation]:
    return {(o.measurand, o.scope): o for o in power_results([device(found)])}


def test_every_value_of_a_measurand_says_what_it_rests_on() -> None:
    for found in reduce_run(example_run(2)).results:
        assert (found.basis is not None) == bool(found.by_attempt or found.samples)


def test_conventions_of_other_tools_rest_on_nothing_of_ours() -> None:
    assert all(o.basis is None for o in reduce_run(example_run(2)).conventions)


def test_a_decode_rate_rests_on_its_spans_and_steps() -> None:
    found = decode_rate(ASKED).basis
    assert found == Basis(duration_s=18.0, windows=2, amount=18, late_s=0.0)


def test_a_prefill_rate_rests_on_its_windows_and_prompt_tokens() -> None:
    assert prefill_rate(ASKED).basis == Basis(2.0, 2, 200, 0.0)


def test_a_first_token_time_is_the_mean_over_its_requests() -> None:
    assert mean_time_to_first_token(ASKED).basis == Basis(2.0, 2, 2, 0.0)


def test_a_span_is_off_by_the_later_of_its_ends() -> None:
    assert late_s(late(3 * MS, 5 * MS)) == pytest.approx(0.010)  # type: ignore[arg-type]
    assert longest_late_s(late(3 * MS, 5 * MS)) == pytest.approx(0.005)  # type: ignore[arg-type]


def test_a_quotient_of_times_is_moved_by_both() -> None:
    found = sustained_ratio(ASKED).basis
    assert found is not None
    assert found.duration_s == pytest.approx(4 * 4 / (4 + 4))
    assert found.windows == 1  # each quarter lies in one of the two requests


def test_the_edge_of_a_held_average_is_its_farther_bound() -> None:
    times, values = np.array([0, 2 * S, 4 * S]), np.array([9.0, 4.0, 2.0])
    found = step_hold(times, values, Window(S // 2, 4 * S), 10 * S)
    # 4 W count for 1.5 of their 2 s: 6 J, at least none of it and at most 8 J
    assert found.edge == pytest.approx(6.0)


def test_the_edge_of_a_counter_is_its_farther_bound() -> None:
    counted = series([0, 10 * S, 20 * S], [0.0, 10.0, 20.0], kind_of("energy", "counter", "J"))
    found = difference(updates_of(counted), Window(S, 19 * S))
    # 18 J, at least 0 (from 10 s to 10 s) and at most 20 J
    assert (found.value, found.edge) == pytest.approx((18.0, 18.0))


@pytest.mark.parametrize("only", ["idle_before", "idle_after"])
def test_of_one_baseline_alone_nobody_knows_the_drift(only: str) -> None:
    both = attempt(ASKED, (power("average", S),))
    both = replace(both, idle_before=Window(2 * S, 8 * S), idle_after=Window(32 * S, 38 * S))
    one = (
        replace(both, idle_after=None)
        if only == "idle_before"
        else replace(both, idle_before=None)
    )
    for given, told in ((both, True), (one, False)):
        (found,) = [o for o in power_results([given]) if o.measurand == "energy_above_idle@1"]
        channel = basis_of(found).channel
        assert channel is not None
        assert channel.idle is not None
        assert channel.idle.both is told


def test_a_steady_baseline_is_open_by_its_bounds_alone() -> None:
    found = basis_of(by_name(power("average", S))["energy_above_idle@1", "request"])
    assert found.channel is not None
    assert found.channel.idle is not None
    assert found.channel.idle.half_width_w == 0.0
    shifted = power("average", S)
    late = shifted.t0_ns + S // 2
    found = basis_of(
        by_name(replace(shifted, t0_ns=late, t1_ns=late))["energy_above_idle@1", "request"]
    )
    assert found.channel is not None
    assert found.channel.idle is not None
    # both windows of 6 s at 2 W cut a cell of 2 J in half at either end
    assert found.channel.idle.half_width_w == pytest.approx(4 * 1.0 / 12)


def test_the_step_at_an_edge_is_inside_less_outside() -> None:
    found = basis_of(by_name(power())["energy@1", "request"])
    assert found.channel is not None
    assert found.channel.step == pytest.approx(10.0, abs=0.05)
    assert found.channel.indication == pytest.approx(12.0, abs=0.05)
    assert (found.duration_s, found.windows, found.amount) == (20.0, 1, 1)


def test_where_nothing_was_read_outside_power_may_have_been_zero() -> None:
    short = series(TIMES[90:320], np.full(230, 12.0), kind_of("power", "instant", "W", tier="B"))
    found = phase_energy(attempt(ASKED, (short,)), meter_of(short), "request")
    assert found.step_w == pytest.approx(0.0)
    cut = replace(short, t0_ns=short.t0_ns[9:], t1_ns=short.t1_ns[9:], values=short.values[9:])
    found = phase_energy(attempt(ASKED, (cut,)), meter_of(cut), "request")
    assert found.step_w == pytest.approx(12.0)


def test_edges_and_rule_together_make_the_bounds() -> None:
    found = by_name(power())["energy@1", "request"]
    channel = basis_of(found).channel
    assert channel is not None
    assert found.bounds is not None
    ((_, value),) = found.by_attempt
    width = max(value - found.bounds[0], found.bounds[1] - value)
    assert channel.edge + channel.rule == pytest.approx(width)


def test_half_widths_are_in_the_unit_of_the_value() -> None:
    found = by_name(power("average", S))
    whole, per_token = found["energy@1", "request"], found["energy_per_token@1", "request"]
    first, second = basis_of(whole).channel, basis_of(per_token).channel
    assert first
    assert second
    assert second.edge == pytest.approx(first.edge / 20)
    assert basis_of(per_token).amount == 20


def test_an_average_read_more_often_than_its_time_lies_before_its_stamp() -> None:
    assert meter_of(power("average", S // 10)).lag_s == pytest.approx(0.45)
    assert meter_of(power("average", S)).lag_s == 0.0
    assert meter_of(power("instant", S // 10)).lag_s == 0.0
    stated = replace(power("average", S // 10), averaging_s=0.25)
    assert meter_of(stated).lag_s == pytest.approx(0.075)
    assert meter_of(stated).update_period_ns == S // 4


def stays(times_s: float) -> Series:
    """Read each 0.1 s, a new value only each so many s."""
    times = np.arange(0, 60 * S, S // 10, dtype=np.int64)
    values = 10.0 + np.floor(times / (times_s * S)) % 7
    return series(times, values, kind_of("power", "instant", "W"))


def test_a_value_that_stays_is_older_than_its_stamp() -> None:
    assert meter_of(stays(1.0)).stale_s == pytest.approx(0.9)
    assert meter_of(stays(0.1)).stale_s == pytest.approx(0.0, abs=1e-12)


def test_a_long_steady_stretch_is_not_taken_for_a_slow_source() -> None:
    quick = stays(0.1)
    values = np.where(quick.t_ns > 40 * S, 5.0, quick.values)
    assert meter_of(replace(quick, values=values)).stale_s == pytest.approx(0.0, abs=1e-12)


def test_too_few_changes_do_not_tell_how_long_a_value_stays() -> None:
    assert meter_of(power()).stale_s is None


def test_a_step_is_taken_from_inside_the_window_not_from_its_blurred_edges() -> None:
    # 1 s averages of 2 W and 12 W: the reading at 10.5 s is half of each
    times = np.arange(0, 60 * S, S, dtype=np.int64) + S // 2
    busy = np.clip(times / S - 10, 0, 1) - np.clip(times / S - 30, 0, 1)
    blurred = series(times, 2.0 + 10.0 * busy, kind_of("power", "average", "W"))
    found = phase_energy(attempt(ASKED, (blurred,)), meter_of(blurred), "request")
    assert found.step_w == pytest.approx(10.0)


def test_the_bracket_is_that_of_the_readings_beside_the_edges() -> None:
    found = power()
    t1_ns = found.t1_ns.copy()
    t1_ns[99] += 3 * MS
    t1_ns[200] += 70 * MS  # far from any edge
    assert meter_of(replace(found, t1_ns=t1_ns)).bracket_s(
        Window(10 * S, 30 * S)
    ) == pytest.approx(0.003)


def test_a_baseline_is_open_by_its_bounds_and_by_its_drift() -> None:
    drifting = power()
    values = np.where(drifting.t_ns > 31 * S, 3.0, drifting.values)
    found = basis_of(by_name(replace(drifting, values=values))["energy_above_idle@1", "request"])
    assert found.channel is not None
    assert found.channel.idle is not None
    assert found.channel.idle.power_w == pytest.approx(2.5, abs=0.02)
    assert found.channel.idle.half_width_w == pytest.approx(0.5, abs=0.05)


def test_means_over_attempts_are_taken_field_by_field() -> None:
    found = mean_basis([Basis(1.0, 2, 3, 0.25), Basis(3.0, 2, 5, 0.75)])
    assert found == Basis(2.0, 2.0, 4.0, 0.5)


def test_one_attempt_without_a_ground_leaves_none() -> None:
    assert mean_basis([Basis(1.0, 2, 3, 0.1), None]) is None
    assert mean_basis([]) is None


@pytest.mark.parametrize(
    ("quantity", "unit", "value", "code"),
    [
        ("power", "W", -0.5, "below-the-possible"),
        ("power", "W", np.inf, "not-finite"),
        ("power", "W", np.nan, "not-finite"),
        ("memory", "By", -1.0, "below-the-possible"),
        ("memory", "By", 1e31, "beyond-the-possible"),
        ("energy", "J", -1e300, "beyond-the-possible"),
        ("frequency", "Hz", -1.0, "below-the-possible"),
        ("temperature", "Cel", -274.0, "below-the-possible"),
    ],
)
def test_readings_that_cannot_be_are_refused_with_a_reason(
    quantity: str, unit: str, value: float, code: str
) -> None:
    found = series([0, S], [1.0, value], kind_of(quantity, "instant", unit))
    with pytest.raises(CoverageError, match=code):
        with_readings(found)


def test_cold_is_no_fault() -> None:
    found = series([0, S], [-20.0, -19.0], kind_of("temperature", "instant", "Cel"))
    assert with_readings(found) is found


def test_a_run_with_one_negative_power_says_so_in_place_of_an_energy() -> None:
    bad = power()
    bad.values[5] = -3.0
    found = by_name(bad)["energy@1", "request"]
    assert found.by_attempt == ()
    assert found.missing.startswith("below-the-possible: scripted.power gave -3 W")
