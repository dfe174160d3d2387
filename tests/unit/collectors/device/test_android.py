"""What Android's services say, asked through programs that stand in for dumpsys and lshal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.android import open_battery, open_power_stats, open_thermal_hal
from collectors.device.dumps import (
    battery_block,
    hal_coolings,
    hal_temperatures,
    rail_energies,
    thermal_heads,
)
from collectors.reading import Gap, Kind, Unit
from tests.fakes.machine import machine, says, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree

DATA = Path(__file__).parents[3] / "data/dumpsys"
DUMPS = {path.name: path.read_text("utf-8") for path in DATA.iterdir()}


def test_rails_of_the_power_stats_service_are_counters_in_mj_of_tier_b(tmp_path: Path) -> None:
    collector = collector_of(open_power_stats(machine(tmp_path)))
    assert read_values(collector) == {
        "power_stats.s10m_vdd_tpu.energy": 23416.81,
        "power_stats.vsys_pwr_modem.energy": 11084.5,
        "power_stats.s8m_lldo2.energy": 29.18,
        "power_stats.s2m_vdd_cpucl2.energy": 905117.02,
    }
    for channel in channels_of(collector).values():
        assert (channel.unit, channel.kind, channel.tier) == (Unit.MILLIJOULE, Kind.COUNTER, "B")
    collector.close()


def test_of_a_delta_the_total_counts_and_consumers_are_no_rails() -> None:
    assert rail_energies(DUMPS["power-stats-hal2-delta.txt"]) == {
        "S10M_VDD_TPU": ("TPU", "23420.00"),
        "VSYS_PWR_MODEM": ("Modem", "11090.00"),
    }
    assert "GPU" not in rail_energies(DUMPS["power-stats-hal2.txt"])


def test_an_older_service_is_asked_through_lshal(tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    says(tmp_path, "lshal")
    tree(tmp_path, {"bin/lshal.says/debug": DUMPS["power-stats-hal1.txt"]})
    collector = collector_of(open_power_stats(scope))
    assert read_values(collector) == {
        "power_stats.vsys_pwr_modem.energy": 11084.5,
        "power_stats.ufs_vcc_3p3.energy": 4711.0,
    }
    collector.close()


def test_the_gauge_gives_what_the_framework_says_of_it(tmp_path: Path) -> None:
    collector = collector_of(open_battery(machine(tmp_path)))
    assert read_values(collector) == {
        "battery.voltage": 4123,
        "battery.charge_counter": 3_120_000,
        "battery.temperature": 289,
        "battery.level": 81,
        "battery.status": 2,
    }
    assert channels_of(collector)["battery.voltage"].tier == "C"
    collector.close()


def answer(root: Path, dump: str, text: str) -> None:
    tree(root, {f"bin/dumpsys.says/{dump}": text})


def test_a_state_that_somebody_faked_is_no_reading(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    answer(tmp_path, "battery", DUMPS["battery-updates-stopped.txt"])
    collector = collector_of(open_battery(scope))
    found = collector.read()
    assert {one.reason for one in found if isinstance(one, Gap)} == {"faked: UPDATES STOPPED"}
    assert all(isinstance(one, Gap) for one in found)
    collector.close()


def test_temperatures_come_from_the_hal_and_not_from_the_cache(tmp_path: Path) -> None:
    collector = collector_of(open_thermal_hal(machine(tmp_path)))
    found = read_values(collector)
    assert found["thermal_hal.cpu0.temperature"] == 66.5
    assert found["thermal_hal.virtual-skin.temperature"] == 38.25
    assert found["thermal_hal.throttling.status"] == 1
    assert found["thermal_hal.modem.temperature"] == "absent-sensor: reads -5700 Cel"
    assert str(found["thermal_hal.tpu.temperature"]).startswith("not-a-number")
    collector.close()


def test_an_overridden_status_is_missing_and_the_temperatures_are_not(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    collector = collector_of(open_thermal_hal(scope))
    text = DUMPS["thermalservice-android14.txt"]
    answer(tmp_path, "thermalservice", text.replace("Override: false", "Override: true"))
    status, first, *_ = collector.read()
    assert isinstance(status, Gap)
    assert status.reason == "faked: the status is overridden"
    assert not isinstance(first, Gap)
    collector.close()


def test_a_hal_that_is_not_ready_is_absent(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    text = DUMPS["thermalservice-android14.txt"]
    answer(tmp_path, "thermalservice", text.replace("HAL Ready: true", "HAL Ready: false"))
    assert open_thermal_hal(scope).absent[0].reason == "not-present: the thermal HAL is not ready"


@pytest.mark.parametrize("opener", [open_power_stats, open_battery, open_thermal_hal])
def test_an_app_that_may_not_ask_is_told_how_to(opener: object, tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    says(tmp_path, "dumpsys", '#!/bin/sh\necho "Permission Denial: can\'t dump $1 from pid=1"\n')
    assert callable(opener)
    (absent,) = opener(scope).absent
    assert absent.reason == "not-readable: permission DUMP is refused"
    assert "Termux" in absent.fix


@given(st.text(max_size=300) | st.sampled_from(sorted(DUMPS.values())).map(lambda t: t[::-1]))
def test_any_text_is_taken_apart_without_an_error(text: str) -> None:
    battery_block(text)
    rail_energies(text)
    lines = text.split("\n")
    thermal_heads(lines)
    assert list(hal_temperatures(lines)) == []
    assert list(hal_coolings(lines)) == []
