from dataclasses import replace

import numpy as np
import pytest

from host.handover import rules
from host.handover.trace import AttemptTrace, Gap, Series, Window
from host.reduce.coverage import CoverageError
from host.reduce.energy import (
    meter_of,
    phase_energy,
    rule_of,
)
from host.reduce.phases import DECODE, IDLE, LOAD, PREFILL, REQUEST, seconds, whole, windows
from tests.fakes.traces import Shape, attempt, kind_of, requests, series

S = 10**9
# Two requests: prefill 1 s, decode 4 s each, from 10 s on.
SHAPE = Shape(ttft_ns=S, tpot_ns=S, output_tokens=5)
ASKED = requests([SHAPE, SHAPE], t0_ns=10 * S)


def readings(period_ns: int, values: float | None = 5.0, kind: str = "instant") -> Series:
    times = np.arange(0, 40 * S, period_ns, dtype=np.int64)
    power = np.full(len(times), values) if values is not None else times.astype(np.float64) * 1e-9
    return series(times, power, kind_of("power", kind, "W"))


def device(found: Series) -> AttemptTrace:
    made = attempt(ASKED, (found,))
    return replace(
        made,
        load=Window(S, 6 * S),
        idle_before=Window(6 * S, 9 * S),
        idle_after=Window(20 * S, 25 * S),
    )


def test_each_kind_of_source_has_its_named_rule() -> None:
    assert rule_of(kind_of("energy", "counter", "J")) == rules.COUNTER
    assert rule_of(kind_of("power", "instant", "W")) == rules.TRAPEZOID
    assert rule_of(kind_of("power", "average", "W")) == rules.HOLD


@pytest.mark.parametrize(
    ("quantity", "kind"), [("power", "peak"), ("energy", "instant"), ("temperature", "instant")]
)
def test_other_series_give_no_energy(quantity: str, kind: str) -> None:
    assert rule_of(kind_of(quantity, kind, "W")) is None


