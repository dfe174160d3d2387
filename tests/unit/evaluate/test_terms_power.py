from dataclasses import replace
from math import sqrt

import pytest

from host.evaluate import terms_power
from host.evaluate.terms import Measured, Term
from tests.fakes.measured import DEVICE, above_idle, energy, power_channel, rate


def external(bound_ns: int) -> Measured:
    return replace(energy(tier="A"), conditions=replace(DEVICE, alignment_bound_ns=bound_ns))


def numbers(term: Term) -> tuple[float | None, float]:
    return term.input.u, term.c


def test_the_edge_is_rectangular_over_the_bounds() -> None:
    assert numbers(terms_power.edge(energy())) == pytest.approx((3 / sqrt(3), 1.0))


def test_the_rule_is_rectangular_over_the_bounds_between_the_edges() -> None:
    assert numbers(terms_power.rule(energy())) == pytest.approx((2 / sqrt(3), 1.0))


def test_a_counter_has_no_error_of_shape() -> None:
    term = terms_power.rule(energy(replace(power_channel("energy", "counter"), rule=0.0)))
    assert term.input.u == 0.0
    assert "no error of shape" in term.input.evaluation.en


def test_a_long_averaging_time_shifts_the_window() -> None:
    term = terms_power.averaging(energy())
    assert numbers(term) == pytest.approx((0.45 / sqrt(3), 15.0))


def test_a_source_that_does_not_average_longer_than_it_is_read_has_no_such_shift() -> None:
    assert terms_power.averaging(energy(replace(power_channel(), lag_s=0.0))).input.u == 0.0


def test_a_reading_was_taken_between_its_stamps() -> None:
    assert numbers(terms_power.bracket(energy())) == pytest.approx((0.001 / sqrt(3), 15.0))


def test_the_bracket_of_a_counter_is_in_its_edge_term() -> None:
    assert terms_power.bracket(energy(power_channel("energy", "counter"))).input.u == 0.0


def test_an_external_meter_may_be_off_by_the_bound_of_the_clock_exchange() -> None:
    # 50 ms and a step of 170 W in 5 s at 200 W: 0.85 % (reference: peers 4.2)
    channel = replace(power_channel(), step=170.0)
    of = replace(external(50_000_000), basis=replace(external(0).basis, channel=channel))
    term = terms_power.alignment(of)
    assert term.input.half_width == pytest.approx(0.05)
    assert (term.input.half_width or 0.0) * term.c / 1000 == pytest.approx(0.0085)


def test_a_source_on_the_device_needs_no_alignment() -> None:
    found = replace(external(50_000_000), seen=energy(tier="B").seen)
    assert terms_power.alignment(found).input.u == 0.0


def test_an_external_meter_without_a_bound_is_open() -> None:
    assert terms_power.alignment(external(0)).input.u is None


def test_an_external_meter_on_the_clock_of_the_device_needs_no_alignment() -> None:
    of = external(0)
    term = terms_power.alignment(replace(of, conditions=replace(of.conditions, one_clock=True)))
    assert term.input.u == 0.0
    assert "nothing to align" in term.input.evaluation.en


def test_a_baseline_of_one_side_alone_is_open() -> None:
    of = above_idle()
    assert of.channel.idle is not None
    channel = replace(of.channel, idle=replace(of.channel.idle, both=False))
    term = terms_power.baseline(replace(of, basis=replace(of.basis, channel=channel)))
    assert term.input.u is None
    assert "drift is open" in term.input.evaluation.en


def test_stretches_without_readings_are_open_by_what_may_lie_in_them() -> None:
    assert terms_power.unobserved(energy()).input.u == 0.0
    missed = energy(replace(power_channel(), missed=1.5))
    assert numbers(terms_power.unobserved(missed)) == pytest.approx((1.5 / sqrt(3), 1.0))


def test_averages_and_counters_miss_nothing_between_two_readings() -> None:
    for kind in ("average", "counter"):
        assert terms_power.noise(energy(power_channel("energy", kind))).input.u == 0.0


def test_scatter_of_readings_is_added_as_far_as_attempts_do_not_show_it() -> None:
    """s = 1 W of 10 readings: u = 1 / sqrt(10) W over 10 s, in each of 3 attempts."""
    ten = tuple(sqrt(0.9) * (-1.0) ** i for i in range(10))
    channel = replace(power_channel(), scatter=(ten, ten, ten))
    steady = terms_power.noise(energy(channel, values=(200.0, 200.0, 200.0)))
    assert steady.input.u == pytest.approx(10 / sqrt(10) / sqrt(3))
    assert steady.input.nu == 27
    shown = terms_power.noise(energy(channel, values=(199.0, 200.0, 201.0)))
    # s = 1 J between attempts, so that 1 / 3 of u^2 = 10 / 3 is seen already
    assert shown.input.u == pytest.approx(sqrt(10 / 3 - 1 / 3))
    assert terms_power.noise(energy(channel, values=(190.0, 200.0, 210.0))).input.u == 0.0
    assert terms_power.noise(energy(power_channel())).input.u is None


def test_the_baseline_is_taken_off_for_the_length_of_the_window() -> None:
    term = terms_power.baseline(above_idle())
    assert numbers(term) == pytest.approx((0.5 / sqrt(3), -10.0))
    assert term.input.estimate == 5.0


def test_a_term_of_power_refuses_what_has_no_channel() -> None:
    with pytest.raises(ValueError, match="no channel"):
        terms_power.edge(rate())
    with pytest.raises(ValueError, match="no baseline"):
        terms_power.baseline(energy())
