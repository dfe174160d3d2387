from __future__ import annotations

import copy
import datetime
import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from host.equipment.apply import apply
from host.errors import EquipmentError
from host.handover.equipment import Equipment, Surrounding
from host.handover.trace import AlignedRun, Series
from tests.fakes.instruments import certificate, equipment, gain, instrument
from tests.fakes.traces import attempt, example_run, kind_of, run_of, series

IN_2026 = {"start": "2026-06-01T09:00:00Z", "end": "2026-06-01T09:02:00Z"}
IN_2027 = {"start": "2027-06-01T09:00:00Z", "end": "2027-06-01T09:02:00Z"}
IN_2025 = {"start": "2025-06-01T09:00:00Z", "end": "2025-06-01T09:02:00Z"}
CHANNEL = "hwmon.board.power"


def power(*values: float, tier: str = "B") -> AlignedRun:
    like = kind_of("power", "instant", "W", channel=CHANNEL, tier=tier)
    return run_of(attempt((), [series([n * 10**9 for n in range(len(values))], values, like)]))


def counter(*values: float, wraps_at: float | None = None) -> AlignedRun:
    like = replace(kind_of("energy", "counter", "J", channel=CHANNEL, tier="B"), wraps_at=wraps_at)
    return run_of(attempt((), [series([n * 10**9 for n in range(len(values))], values, like)]))


def one(run: AlignedRun) -> Series:
    return run.attempts[0].series[0]


def test_a_series_gets_the_corrections_of_its_certificate() -> None:
    found = apply(power(1, 6, 11, 31), equipment(), IN_2026)
    assert one(found.run).values.tolist() == pytest.approx([1.010, 6.020, 11.030, 30.990])


def test_the_run_that_was_given_is_not_changed() -> None:
    run = example_run(2)
    before = [s.values.copy() for a in run.attempts for s in a.series]
    apply(run, equipment(), IN_2026)
    after = [s.values for a in run.attempts for s in a.series]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_same_run_gives_the_same_answer() -> None:
    first = apply(example_run(2), equipment(), IN_2026)
    second = apply(copy.deepcopy(example_run(2)), equipment(), IN_2026)
    assert first.instruments == second.instruments
    assert first.sensors == second.sensors


def test_other_channels_stay_as_they_are() -> None:
    run = example_run(1)
    found = apply(run, equipment(), IN_2026)
    changed = [
        a.channel
        for a, b in zip(run.attempts[0].series, found.run.attempts[0].series, strict=True)
        if not np.array_equal(a.values, b.values)
    ]
    assert changed == [CHANNEL]


def test_the_record_names_certificate_and_mean_size_of_the_correction() -> None:
    found = apply(power(1, 11), equipment(), IN_2026).instruments.equipment[0]
    assert found.id == "board-sensor#0001"
    assert found.channels == (CHANNEL,)
    assert found.certificates[0].number == "C-1"
    assert found.certificates[0].in_validity
    assert found.certificates[0].in_range is True
    said = found.certificates[0].reason
    assert said is not None
    assert said.en == "hwmon.board.power corrected, +0.02 W (n = 2)"


def test_the_calibration_term_has_the_worst_U_in_use_and_the_reference_of_the_instrument() -> None:  # noqa: N802
    found = apply(power(1, 6), equipment(), IN_2026).sensors[CHANNEL]
    terms = {t.part: t for t in found}
    assert pytest.approx(0.006) == terms["calibration"].U
    assert (terms["calibration"].k, terms["calibration"].relative) == (2.0, False)
    assert terms["gain"].half_width == pytest.approx(0.010)
    assert {t.equipment_ref for t in found} == {"board-sensor#0001"}
    assert "offset" not in terms


def test_a_drift_limit_grows_with_the_time_since_the_calibration() -> None:
    drifting = equipment(instrument(certificate=(certificate(drift_per_year="0.1"),)))
    terms = {t.part: t for t in apply(power(1, 6), drifting, IN_2026).sensors[CHANNEL]}
    assert terms["drift"].half_width == pytest.approx(0.1 * 151 / 365.25)


def test_a_drift_that_nobody_limits_is_open_and_not_zero() -> None:
    terms = {t.part: t for t in apply(power(1, 6), equipment(), IN_2026).sensors[CHANNEL]}
    assert (terms["drift"].U, terms["drift"].half_width) == (None, None)


