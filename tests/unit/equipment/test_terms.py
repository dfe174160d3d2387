from __future__ import annotations

from dataclasses import replace

import pytest

from host.equipment.apply import apply
from host.errors import EquipmentError
from host.handover.conditions import SensorTerm
from host.handover.equipment import Equipment, Limit
from tests.fakes.instruments import certificate, equipment, gain, instrument
from tests.fakes.traces import run_of
from tests.unit.equipment.test_apply import CHANNEL, IN_2026, IN_2027, counter, power

SHEET = (
    Limit("gain", "0.1", "%", "DS-7", "12"),
    Limit("offset", "5", "mW", "DS-7", "12"),
    Limit("resolution", "2", "mW", "DS-7", "13"),
    Limit("refresh", "100", "ms", "DS-7", "14"),
    Limit("averaging", "0.4", "s", "DS-7", "14"),
)


def terms(
    said: Equipment, values: tuple[float, ...], performed: dict[str, str] = IN_2026
) -> dict[str, SensorTerm]:
    return {t.part: t for t in apply(power(*values), said, performed).sensors[CHANNEL]}


def test_without_a_certificate_the_data_sheet_stands_alone() -> None:
    found = terms(equipment(instrument(certificate=(), specification=SHEET)), (1, 6))
    assert set(found) == {"gain", "offset", "resolution", "refresh"}
    assert (found["gain"].half_width, found["gain"].relative) == (0.001, True)
    assert found["offset"].half_width == 0.005
    assert found["offset"].source.en == "data sheet DS-7, page 12: offset 5 mW"


def test_a_step_is_handed_on_as_half_of_it() -> None:
    found = terms(equipment(instrument(certificate=(), specification=SHEET)), (1, 6))
    assert found["resolution"].half_width == 0.001


def test_a_reading_is_as_old_as_refresh_and_averaging_together() -> None:
    found = terms(equipment(instrument(certificate=(), specification=SHEET)), (1, 6))
    assert found["refresh"].half_width == pytest.approx(0.5)


def test_a_certificate_that_holds_stands_for_gain_and_offset_of_the_data_sheet() -> None:
    found = terms(equipment(instrument(specification=SHEET)), (1, 6))
    assert set(found) == {"calibration", "drift", "gain", "resolution", "refresh"}
    assert found["gain"].half_width == pytest.approx(0.010)
    assert not found["gain"].relative
    assert "straight lines between points" in found["gain"].source.en


def test_beside_a_certificate_that_does_not_hold_the_data_sheet_stands_too() -> None:
    found = terms(equipment(instrument(specification=SHEET)), (1, 6), IN_2027)
    assert found["gain"].half_width == pytest.approx(0.010 + 0.001 * 6)
    assert found["offset"].half_width == 0.005


def test_out_of_range_the_gain_of_the_data_sheet_stands_where_there_is_one() -> None:
    found = terms(equipment(instrument(specification=SHEET)), (0.2, 6, -50))
    assert found["gain"].half_width == pytest.approx(0.010 + 0.001 * 50)


def test_indications_at_one_point_alone_need_no_line() -> None:
    found = terms(equipment(instrument(specification=SHEET)), (11, 11), IN_2027)
    assert (found["gain"].half_width, found["gain"].relative) == (0.001, True)


def test_a_factor_leaves_ratios_open() -> None:
    by_factor = equipment(instrument(certificate=(gain(drift_per_year="0.002", nu="16"),)))
    found = {t.part: t for t in apply(counter(0, 10), by_factor, IN_2026).sensors[CHANNEL]}
    assert set(found) == {"calibration", "drift"}
    assert (found["calibration"].U, found["calibration"].relative) == (0.004, True)
    assert found["calibration"].nu == 16
    assert found["drift"].half_width == pytest.approx(0.002 * 151 / 365.25)
    assert found["drift"].relative


def test_a_counter_is_corrected_in_all_attempts_or_in_none() -> None:
    by_factor = equipment(instrument(certificate=(gain(),)))
    good, fast = counter(0, 10, 20).attempts[0], counter(0, 50, 100).attempts[0]
    found = apply(run_of(good, replace(fast, number=2)), by_factor, IN_2026)
    assert found.run.attempts[0].series[0].values.tolist() == [0, 10, 20]
    assert [t.part for t in found.sensors[CHANNEL]] == ["gain"]
    assert found.instruments.equipment[0].certificates[0].in_range is False


def test_a_table_in_joule_does_not_fit_a_counter_of_joules() -> None:
    joules = equipment(instrument(certificate=(certificate(unit="J"),)))
    with pytest.raises(EquipmentError, match="a table in J fits no channel"):
        apply(counter(1, 10), joules, IN_2026)


def test_a_meter_that_holds_gives_no_problem() -> None:
    good = equipment(instrument(kind="external_meter"))
    assert apply(power(1, 6, tier="A-"), good, IN_2026).instruments.problems == ()


def test_terms_of_a_table_in_milliwatt_are_in_watt() -> None:
    milli = certificate(
        unit="mW",
        range=("1000", "41000"),
        points=(("1000", "10", "4"), ("41000", "30", "8")),
        drift_per_year="365.25",
    )
    found = terms(equipment(instrument(certificate=(milli,))), (1, 41))
    assert pytest.approx(0.008) == found["calibration"].U
    assert found["gain"].half_width == pytest.approx(0.010)
    assert found["drift"].half_width == pytest.approx(0.151)


def test_a_certificate_for_some_temperatures_says_when_nobody_wrote_down_any() -> None:
    said = equipment(instrument(certificate=(certificate(temperature=("18", "28")),)))
    found = apply(power(1, 6), said, IN_2026).instruments
    assert [p.code for p in found.problems] == ["surroundings-not-checked"]
    assert "18 to 28 Cel" in found.problems[0].text.en


def test_two_limits_of_one_part_for_a_channel_are_refused() -> None:
    twice = (SHEET[0], Limit("gain", "0.2", "%", "DS-8", "1"))
    with pytest.raises(EquipmentError, match="instrument board-sensor states its gain twice"):
        terms(equipment(instrument(specification=twice)), (1, 6))


def test_a_limit_whose_unit_fits_no_channel_is_refused() -> None:
    volts = (Limit("offset", "1", "mV", "DS-7", "12"),)
    with pytest.raises(EquipmentError, match="its offset in mV fits none of its channels"):
        terms(equipment(instrument(specification=volts)), (1, 6))


def test_a_limit_for_a_channel_that_the_run_lacks_is_no_fault() -> None:
    other = (Limit("offset", "1", "mV", "DS-7", "12", ("meter.voltage",)),)
    assert "offset" not in terms(equipment(instrument(specification=other)), (1, 6))


def test_no_part_is_there_twice() -> None:
    found = apply(power(0.2, 6), equipment(instrument(specification=SHEET)), IN_2027)
    parts = [t.part for t in found.sensors[CHANNEL]]
    assert len(parts) == len(set(parts)) == 6
