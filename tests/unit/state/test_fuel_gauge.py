from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import UsageError
from host.state.fuel_gauge import GaugeReadings, GaugeRule, find_rule
from host.state.gauge_store import load, path_of, store
from host.state.missing import Missing

LOADED_MA = (612, 640, 598, 655, 631, 620)
RESTING_MA = (81, 95, 77)


def readings(scale: int, **more: object) -> GaugeReadings:
    """The same phone as a gauge of another scale and sign shows it."""
    loaded, resting = ([x * scale for x in raw] for raw in (LOADED_MA, RESTING_MA))
    return GaugeReadings(loaded, resting, **more)  # type: ignore[arg-type]


def rule(given: GaugeReadings) -> GaugeRule:
    found = find_rule(given)
    assert isinstance(found, GaugeRule), found
    return found


def why(given: GaugeReadings) -> str:
    found = find_rule(given)
    assert isinstance(found, Missing), found
    return str(found)


@pytest.mark.parametrize(
    ("scale", "unit", "sign"),
    [(-1000, "uA", -1), (1000, "uA", 1), (-1, "mA", -1), (1, "mA", 1)],
)
def test_all_four_conventions_are_found_and_read_alike(scale: int, unit: str, sign: int) -> None:
    found = rule(readings(scale))
    assert (found.unit, found.discharge_sign, found.signed) == (unit, sign, None)
    assert found.current_a(640 * scale) == pytest.approx(0.64)
    assert found.readings == 6


@given(st.floats(0.07, 5.9), st.sampled_from([-1000, 1000, -1, 1]))
def test_any_plausible_load_has_the_unit_it_was_given_in(load_a: float, scale: int) -> None:
    loaded = [round(load_a * 1000 * f) * scale for f in (0.99, 1.0, 1.01, 0.99, 1.0, 1.01)]
    found = find_rule(GaugeReadings(loaded, [10 * scale]))
    if isinstance(found, GaugeRule):
        assert found.unit == ("uA" if abs(scale) == 1000 else "mA")
    else:
        assert found.code == "not-stated"  # too few different readings near the lowest load


def test_a_gauge_that_always_reads_positive_gives_no_current() -> None:
    found = rule(readings(1000, charging=(900_000, 910_000)))
    assert found.signed is False
    assert isinstance(found.current_a(640_000), Missing)


def test_a_gauge_with_signs_says_so_once_charging_was_tried() -> None:
    assert rule(readings(-1000, charging=(900_000, 910_000))).signed is True


def test_the_charge_counter_confirms_or_contradicts() -> None:
    # 627 mA for 60 s are 10450 uAh.
    confirmed = rule(readings(-1, charge_uah=(3_000_000, 2_989_500), loaded_s=60.0))
    assert confirmed.charge_counter_a == pytest.approx(0.63)
    contradicted = readings(-1, charge_uah=(3_000_000, 2_999_990), loaded_s=60.0)
    assert "charge counter" in why(contradicted)


@pytest.mark.parametrize(
    ("loaded", "resting", "words"),
    [
        ((-612_000, 640_000, -5, 7, -9), (81_000,), "both signs"),
        ((-612_000, 0, -598_000, -655_000, -1), (-81_000,), "both signs, or are 0"),
        ((-20_001, -20_500, -21_000, -22_000, -20_100), (-3,), "neither in uA nor in mA"),
        ((-7, -8, -9, -10, -11), (-1,), "neither in uA nor in mA"),
        ((-612_000,) * 50, (-81_000,), "1 different readings"),
        ((-612, -640, -598, -655, -631), (), "0 at rest"),
        ((-612, -640, -598, -655, -631), (-600, -610), "load is not seen"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    loaded: tuple[int, ...], resting: tuple[int, ...], words: str
) -> None:
    assert words in why(GaugeReadings(loaded, resting))


@pytest.mark.parametrize(
    "serial", ["R58M123ABC", "../../etc/passwd", "a/b", "设备", "x" * 400, ""]
)
def test_a_rule_is_kept_per_serial_whatever_stands_in_it(tmp_path: Path, serial: str) -> None:
    found = rule(readings(-1, charging=(900, 910)))
    path = store(tmp_path, serial, found, "by hand")
    assert path.parent == tmp_path
    assert load(tmp_path, serial) == found
    assert load(tmp_path, serial + "2") is None


def test_a_rule_without_every_evidence_reads_back_the_same(tmp_path: Path) -> None:
    found = rule(readings(1000))
    store(tmp_path, "one", found, "by hand")
    assert load(tmp_path, "one") == found


@pytest.mark.parametrize(
    "text",
    ["not toml [", 'serial = "one"', "\x00", 'serial="one"\nfound=""\n[rule]\nunit="kA"'],
)
def test_a_file_that_is_no_rule_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    path_of(tmp_path, "one").write_text(text)
    with pytest.raises(UsageError, match=path_of(tmp_path, "one").name):
        load(tmp_path, "one")


def test_a_rule_of_another_device_is_refused(tmp_path: Path) -> None:
    path = store(tmp_path, "one", rule(readings(1000)), "by hand")
    path.rename(path_of(tmp_path, "two"))
    with pytest.raises(UsageError, match="of the device one"):
        load(tmp_path, "two")
