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


def test_the_baseline_is_taken_off_for_the_length_of_the_window() -> None:
    term = terms_power.baseline(above_idle())
    assert numbers(term) == pytest.approx((0.5 / sqrt(3), -10.0))
    assert term.input.estimate == 5.0


def test_a_term_of_power_refuses_what_has_no_channel() -> None:
    with pytest.raises(ValueError, match="no channel"):
        terms_power.edge(rate())
    with pytest.raises(ValueError, match="no baseline"):
        terms_power.baseline(energy())