def test_an_average_is_held_and_not_joined_by_trapezoids() -> None:
    ramp = meter_of(readings(S, None, "average")).over(Window(0, 2 * S))
    assert ramp.value == pytest.approx(1 + 2)
    assert meter_of(readings(S, None)).over(Window(0, 2 * S)).value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [(LOAD, 25.0), (PREFILL, 10.0), (DECODE, 40.0), (REQUEST, 50.0), (IDLE, 40.0)],
)
def test_constant_power_gives_each_phase_its_length(phase: str, expected: float) -> None:
    found = phase_energy(device(ramp := readings(S // 50)), meter_of(ramp), phase)
    assert found.energy.value == pytest.approx(expected)
    assert found.length_s == pytest.approx(expected / 5.0)


def test_prefill_and_decode_together_are_the_requests() -> None:
    ramp = readings(S // 100, None)
    meter = meter_of(ramp)
    parts = [phase_energy(device(ramp), meter, p).energy.value for p in (PREFILL, DECODE)]
    total = phase_energy(device(ramp), meter, REQUEST).energy.value
    assert sum(parts) == pytest.approx(total)


def test_a_phase_of_fewer_than_50_updates_is_not_split_but_the_total_is_given() -> None:
    slow = readings(8 * S // 50 + 10**7)  # decode: 8 s in all, just below 50 periods
    meter = meter_of(slow)
    with pytest.raises(CoverageError, match="not-resolvable"):
        phase_energy(device(slow), meter, DECODE)
    assert phase_energy(device(slow), meter, REQUEST).energy.value == pytest.approx(50.0)
    enough = readings(8 * S // 50)
    assert phase_energy(device(enough), meter_of(enough), DECODE).length_s == pytest.approx(8.0)


def test_repeated_values_show_how_slowly_a_gauge_updates() -> None:
    quick = readings(S // 10, None)
    stale = replace(quick, values=np.floor(quick.values / 2))  # a new value each 2 s
    assert meter_of(quick).update_period_ns == S // 10
    assert meter_of(stale).update_period_ns == 2 * S


def test_repeats_are_updates_where_the_source_says_that_each_reading_is_new() -> None:
    quick = readings(S // 10, None)
    stale = replace(quick, values=np.floor(quick.values / 2))  # a new value each 2 s
    counted = meter_of(replace(stale, each_new=True))
    assert (counted.update_period_ns, counted.stale_s) == (S // 10, 0.0)


@pytest.mark.parametrize(("stated_s", "period_ns"), [(0.5, S // 2), (5.0, 2 * S), (0.01, S // 10)])
def test_a_stated_refresh_bounds_how_old_a_repeated_value_can_be(
    stated_s: float, period_ns: int
) -> None:
    quick = readings(S // 10, None)
    stale = replace(quick, values=np.floor(quick.values / 2), refresh_s=stated_s)
    assert meter_of(stale).update_period_ns == period_ns


def test_a_load_that_moved_elsewhere_shows_how_often_the_source_is_new() -> None:
    """Steady for long, and a tenth of the time power changed with each reading."""
    times = np.arange(0, 40 * S, S // 10, dtype=np.int64)
    power = np.where(times < 30 * S, times // (3 * S), times // (S // 10)).astype(np.float64)
    assert meter_of(series(times, power, kind_of("power", "instant", "W"))).update_period_ns == (
        S // 10
    )


def test_a_value_that_never_moves_says_nothing_of_updates() -> None:
    assert meter_of(readings(S // 10)).update_period_ns == S // 10


def test_a_counter_updates_when_it_moves() -> None:
    times = np.arange(0, 40 * S, S // 10, dtype=np.int64)
    slow = series(times, np.floor(times / (3 * S)), kind_of("energy", "counter", "J"))
    assert meter_of(slow).update_period_ns == 3 * S


def test_an_averaging_source_is_not_believed_to_resolve_less_than_a_second() -> None:
    assert meter_of(readings(S // 100, kind="average")).update_period_ns == S
    assert meter_of(readings(2 * S, kind="average")).update_period_ns == 2 * S


def test_three_periods_without_a_reading_are_bridged_and_four_are_not() -> None:
    full = readings(S)

    def without(places: list[int]) -> Series:
        keep = np.ones(len(full.values), dtype=bool)
        keep[places] = False
        return series(full.t_ns[keep], full.values[keep], full)

    window = Window(0, 30 * S)
    assert meter_of(without([10, 11])).over(window).value == pytest.approx(150.0)
    assert meter_of(without([10, 11])).over(window).unobserved_s == 0
    assert meter_of(without([10, 11, 12])).over(window).unobserved_s == pytest.approx(4.0)
    with pytest.raises(CoverageError, match="unobserved: 4 s of 10 s"):
        phase_energy(device(lost := without([13, 14, 15])), meter_of(lost), REQUEST)


def test_an_overrange_is_a_hole_and_an_update_that_came_late_is_bridged() -> None:
    full = readings(S, kind="average")
    keep = np.arange(len(full.values)) != 15
    cut = series(full.t_ns[keep], full.values[keep], full)
    for reason, lost_s in (("missed-update: 1 of them", 0.0), ("overrange: 40 W", 2.0)):
        given = replace(cut, gaps=(Gap(cut.channel, 15 * S, reason),))
        found = meter_of(given).over(Window(0, 30 * S))
        assert found.unobserved_s == pytest.approx(lost_s)


def test_a_single_reading_gives_no_energy() -> None:
    with pytest.raises(CoverageError, match="no-reading"):
        meter_of(series([0], [1.0]))


def test_a_series_without_readings_says_why_it_is_empty() -> None:
    with pytest.raises(CoverageError, match="no-reading"):
        meter_of(series([], []))


def test_nan_from_a_source_is_refused() -> None:
    with pytest.raises(CoverageError, match="not-finite"):
        meter_of(series([0, S, 2 * S], [1.0, float("nan"), 1.0]))


def test_requests_are_one_window_with_the_pauses_in_it() -> None:
    late = requests([SHAPE], t0_ns=17 * S)
    assert windows(attempt((ASKED[0], late[0])), REQUEST) == (Window(10 * S, 22 * S),)


def test_a_decode_phase_runs_from_the_first_to_the_last_token_of_each_request() -> None:
    found = windows(attempt(ASKED), DECODE)
    assert found == (Window(11 * S, 15 * S), Window(16 * S, 20 * S))
    assert seconds(found) == pytest.approx(8.0)


def test_warm_ups_belong_to_no_phase_but_heat_the_device() -> None:
    asked = requests([replace(SHAPE, warmup=True), SHAPE], t0_ns=10 * S)
    assert windows(attempt(asked), PREFILL) == (Window(15 * S, 16 * S),)
    assert whole(attempt(asked)) == Window(10 * S, 20 * S)


@pytest.mark.parametrize("phase", [LOAD, PREFILL, DECODE, REQUEST, IDLE])
def test_an_attempt_without_a_phase_says_so(phase: str) -> None:
    with pytest.raises(CoverageError, match="phase-not-recorded"):
        windows(attempt(), phase)


def test_requests_without_decode_steps_have_no_decode_phase() -> None:
    asked = requests([Shape(output_tokens=0), Shape(output_tokens=1)])
    with pytest.raises(CoverageError, match="phase-not-recorded"):
        windows(attempt(asked), DECODE)


def test_windows_that_overlap_are_refused_for_their_energy_would_count_twice() -> None:
    with pytest.raises(CoverageError, match="phases-overlap"):
        windows(attempt((ASKED[0], ASKED[0])), PREFILL)


def test_without_a_scored_request_there_is_no_span_to_heat_the_device() -> None:
    with pytest.raises(CoverageError, match="no-scored-request"):
        whole(attempt(requests([replace(SHAPE, warmup=True)])))