@pytest.mark.parametrize(
    ("said", "performed", "values", "tier"),
    [
        ("A-", IN_2026, (1, 41), "A"),
        ("A", IN_2026, (1, 41), "A"),
        ("A-", IN_2027, (1, 41), "A-"),
        ("A", IN_2027, (1, 41), "A-"),
        ("A-", IN_2025, (1, 41), "A-"),
        ("A-", IN_2026, (0.9, 41), "A-"),
        ("A-", IN_2026, (1, 41.1), "A-"),
        ("A-", {}, (1, 41), "A-"),
        ("B", IN_2026, (1, 41), "B"),
        ("C", IN_2026, (1, 41), "C"),
        ("", IN_2026, (1, 41), ""),
    ],
)
def test_the_tier_is_what_certificate_date_and_range_allow(
    said: str, performed: dict[str, str], values: tuple[float, ...], tier: str
) -> None:
    meter = equipment(instrument(kind="external_meter"))
    found = apply(power(*values, tier=said), meter, performed)
    assert one(found.run).tier == tier
    assert found.instruments.tiers[CHANNEL] == tier
    assert found.instruments.equipment[0].tier == tier


@pytest.mark.parametrize("said", [None, equipment(instrument(channels=("other",)))])
def test_a_source_that_calls_itself_tier_a_has_to_show_a_certificate(
    said: Equipment | None,
) -> None:
    assert one(apply(power(1, tier="A"), said, IN_2026).run).tier == "A-"


def test_an_instrument_without_certificate_is_tier_a_minus_and_says_so() -> None:
    bare = equipment(instrument(kind="external_meter", certificate=()))
    found = apply(power(1, 6, tier="A-"), bare, IN_2026)
    field = found.instruments.equipment[0]
    assert field.tier == "A-"
    assert field.reason is not None
    assert field.reason.en == "no calibration certificate"


def test_channels_without_a_certificate_are_named_beside_one_that_has_it() -> None:
    power_ = kind_of("power", "instant", "W", channel="meter.wall.power", tier="A-")
    volts = kind_of("voltage", "instant", "V", channel="meter.wall.voltage")
    times = [0, 10**9]
    run = run_of(attempt((), [series(times, [1, 6], power_), series(times, [12, 12], volts)]))
    paper = certificate(channels=("meter.wall.power",))
    wall = instrument(kind="external_meter", channels=("meter.wall.*",), certificate=(paper,))
    field = apply(run, equipment(wall), IN_2026).instruments.equipment[0]
    assert (field.tier, len(field.certificates)) == ("A", 1)
    assert field.reason is not None
    assert field.reason.en == "meter.wall.voltage: no certificate is for this channel"
    assert field.reason.zh.startswith("meter.wall.voltage：")


def test_an_expired_certificate_still_corrects_and_is_said() -> None:
    found = apply(power(1, 6, tier="A-"), equipment(), IN_2027)
    assert one(found.run).values.tolist() == pytest.approx([1.010, 6.020])
    problem = found.instruments.problems[0]
    assert problem.code == "certificate-not-met"
    assert "was due on 2026-12-31, used on 2027-06-01" in problem.text.en
    assert "已过期" in problem.text.zh
    assert found.instruments.equipment[0].certificates[0].in_validity is False


def test_a_certificate_of_later_than_the_run_corrects_nothing() -> None:
    found = apply(power(1, 6), equipment(), IN_2025)
    assert one(found.run).values.tolist() == [1, 6]
    assert {t.part for t in found.sensors[CHANNEL]} == {"gain"}
    assert found.sensors[CHANNEL][0].half_width is None
    assert found.instruments.equipment[0].certificates[0].in_range is None


def test_indications_out_of_range_stay_and_their_share_is_said() -> None:
    found = apply(power(0.5, 1, 6, 50), equipment(), IN_2026)
    assert one(found.run).values.tolist() == pytest.approx([0.5, 1.010, 6.020, 50])
    assert "50.0% of the indications" in found.instruments.problems[0].text.en
    assert found.instruments.equipment[0].certificates[0].in_range is False
    gains = [t for t in found.sensors[CHANNEL] if t.part == "gain"]
    assert gains[0].half_width is None


def test_void_attempts_do_not_judge_the_range_and_are_corrected_all_the_same() -> None:
    good, bad = power(1, 6).attempts[0], power(99, 6).attempts[0]
    run = run_of(good, replace(bad, number=2, status="void", reason="too-hot"))
    found = apply(run, equipment(), IN_2026)
    assert found.instruments.equipment[0].certificates[0].in_range is True
    assert found.run.attempts[1].series[0].values.tolist() == pytest.approx([99, 6.020])


def test_a_channel_without_readings_is_no_tier_a() -> None:
    found = apply(power(tier="A-"), equipment(), IN_2026)
    assert one(found.run).tier == "A-"
    assert found.instruments.equipment[0].certificates[0].in_range is None


def test_a_reading_that_is_no_number_stays_what_it_is() -> None:
    found = one(apply(power(1, float("nan"), 6), equipment(), IN_2026).run).values
    assert np.isnan(found[1])
    assert found[[0, 2]].tolist() == pytest.approx([1.010, 6.020])


