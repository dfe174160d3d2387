from dataclasses import replace

import numpy as np
import pytest

from host.handover import rules
from host.handover.result import Observation
from host.handover.trace import AttemptTrace, Series, Window
from host.reduce.power import power_results
from tests.fakes.traces import Shape, attempt, kind_of, requests, series

S = 10**9
# Baselines at 2 W, ten requests of 1 s prefill and 9 s decode at 12 W, 10 tokens of 4 bytes each.
ASKED = requests([Shape(ttft_ns=S, tpot_ns=S, output_tokens=10)] * 10, t0_ns=10 * S)
TIMES = np.arange(0, 130 * S, S // 10, dtype=np.int64)


def power(kind: str = "instant", channel: str = "board.power", tier: str = "B") -> Series:
    busy = (TIMES > 10 * S) & (TIMES <= 110 * S)
    return series(
        TIMES, np.where(busy, 12.0, 2.0), kind_of("power", kind, "W", channel=channel, tier=tier)
    )


def device(*found: Series, number: int = 1) -> AttemptTrace:
    made = attempt(ASKED, found, number=number)
    return replace(made, idle_before=Window(2 * S, 8 * S), idle_after=Window(112 * S, 120 * S))


def by_name(found: list[Observation]) -> dict[tuple[str, str], Observation]:
    return {(o.measurand, o.scope): o for o in found}


def value(found: Observation) -> float:
    ((_, only),) = found.by_attempt
    return only


@pytest.mark.parametrize(
    ("measurand", "scope", "expected"),
    [
        ("energy@1", "request", 1200.0),
        ("energy@1", "idle", 28.0),
        ("energy@1", "decode", 1080.0),
        ("mean_power@1", "request", 12.0),
        ("mean_power@1", "idle", 2.0),
        ("mean_power_above_idle@1", "request", 10.0),
        ("energy_above_idle@1", "request", 1000.0),
        ("energy_per_token@1", "request", 12.0),
        ("energy_per_token@1", "decode", 12.0),
        ("energy_per_token_above_idle@1", "request", 10.0),
        ("energy_per_output_byte@1", "request", 3.0),
        ("energy_per_output_byte_above_idle@1", "request", 2.5),
    ],
)
def test_a_load_of_12_w_over_a_baseline_of_2_w(
    measurand: str, scope: str, expected: float
) -> None:
    found = by_name(power_results([device(power())]))[measurand, scope]
    assert value(found) == pytest.approx(expected, rel=2e-3)
    assert found.count == 1
    assert found.bounds is not None
    assert found.bounds[0] <= value(found) <= found.bounds[1]


def test_decode_energy_per_token_divides_by_n_minus_1() -> None:
    found = by_name(power_results([device(power())]))
    energy, per_token = found["energy@1", "decode"], found["energy_per_token@1", "decode"]
    assert value(energy) / value(per_token) == pytest.approx(90)


def test_bounds_above_idle_take_the_worse_end_of_both() -> None:
    ramp = replace(power(), values=TIMES.astype(np.float64) * 1e-9)
    found = by_name(power_results([device(ramp)]))
    total, idle = found["energy@1", "request"], found["mean_power@1", "idle"]
    net = found["energy_above_idle@1", "request"]
    assert total.bounds
    assert idle.bounds
    assert net.bounds == pytest.approx(
        (total.bounds[0] - 100 * idle.bounds[1], total.bounds[1] - 100 * idle.bounds[0])
    )


def test_without_a_baseline_the_total_stands_and_the_net_says_why_it_is_missing() -> None:
    bare = replace(device(power()), idle_before=None, idle_after=None)
    found = by_name(power_results([bare]))
    assert value(found["energy@1", "request"]) == pytest.approx(1200.0, rel=2e-3)
    net = [o for (name, scope), o in found.items() if "idle" in name or scope == "idle"]
    assert len(net) == 6
    assert all(o.missing.startswith("phase-not-recorded") for o in net)


def test_a_result_above_idle_never_stands_without_the_total() -> None:
    found = by_name(power_results([device(power())]))
    for measurand, scope in found:
        if "_above_idle" in measurand:
            assert (measurand.replace("_above_idle", ""), scope) in found


def test_two_channels_stay_two_results_with_their_own_source_tier_and_rule() -> None:
    other = power("average", "gauge.power", "C")
    found = [o for o in power_results([device(power(), other)]) if o.measurand == "energy@1"]
    total = {o.source: (o.tier, o.rule) for o in found if o.scope == "request"}
    assert total["board.power"][0] == "B"
    assert total["gauge.power"][0] == "C"
    assert total["board.power"][1] == rules.TRAPEZOID
    assert total["gauge.power"][1] == rules.HOLD


def test_no_power_source_gives_no_power_result() -> None:
    warm = series(TIMES, np.ones(len(TIMES)), kind_of("temperature", "instant", "Cel"))
    assert power_results([device(warm)]) == []
    assert power_results([]) == []


def test_an_attempt_without_the_channel_is_named_and_the_others_count() -> None:
    found = by_name(power_results([device(power()), device(number=2)]))["energy@1", "request"]
    assert [number for number, _ in found.by_attempt] == [1]
    assert "channel-absent" in found.missing
    assert "attempt 2" in found.missing


def test_a_phase_too_short_in_one_attempt_is_not_told_from_the_long_ones_alone() -> None:
    quick = requests([Shape(ttft_ns=S, tpot_ns=S // 10, output_tokens=10)] * 5, t0_ns=10 * S)
    short = replace(device(power(), number=2), requests=quick)
    found = by_name(power_results([device(power()), short]))
    decode = found["energy_per_token@1", "decode"]
    assert decode.by_attempt == ()
    assert decode.missing.startswith("not-resolvable: decode is too short for the source in ")
    assert [number for number, _ in found["energy_per_token@1", "request"].by_attempt] == [1, 2]


def test_a_request_without_output_divides_by_nothing_and_says_so() -> None:
    silent = replace(device(power()), requests=requests([Shape(output_tokens=0)], t0_ns=10 * S))
    found = by_name(power_results([silent]))["energy_per_token@1", "request"]
    assert found.by_attempt == ()
    assert "nothing-to-divide-by" in found.missing


def test_bounds_of_several_attempts_are_means_of_theirs() -> None:
    twice = replace(power(), values=power().values * 3)
    both = by_name(power_results([device(power()), device(twice, number=2)]))[
        "energy@1", "request"
    ]
    alone = by_name(power_results([device(power())]))["energy@1", "request"]
    assert both.bounds
    assert alone.bounds
    assert both.bounds[0] == pytest.approx(2 * alone.bounds[0])
    assert both.bounds[1] == pytest.approx(2 * alone.bounds[1])


def test_a_peak_of_power_is_no_energy() -> None:
    assert power_results([device(power("peak"))]) == []
