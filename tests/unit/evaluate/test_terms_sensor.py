from dataclasses import replace
from math import sqrt

import pytest

from host.evaluate.terms import Measured, Term
from host.evaluate.terms_sensor import sensor_terms
from host.handover.conditions import SensorTerm
from host.handover.result import Basis, ChannelBasis
from tests.fakes.measured import SHEET, above_idle, energy, of_trace, power_channel, sensed

GAIN = SensorTerm("gain", source=SHEET, relative=True, half_width=0.005, equipment_ref="daq-1")
OFFSET = SensorTerm("offset", source=SHEET, relative=False, half_width=0.004, nu=8.0)


def named(of: Measured) -> dict[str, Term]:
    return {term.input.symbol: term for term in sensor_terms(of)}


def rise(resolution: float | None = 1.0) -> Measured:
    channel = ChannelBasis("Cel", "temperature", "instant", resolution, 0, 0, 2.0, 0, 0, 0)
    return of_trace("temperature_rise@1", "K", (2.0, 2.0), Basis(0.0, 1, 50, 0.0, channel))


def test_without_papers_gain_offset_resolution_and_refresh_are_open() -> None:
    found = named(energy())
    assert set(found) == {"gain", "offset", "resolution", "refresh"}
    assert all(term.input.u is None for term in found.values())


def test_a_gain_is_a_factor_on_the_value() -> None:
    term = named(sensed(energy(), GAIN))["gain"]
    assert term.input.u == pytest.approx(0.005 / sqrt(3))
    assert term.shape == "times"
    assert (term.input.shared, term.input.equipment_ref) == ("equipment:daq-1", "daq-1")


def test_an_offset_of_power_counts_for_the_whole_time() -> None:
    term = named(sensed(energy(), OFFSET))["offset"]
    assert (term.input.u, term.c) == pytest.approx((0.004 / sqrt(3), 10.0))
    assert term.input.nu == 8.0


def test_a_relative_offset_is_one_of_the_mean_indication() -> None:
    term = named(sensed(energy(), replace(OFFSET, relative=True)))["offset"]
    assert term.input.u == pytest.approx(0.004 * 20 / sqrt(3))


@pytest.mark.parametrize("of", [above_idle(), energy(power_channel("energy", "counter")), rise()])
def test_an_offset_cancels_in_a_difference(of: Measured) -> None:
    term = named(sensed(of, OFFSET))["offset"]
    assert term.shape == "cancels"
    assert "cancels" in term.input.evaluation.en


def test_a_certificate_covers_gain_and_offset() -> None:
    paper = SensorTerm("calibration", source=SHEET, relative=True, U=0.002, k=2.0, nu=50.0)
    found = named(sensed(energy(), paper))
    assert found["calibration"].input.u == pytest.approx(0.001)
    assert found["calibration"].input.nu == 50.0
    assert found["gain"].input.u == found["offset"].input.u == 0.0
    assert "calibration row" in found["gain"].input.evaluation.en


def test_a_certificate_in_watt_is_a_constant_error() -> None:
    paper = SensorTerm("calibration", source=SHEET, relative=False, U=0.02, k=2.0)
    term = named(sensed(energy(), paper))["calibration"]
    assert (term.input.u, term.c) == pytest.approx((0.01, 10.0))
    assert term.input.unit == "W"


def test_a_certificate_in_watt_does_not_cancel_between_two_indications() -> None:
    paper = SensorTerm("calibration", source=SHEET, relative=False, U=0.02, k=2.0)
    term = named(sensed(above_idle(), paper))["calibration"]
    assert (term.shape, term.factor) == ("add", "sqrt(2)*T/K")
    assert term.c == pytest.approx(10.0 * sqrt(2))
    assert named(sensed(rise(), paper))["calibration"].factor == "sqrt(2)"


def test_an_offset_that_is_named_without_numbers_is_open_and_says_why() -> None:
    paper = SensorTerm("offset", source=SHEET, relative=False)
    term = named(sensed(energy(), paper))["offset"]
    assert term.input.u is None
    assert "data sheet" in term.input.evaluation.en


def test_a_gain_that_stands_for_a_lapsed_certificate_is_open() -> None:
    paper = SensorTerm("gain", source=SHEET, relative=False)
    assert named(sensed(energy(), paper))["gain"].input.u is None


def test_a_part_that_is_named_without_numbers_is_open_and_says_why() -> None:
    term = named(sensed(energy(), SensorTerm("gain", source=SHEET, relative=True)))["gain"]
    assert term.input.u is None
    assert "data sheet" in term.input.evaluation.en


def test_rounding_of_power_does_not_average_out() -> None:
    of = energy(replace(power_channel(), resolution=0.1))
    term = named(of)["resolution"]
    assert (term.input.u, term.c) == pytest.approx((0.1 / sqrt(12), 10.0))


def test_rounding_of_a_difference_is_triangular() -> None:
    assert named(rise())["resolution"].input.u == pytest.approx(1 / sqrt(6))


def test_a_certificate_overrides_the_stated_resolution() -> None:
    paper = SensorTerm("resolution", source=SHEET, relative=False, half_width=0.5)
    assert named(sensed(rise(0.001), paper))["resolution"].input.u == pytest.approx(1 / sqrt(6))


def test_rounding_of_a_counter_is_at_both_ends_of_every_window() -> None:
    channel = replace(power_channel("energy", "counter"), resolution=61e-6)
    of = energy(channel)
    term = named(replace(of, basis=replace(of.basis, windows=3)))["resolution"]
    assert (term.input.u, term.c) == pytest.approx((61e-6 / sqrt(6), 3.0))


def test_an_old_reading_is_an_early_window() -> None:
    term = named(
        sensed(energy(), SensorTerm("refresh", source=SHEET, relative=False, half_width=0.1))
    )["refresh"]
    assert (term.input.u, term.c) == pytest.approx((0.1 / sqrt(3), 15.0))
    assert term.input.unit == "s"


def test_without_papers_the_readings_tell_how_old_they_get() -> None:
    of = energy(replace(power_channel(), stale_s=0.9))
    term = named(of)["refresh"]
    assert (term.input.u, term.c) == pytest.approx((0.9 / sqrt(3), 15.0))
    paper = SensorTerm("refresh", source=SHEET, relative=False, half_width=0.1)
    assert named(sensed(of, paper))["refresh"].input.half_width == 0.1


def test_a_refresh_that_is_named_without_numbers_stays_open() -> None:
    of = energy(replace(power_channel(), stale_s=0.9))
    paper = SensorTerm("refresh", source=SHEET, relative=False)
    assert named(sensed(of, paper))["refresh"].input.u is None


def test_the_refresh_of_a_counter_was_seen() -> None:
    assert named(energy(power_channel("energy", "counter")))["refresh"].input.u == 0.0


def test_a_drift_is_a_row_where_it_is_stated() -> None:
    found = named(
        sensed(energy(), SensorTerm("drift", source=SHEET, relative=True, half_width=0.001))
    )
    assert found["drift"].input.u == pytest.approx(0.001 / sqrt(3))
