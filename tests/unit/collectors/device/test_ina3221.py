"""Rails behind an INA3221."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from collectors.device.ina3221 import open_ina3221
from collectors.reading import Unit
from tests.fakes.machine import HWMON, machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree

CHIP = f"{HWMON}/hwmon3"


def rail(number: int, label: str, millivolt: int, milliampere: int) -> dict[str, str]:
    return {
        f"{CHIP}/name": "ina3221\n",
        f"{CHIP}/in{number}_label": f"{label}\n",
        f"{CHIP}/in{number}_input": f"{millivolt}\n",
        f"{CHIP}/curr{number}_input": f"{milliampere}\n",
    }


def test_power_is_millivolts_times_milliamperes_in_uw(tmp_path: Path) -> None:
    collector = collector_of(open_ina3221(machine(tmp_path)))
    assert read_values(collector) == {
        "ina3221.vdd_in.voltage": 5000,
        "ina3221.vdd_in.current": 1200,
        "ina3221.vdd_in.power": 6_000_000,
    }
    channels = channels_of(collector)
    power = channels["ina3221.vdd_in.power"]
    assert (power.unit, power.tier) == (Unit.MICROWATT, "B")
    assert "without the carrier board" in power.note
    collector.close()


def test_the_step_of_the_current_follows_from_the_shunt(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    collector = collector_of(open_ina3221(scope))
    channels = channels_of(collector)
    assert channels["ina3221.vdd_in.current"].resolution == 8.0  # 40 uV over 5 mOhm
    assert channels["ina3221.vdd_in.voltage"].resolution == 8.0
    collector.close()
    (tmp_path / HWMON / "hwmon2/shunt1_resistor").unlink()
    collector = collector_of(open_ina3221(scope))
    assert channels_of(collector)["ina3221.vdd_in.current"].resolution is None
    collector.close()


def test_unconnected_switched_off_and_summing_channels_are_no_rails(tmp_path: Path) -> None:
    files = (
        rail(1, "VDD_CPU", 4000, 10)
        | rail(2, "NC", 0, 0)
        | rail(3, "VDD_OFF", 0, 0)
        | {f"{CHIP}/in3_enable": "0\n", f"{CHIP}/in1_enable": "1\n"}
        | rail(7, "sum of shunt voltages", 3, 3)
        | {f"{CHIP}/in4_input": "1\n"}
    )
    collector = collector_of(open_ina3221(scope_of(tree(tmp_path, files))))
    assert set(read_values(collector)) == {
        "ina3221.vdd_cpu.voltage",
        "ina3221.vdd_cpu.current",
        "ina3221.vdd_cpu.power",
    }
    collector.close()


def test_without_a_current_there_is_no_power_and_the_voltage_stays(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    collector = collector_of(open_ina3221(scope))
    (tmp_path / HWMON / "hwmon2/curr1_input").write_text("")
    assert read_values(collector) == {
        "ina3221.vdd_in.voltage": 5000,
        "ina3221.vdd_in.current": "empty",
        "ina3221.vdd_in.power": "empty",
    }
    (tmp_path / HWMON / "hwmon2/in1_input").write_text("x\n")
    assert read_values(collector)["ina3221.vdd_in.power"] == "not-a-number: 'x\\n'"
    collector.close()


def test_a_rail_without_a_current_file_is_absent(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    (tmp_path / HWMON / "hwmon2/curr1_input").unlink()
    opened = open_ina3221(scope)
    assert opened.collector is None
    assert opened.absent[0].source.endswith("curr1_input")


def test_a_board_without_the_chip_says_so(tmp_path: Path) -> None:
    opened = open_ina3221(scope_of(tmp_path))
    assert opened.absent[0].reason == "not-present: no INA3221 rail"


@given(st.integers(0, 26_000), st.integers(-40_000, 40_000))
def test_power_is_exact_for_every_voltage_and_current(millivolt: int, milliampere: int) -> None:
    with TemporaryDirectory() as folder:
        scope = scope_of(tree(Path(folder), rail(1, "A", millivolt, milliampere)))
        collector = collector_of(open_ina3221(scope))
        assert read_values(collector)["ina3221.a.power"] == millivolt * milliampere
        collector.close()
