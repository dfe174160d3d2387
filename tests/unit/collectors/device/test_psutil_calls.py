"""psutil: the real one on this machine, and a fake one of a laptop."""

from __future__ import annotations

import os
from types import ModuleType, SimpleNamespace

import pytest

from collectors.clocks import device_clock
from collectors.device.psutil_calls import open_psutil
from collectors.protocol import Scope
from collectors.reading import Gap, Kind, Reading
from tests.fakes.clock import SteppingClock
from tests.fakes.psutil_module import FakePsutil, NoSuchProcessError, PsutilError
from tests.fakes.readings import channels_of, collector_of, read_values

SCOPE = Scope(SteppingClock(), pid=7)


def test_a_laptop_gives_cpu_memory_process_heat_and_battery() -> None:
    psutil = FakePsutil()
    collector = collector_of(open_psutil(SCOPE, lambda: psutil))
    assert read_values(collector) == {
        "psutil.cpu.busy": 14.75,  # interrupt time of Windows is in its system time already
        "psutil.cpu.idle": 100.0,
        "psutil.memory.available": 1 << 33,
        "psutil.process.rss": 1 << 20,
        "psutil.smc.cpu-die.temperature": 51.5,
        "psutil.smc.smc.temperature": "not-a-number: NoneType",
        "psutil.smc.cpu-die-2.temperature": 52.5,
        "psutil.battery.capacity": 88,
        "psutil.battery.online": 0,
    }
    assert channels_of(collector)["psutil.cpu.busy"].kind is Kind.COUNTER
    assert channels_of(collector)["psutil.battery.capacity"].tier == ""
    assert collector.max_hz == 10.0
    collector.close()


def test_a_call_that_fails_later_is_a_gap_for_its_channels_only() -> None:
    psutil = FakePsutil()
    collector = collector_of(open_psutil(SCOPE, lambda: psutil))
    psutil.answers["virtual_memory"] = PsutilError("gone\nfishing")
    psutil.answers["memory_info"] = NoSuchProcessError("7")
    psutil.answers["cpu_times"] = OSError("denied")
    found = read_values(collector)
    assert found["psutil.memory.available"] == "unreadable: PsutilError gone fishing"
    assert found["psutil.process.rss"] == "process-ended"
    assert found["psutil.cpu.busy"] == found["psutil.cpu.idle"] == "unreadable: OSError denied"
    assert found["psutil.battery.capacity"] == 88
    collector.close()


def test_sensors_that_come_or_go_leave_gaps_and_are_not_mixed_up() -> None:
    psutil = FakePsutil()
    collector = collector_of(open_psutil(SCOPE, lambda: psutil))
    del psutil.answers["sensors_temperatures"]["smc"][0]
    psutil.answers["sensors_battery"] = None
    found = read_values(collector)
    assert found["psutil.smc.cpu-die.temperature"] == "changed: 2 sensors, 3 before"
    assert found["psutil.battery.capacity"] == "not-present: no battery"
    collector.close()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "12"])
def test_a_battery_that_gives_no_number_is_a_gap(value: object) -> None:
    psutil = FakePsutil()
    psutil.answers["sensors_battery"] = SimpleNamespace(percent=value, power_plugged=None)
    collector = collector_of(open_psutil(SCOPE, lambda: psutil))
    found = read_values(collector)
    assert str(found["psutil.battery.capacity"]).startswith("not-a-number: ")
    assert found["psutil.battery.online"] == "not-stated: power_plugged"
    collector.close()


def test_what_the_platform_does_not_have_is_absent() -> None:
    psutil = FakePsutil()
    del psutil.sensors_temperatures
    psutil.answers["sensors_battery"] = None
    psutil.answers["memory_info"] = NoSuchProcessError("7")
    opened = open_psutil(SCOPE, lambda: psutil)
    reasons = [absent.reason for absent in opened.absent]
    assert reasons[0] == "not-supported: NoSuchProcessError 7"
    assert reasons[1].startswith("not-supported: AttributeError")
    assert reasons[2] == "not-present: no battery"
    collector_of(opened).close()


def test_without_a_process_only_that_is_absent() -> None:
    opened = open_psutil(Scope(SteppingClock()), FakePsutil)
    assert [absent.reason for absent in opened.absent] == ["no-process: none is measured"]
    collector_of(opened).close()


def no_package() -> ModuleType:
    raise ModuleNotFoundError("No module named 'psutil'")


def test_without_psutil_it_is_absent_with_the_way_to_get_it() -> None:
    (absent,) = open_psutil(SCOPE, no_package).absent
    assert (absent.reason, absent.fix) == (
        "not-installed: ModuleNotFoundError",
        "pip install psutil",
    )


def test_the_real_psutil_reads_this_machine() -> None:
    collector = collector_of(open_psutil(Scope(device_clock(), pid=os.getpid())))
    found = collector.read()
    values = {one.channel: one.value for one in found if isinstance(one, Reading)}
    assert {"psutil.cpu.busy", "psutil.memory.available", "psutil.process.rss"} <= set(values)
    assert values["psutil.process.rss"] > 1 << 20
    collector.close()


def test_a_real_process_that_is_not_there_is_absent() -> None:
    opened = open_psutil(Scope(device_clock(), pid=2**22 + 1))  # above PID_MAX_LIMIT, proc(5)
    assert any(a.reason.startswith("not-supported: NoSuchProcess") for a in opened.absent)
    collector = collector_of(opened)
    assert not any(isinstance(o, Gap) and "process" in o.channel for o in collector.read())
    collector.close()
