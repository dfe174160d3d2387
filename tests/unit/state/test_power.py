from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.state.missing import Missing
from host.state.power import (
    Doze,
    Screen,
    parse_airplane,
    parse_deviceidle,
    parse_power,
    parse_setting,
    parse_whole_setting,
)

DATA = Path(__file__).parents[2] / "data" / "dumpsys"


def test_the_first_power_group_is_the_screen() -> None:
    found = parse_power((DATA / "power-android14.txt").read_bytes())
    assert (found.wakefulness, found.stay_on, found.stay_on_setting) == ("Dozing", True, 7)
    assert isinstance(found.fixed_performance, Missing)


def test_a_build_that_prints_its_fixed_performance_mode_is_read() -> None:
    assert parse_power(b"  mFixedPerformanceModeEnabled=true\n").fixed_performance is True


def test_a_wakefulness_of_no_known_name_is_not_understood() -> None:
    found = parse_power(b"  mWakefulness=Sleepwalking\n").wakefulness
    assert isinstance(found, Missing)
    assert found.code == "not-understood"


def test_doze_says_its_states_and_whether_it_may_act() -> None:
    found = parse_deviceidle((DATA / "deviceidle-android14.txt").read_bytes())
    assert found == Doze(
        "ACTIVE", "INACTIVE", deep_enabled=False, light_enabled=True, forced=False
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"null\n", "not-there"), (b"", "not-understood"), (b"a b\n", "not-understood")],
)
def test_a_setting_that_is_none_has_its_reason(raw: bytes, reason: str) -> None:
    found = parse_setting(raw)
    assert isinstance(found, Missing)
    assert found.code == reason


def test_a_setting_is_a_number_within_its_limits() -> None:
    assert parse_whole_setting(b"102\n", 0, 255) == 102
    assert isinstance(parse_whole_setting(b"999\n", 0, 255), Missing)


@pytest.mark.parametrize(
    ("raw", "on"), [(b"enabled\n", True), (b"disabled\n", False), (b"1\n", True), (b"0\n", False)]
)
def test_airplane_mode_in_both_of_its_forms(raw: bytes, on: bool) -> None:  # noqa: FBT001
    assert parse_airplane(raw) is on


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda b: b"mWakefulness=" + b))
def test_any_bytes_give_a_screen_a_doze_and_a_setting(raw: bytes) -> None:
    assert isinstance(parse_power(raw), Screen)
    assert isinstance(parse_deviceidle(raw), Doze)
    assert isinstance(parse_setting(raw), str | Missing)
    assert isinstance(parse_airplane(raw), bool | Missing)
