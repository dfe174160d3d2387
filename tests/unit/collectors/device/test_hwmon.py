"""hwmon sensors."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.device.hwmon import open_power, open_rails, open_temperature
from collectors.reading import Kind, Quantity, Unit
from collectors.table import Opener
from tests.fakes.machine import HWMON, machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_power_and_energy_have_the_units_of_the_kernel_and_tier_b(tmp_path: Path) -> None:
    collector = collector_of(open_power(machine(tmp_path)))
    assert read_values(collector) == {
        "hwmon.amdgpu.energy1.energy": 123456789,
        "hwmon.amdgpu.ppt.power_average": 35000000,
    }
    channels = channels_of(collector)
    power = channels["hwmon.amdgpu.ppt.power_average"]
    assert (power.unit, power.kind, power.tier) == (Unit.MICROWATT, Kind.AVERAGE, "B")
    assert power.note.endswith("mean over 100 ms")
    energy = channels["hwmon.amdgpu.energy1.energy"]
    assert (energy.unit, energy.kind, energy.tier) == (Unit.MICROJOULE, Kind.COUNTER, "B")
    assert collector.max_hz is None
    collector.close()


def test_power_now_is_of_the_moment_and_stands_beside_the_average(tmp_path: Path) -> None:
    files = {
        f"{HWMON}/hwmon0/name": "xe\n",
        f"{HWMON}/hwmon0/power1_input": "7\n",
        f"{HWMON}/hwmon0/power1_average": "8\n",
        f"{HWMON}/hwmon0/power1_max": "9\n",
        f"{HWMON}/hwmon0/update_interval": "250\n",
    }
    collector = collector_of(open_power(scope_of(tree(tmp_path, files))))
    channels = channels_of(collector)
    assert channels["hwmon.xe.power1.power"].kind is Kind.INSTANT
    assert channels["hwmon.xe.power1.power"].refresh_s == 0.25
    assert channels["hwmon.xe.power1.power_average"].kind is Kind.AVERAGE
    assert "an unstated time" in channels["hwmon.xe.power1.power_average"].note
    assert len(channels) == 2
    collector.close()


def test_temperatures_share_the_rule_for_absent_sensors(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    tree(tmp_path, {f"{HWMON}/hwmon0/temp2_input": "0\n"})
    collector = collector_of(open_temperature(scope))
    assert read_values(collector) == {
        "hwmon.coretemp.package-id-0.temperature": 48000,
        "hwmon.coretemp.temp2.temperature": "absent-sensor: reads 0 mCel",
    }
    assert collector.max_hz == 1.0
    collector.close()


def test_rails_leave_the_ina3221_to_its_own_source(tmp_path: Path) -> None:
    collector = collector_of(open_rails(machine(tmp_path)))
    assert read_values(collector) == {
        "hwmon.amdgpu.curr1.current": 12000,
        "hwmon.amdgpu.vddgfx.voltage": 950,
    }
    found = {(c.unit, c.quantity, c.tier) for c in collector.describe()}
    assert found == {
        (Unit.MILLIAMPERE, Quantity.CURRENT, ""),
        (Unit.MILLIVOLT, Quantity.VOLTAGE, ""),
    }
    collector.close()


def two_disks(root: Path, first: str, second: str) -> dict[str, int | float | str]:
    """Values of two chips of one name, at these hwmon numbers; their devices stay the same."""
    for number, device, temp in ((first, "pci-01", "31000"), (second, "pci-02", "32000")):
        folder = tree(
            root / HWMON / f"hwmon{number}", {"name": "nvme\n", "temp1_input": f"{temp}\n"}
        )
        (root / "devices" / device).mkdir(parents=True)
        (folder / "device").symlink_to(root / "devices" / device)
    collector = collector_of(open_temperature(scope_of(root)))
    values = read_values(collector)
    collector.close()
    return values


@pytest.mark.parametrize("numbers", [("0", "1"), ("1", "0"), ("10", "9")])
def test_chips_of_one_name_keep_their_names_when_the_numbers_change(
    numbers: tuple[str, str], tmp_path: Path
) -> None:
    assert two_disks(tmp_path, *numbers) == {
        "hwmon.nvme.temp1.temperature": 31000,
        "hwmon.nvme-2.temp1.temperature": 32000,
    }


def test_sensors_of_one_label_in_a_chip_are_numbered_in_the_order_of_the_chip(
    tmp_path: Path,
) -> None:
    files = {f"{HWMON}/hwmon0/name": "k10temp\n"}
    for number in (10, 2):
        files[f"{HWMON}/hwmon0/temp{number}_label"] = "Tccd\n"
        files[f"{HWMON}/hwmon0/temp{number}_input"] = f"{number}000\n"
    collector = collector_of(open_temperature(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {
        "hwmon.k10temp.tccd.temperature": 2000,
        "hwmon.k10temp.tccd-2.temperature": 10000,
    }
    collector.close()


def test_a_chip_that_says_no_name_is_still_read(tmp_path: Path) -> None:
    files = {f"{HWMON}/hwmon0/power1_input": "1\n"}
    collector = collector_of(open_power(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {"hwmon.unnamed.power1.power": 1}
    collector.close()


@pytest.mark.parametrize("opener", [open_power, open_temperature, open_rails])
def test_a_machine_without_chips_says_so(opener: Opener, tmp_path: Path) -> None:
    (absent,) = opener(scope_of(tmp_path)).absent
    assert absent.reason.startswith("not-present: no ")
    assert absent.source == str(tmp_path / HWMON)


def test_an_intel_gpus_counter_says_how_it_wraps(tmp_path: Path) -> None:
    files = {"sys/class/hwmon/hwmon0/name": "xe\n", "sys/class/hwmon/hwmon0/energy1_input": "7\n"}
    collector = collector_of(open_power(scope_of(tree(tmp_path, files))))
    (channel,) = channels_of(collector).values()
    assert "32-bit register" in channel.note
    assert "intel-xe-hwmon" in channel.note
    collector.close()
