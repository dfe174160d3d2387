"""Readers of macOS and Windows against constructed answers: untried on the systems themselves."""

from __future__ import annotations

import struct
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.apple import open_apple, open_macmon, powers_of
from collectors.device.emi import channels_of as emi_channels
from collectors.device.emi import measurements, open_emi
from collectors.device.lhm import number, open_lhm, sensors_of
from collectors.protocol import Scope
from collectors.reading import Kind, Missing, Unit, Value
from tests.fakes.clock import SteppingClock
from tests.fakes.far_libraries import FakeMeter, FakeZeusApple, emi_v1, emi_v2
from tests.fakes.lhm import served
from tests.fakes.machine import machine
from tests.fakes.readings import channels_of, collector_of, read_values

SCOPE = Scope(SteppingClock())


def test_a_chips_energies_are_counters_in_mj_and_what_it_lacks_is_absent() -> None:
    zeus = FakeZeusApple({"cpu_total_mj": 5000, "gpu_mj": 0, "ane_mj": None, "dram_mj": 12})
    opened = open_apple(SCOPE, lambda: zeus)
    collector = collector_of(opened)
    assert read_values(collector) == {
        "apple.cpu.energy": 5000,
        "apple.gpu.energy": 0,
        "apple.dram.energy": 12,
    }
    assert channels_of(collector)["apple.cpu.energy"].unit is Unit.MILLIJOULE
    assert [one.source.split()[-1] for one in opened.absent] == ["ane_mj", "gpu_sram_mj"]
    zeus.error = "IOReport is gone"
    reason = "not-answered: RuntimeError IOReport is gone"
    assert set(read_values(collector).values()) == {reason}


def test_a_mac_without_the_package_or_with_another_chip_says_which() -> None:
    def no_package() -> ModuleType:
        raise ImportError

    assert open_apple(SCOPE, no_package).absent[0].reason == "not-installed: ImportError"
    (absent,) = open_apple(SCOPE, lambda: FakeZeusApple({}, "no channels")).absent
    assert absent.reason == "not-answered: RuntimeError no channels"


def test_macmon_gives_the_system_and_its_parts_as_means(tmp_path: Path) -> None:
    collector = collector_of(open_macmon(machine(tmp_path)))
    found = read_values(collector)
    assert found["macmon.system.power"] == 5.876533
    assert found["macmon.ane.power"] == 0.0
    system = channels_of(collector)["macmon.system.power"]
    assert (system.kind, system.averaging_s, system.tier) == (Kind.AVERAGE, 0.5, "B")
    collector.close()


@given(st.binary(max_size=300))
def test_any_answer_of_macmon_or_the_web_server_is_taken_apart_without_an_error(
    data: bytes,
) -> None:
    assert powers_of(data) == {}
    assert sensors_of(data) == {}


@pytest.mark.parametrize("power", [b"1e999", b"-1", b"true", b'"5"', b"null", b"99999"])
def test_a_power_that_cannot_be_is_none(power: bytes) -> None:
    assert powers_of(b'{"cpu_power": %s}' % power) == {}


def test_an_energy_meter_gives_energy_in_pwh_and_its_own_stamp() -> None:
    meter = FakeMeter(2, emi_v2("RAPL_Package0_PKG", "RAPL_Package0_DRAM"), [(10, 20), (30, 40)])
    collector = collector_of(open_emi(SCOPE, lambda: [meter]))
    assert read_values(collector) == {
        "emi.rapl_package0_pkg.energy": 10,
        "emi.rapl_package0_pkg.stamp": 20,
        "emi.rapl_package0_dram.energy": 30,
        "emi.rapl_package0_dram.stamp": 40,
    }
    energy = channels_of(collector)["emi.rapl_package0_pkg.energy"]
    assert (energy.unit, energy.scale, energy.kind) == (Unit.MICROJOULE, 3.6e-3, Kind.COUNTER)
    assert energy.tier == "B"
    collector.close()
    assert meter.closed


def test_meters_of_one_name_are_kept_apart_and_a_bad_one_hides_no_good_one() -> None:
    meters = [
        FakeMeter(1, emi_v1("Board"), [(1, 2)]),
        FakeMeter(9, emi_v1("Board"), [(3, 4)]),
        FakeMeter(1, emi_v1("Board"), [(5, 6)]),
    ]
    opened = open_emi(SCOPE, lambda: meters)
    collector = collector_of(opened)
    found = read_values(collector)
    assert (found["emi.board.energy"], found["emi.board-2.energy"]) == (1, 5)
    assert [(one.source, one.reason) for one in opened.absent] == [
        ("meter 1", "not-supported: version 9")
    ]
    assert meters[1].closed
    collector.close()


def test_this_machine_is_no_windows_and_says_so() -> None:
    assert open_emi(SCOPE).absent[0].reason == "not-supported: no Windows"


@pytest.mark.parametrize(
    ("version", "data", "reason"),
    [
        (2, emi_v2("A", unit=1), "not-supported: a unit other than pWh"),
        (2, emi_v2(), "too-many: 0 channels"),
        (3, emi_v2("A"), "not-supported: version 3"),
    ],
)
def test_metadata_that_is_not_understood_is_refused(
    version: int, data: bytes, reason: str
) -> None:
    assert emi_channels(version, data) == Missing(reason)


@given(st.sampled_from([1, 2]), st.binary(max_size=200))
def test_metadata_that_is_cut_off_raises_one_error_alone(version: int, data: bytes) -> None:
    try:
        emi_channels(version, data)
    except struct.error:
        return


def test_an_answer_of_another_length_is_no_measurement() -> None:
    assert measurements(2, b"\0" * 31) == (Missing("not-a-number: 31 bytes for 2 channels"),) * 4


def test_the_web_servers_texts_become_numbers_whatever_the_language() -> None:
    with served() as page:
        collector = collector_of(open_lhm(SCOPE, page.address))
        assert read_values(collector) == {
            "lhm.intelcpu-0-temperature-26.temperature": 62.5,
            "lhm.intelcpu-0-power-0.power": 98.8,
            "lhm.intelcpu-0-power-1.power": 80.2,
        }
        channel = channels_of(collector)["lhm.intelcpu-0-power-0.power"]
        assert (channel.unit, channel.tier) == (Unit.WATT, "B")
        assert channel.note.startswith("cpu-package;")
        collector.close()


def test_a_web_server_that_refuses_or_is_not_there_is_absent_with_its_reason() -> None:
    with served() as page:
        page.status = 403
        assert open_lhm(SCOPE, page.address).absent[0].reason == "not-answered: status 403"
    (absent,) = open_lhm(SCOPE, page.address).absent
    assert absent.reason == "not-answered: ConnectionRefusedError"
    assert "administrator" in absent.fix


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("45.2 W", 45.2),
        ("45,2 W", 45.2),
        ("0,0 W", 0.0),
        ("- W", Missing("not-a-number: '- W'")),
        ("62,5 °C", Missing(f"not-a-number: {'62,5 °C'!a}")),
        ("1.234,5 W", Missing("not-a-number: '1.234,5 W'")),
    ],
)
def test_a_text_is_a_number_of_its_unit_or_none(text: str, value: Value) -> None:
    assert number(text, "W") == value
