"""NPUs: what they show, and what no program can read of them."""

from __future__ import annotations

from pathlib import Path

from collectors.device.npu import open_npu
from collectors.reading import Kind, Unit
from tests.fakes.machine import machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_an_intel_npu_gives_busy_time_clock_and_memory(tmp_path: Path) -> None:
    collector = collector_of(open_npu(machine(tmp_path)))
    assert read_values(collector) == {
        "npu.intel.busy": 5_012_345,
        "npu.intel.frequency": 1400,
        "npu.intel.memory": 268_435_456,
    }
    busy = channels_of(collector)["npu.intel.busy"]
    assert (busy.unit, busy.kind) == (Unit.MICROSECOND, Kind.COUNTER)
    collector.close()


def test_its_power_is_absent_because_no_counter_exists(tmp_path: Path) -> None:
    (absent,) = open_npu(machine(tmp_path)).absent
    assert (absent.source, absent.reason) == (
        "intel power",
        "not-supported: no power counter exists",
    )
    assert "rapl" in absent.fix


def npu_of(root: Path, driver: str) -> None:
    tree(root, {f"sys/drivers/{driver}/uevent": "", "sys/class/accel/accel0/device/uevent": ""})
    (root / "sys/class/accel/accel0/device/driver").symlink_to(root / f"sys/drivers/{driver}")


def test_an_amd_npu_shows_nothing_and_says_so(tmp_path: Path) -> None:
    npu_of(tmp_path, "amdxdna")
    opened = open_npu(scope_of(tmp_path))
    assert opened.collector is None
    assert opened.absent[0].reason == "not-supported: the driver documents no node for it"


def test_an_accelerator_of_another_driver_is_no_npu_that_is_known(tmp_path: Path) -> None:
    npu_of(tmp_path, "habanalabs")
    (absent,) = open_npu(scope_of(tmp_path)).absent
    assert absent.reason.startswith("not-present")