def test_a_factor_corrects_an_energy_counter_and_the_place_where_it_wraps() -> None:
    by_factor = equipment(instrument(certificate=(gain(),)))
    found = one(apply(counter(100, 110, 120, wraps_at=1000), by_factor, IN_2026).run)
    assert found.values.tolist() == pytest.approx([101, 111.1, 121.2])
    assert found.wraps_at == pytest.approx(1010)


def test_a_counter_is_judged_by_its_mean_power_a_wrap_counted() -> None:
    by_factor = equipment(instrument(certificate=(gain(),)))
    found = apply(counter(990, 0, 10, wraps_at=1000), by_factor, IN_2026)
    assert found.instruments.equipment[0].certificates[0].in_range is True


def test_a_counter_beyond_the_range_of_its_factor_stays_as_it_is() -> None:
    by_factor = equipment(instrument(certificate=(gain(),)))
    found = apply(counter(0, 50, 100), by_factor, IN_2026)
    assert one(found.run).values.tolist() == [0, 50, 100]
    assert found.instruments.equipment[0].certificates[0].in_range is False
    assert [t.part for t in found.sensors[CHANNEL]] == ["gain"]


def test_a_table_fits_no_counter_and_is_refused() -> None:
    with pytest.raises(EquipmentError, match="a table in W fits no channel of instrument"):
        apply(counter(0, 10), equipment(), IN_2026)


def test_a_certificate_in_another_unit_is_refused() -> None:
    volts = equipment(instrument(certificate=(certificate(unit="V"),)))
    with pytest.raises(EquipmentError, match="a table in V fits no channel of instrument"):
        apply(power(1), volts, IN_2026)


def test_two_patterns_that_meet_in_one_channel_are_refused() -> None:
    both = equipment(instrument(), instrument(id="other", channels=("hwmon.*",)))
    with pytest.raises(EquipmentError, match=r"two instruments give it: board-sensor and other"):
        apply(power(1), both, IN_2026)


def test_two_certificates_of_one_day_for_one_channel_are_refused() -> None:
    wide = certificate(number="C-2", channels=("hwmon.*",))
    twice = equipment(instrument(certificate=(certificate(), wide)))
    with pytest.raises(EquipmentError, match="two certificates of 2026-01-01 are for it"):
        apply(power(1), twice, IN_2026)


def test_an_instrument_that_gives_no_channel_of_the_run_is_told() -> None:
    found = apply(power(1), equipment(instrument(channels=("meter.*",))), IN_2026)
    assert found.instruments.equipment == ()
    assert [p.code for p in found.instruments.problems] == ["instrument-unused"]


def test_a_device_source_that_the_file_calls_external_stays_what_it_is() -> None:
    found = apply(power(1), equipment(instrument(kind="external_meter")), IN_2026)
    assert [p.code for p in found.instruments.problems] == ["tier-claim"]


def test_too_warm_a_room_lowers_the_tier() -> None:
    meter = instrument(certificate=(certificate(temperature=("18", "28")),))
    warm = equipment(meter, environment=(Surrounding("ambient_temperature", "31", "Cel"),))
    found = apply(power(1, 6, tier="A-"), warm, IN_2026)
    assert one(found.run).tier == "A-"
    assert (
        "the ambient temperature of 31 Cel is not within" in found.instruments.problems[0].text.en
    )


def test_the_environment_keeps_the_digits_and_names_its_instrument() -> None:
    ambient = instrument(id="t1", serial="0815", kind="ambient", channels=(), certificate=())
    around = Surrounding("ambient_temperature", "23.40", "Cel", "0.30", "2", "t1")
    found = apply(power(1), equipment(instrument(), ambient, environment=(around,)), IN_2026)
    field = found.instruments.environment[0]
    assert (field.value, field.U, field.k, field.unit) == ("23.40", "0.30", "2", "Cel")
    assert field.equipment_ref == "t1#0815"
    assert [e.id for e in found.instruments.equipment] == ["board-sensor#0001", "t1#0815"]


def test_everything_for_the_record_is_plain_json() -> None:
    found = apply(example_run(1), equipment(), IN_2026).instruments
    text = json.dumps(msgspec.to_builtins((found.equipment, found.environment)), allow_nan=False)
    assert "C-1" in text


def test_the_newer_of_two_certificates_corrects() -> None:
    newer = certificate(
        number="C-2",
        calibrated=datetime.date(2026, 5, 1),
        points=(("1", "0.5", "0.1"), ("41", "0.5", "0.1")),
    )
    found = apply(power(6), equipment(instrument(certificate=(certificate(), newer))), IN_2026)
    assert one(found.run).values.tolist() == [6.5]
