"""Facts of a device from trees of files: each one or the reason why it is absent."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.device import FACTS, device_facts
from agent.facts.files import Roots

PHONE = {
    "proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd aes\nCPU implementer\t: 0x41\n"
    "CPU part\t: 0xd05\n\nprocessor\t: 1\nCPU part\t: 0xd41\n\nHardware\t: Test SoC\n",
    "proc/stat": "cpu  10 1 4 100 5 0 2 3 7 0\ncpu0 1 1 1 1\n",
    "proc/loadavg": "0.50 0.40 0.30 1/99 1234\n",
    "proc/meminfo": "MemTotal:  2048 kB\nMemAvailable: 1024 kB\nSwapTotal: 0 kB\n",
    "proc/device-tree/model": "Test Phone\0",
    "proc/self/cgroup": "0::/app\n",
    "proc/1/cgroup": "0::/\n",
    "proc/uptime": "12.5 3.0\n",
    "proc/sys/kernel/random/boot_id": "abc\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
    "sys/fs/cgroup/app/cpu.max": "50000 100000\n",
    "sys/fs/cgroup/app/memory.max": "max\n",
    "sys/devices/system/cpu/online": "0-1\n",
    "sys/devices/system/cpu/cpu0/topology/core_id": "0\n",
    "sys/devices/system/cpu/cpu1/topology/core_id": "1\n",
    "sys/devices/system/cpu/smt/active": "0\n",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "schedutil\n",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq": "1800000\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "arch_sys_counter\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "45500\n",
    "sys/class/thermal/thermal_zone1/type": "off\n",
    "sys/class/thermal/thermal_zone1/temp": "disabled\n",
    "sys/class/hwmon/hwmon0/name": "nvme\n",
    "sys/class/hwmon/hwmon0/temp1_input": "-1000\n",
    "sys/class/power_supply/battery/type": "Battery\n",
    "sys/class/power_supply/battery/status": "Charging\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/os-release": 'NAME=x\nPRETTY_NAME="Test OS 1"\n',
    "run/chrony/chronyd.pid": "1\n",
}


def facts_of(folder: Path, files: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    roots = Roots(folder / "proc", folder / "sys", folder / "etc", folder / "run")
    found = device_facts(roots)
    absent = {one["fact"]: one["reason"] for one in found.pop("absent")}
    return found, absent


def test_a_phone_says_what_it_is_and_how_it_is_set(tmp_path: Path) -> None:
    found, absent = facts_of(tmp_path, PHONE)
    assert found["cpu"] == {"hardware": "Test SoC", "implementer": "0x41", "part": "0xd05"}
    assert found["cpu_flags"] == ["aes", "asimd", "fp"]
    assert found["cores"] == {"online": "0-1", "physical": 2}
    assert found["smt"] == {"active": "0"}
    policy = {"scaling_governor": "schedutil", "scaling_max_freq": "1800000"}
    assert found["frequency"] == {"policy0": policy}
    assert found["memory_bytes"] == {"total": 2 << 20, "available": 1 << 20, "swap_total": 0}
    assert found["product"] == {"model": "Test Phone"}
    assert found["power_supplies"] == {"battery": {"type": "Battery", "status": "Charging"}}
    assert found["system"]["name"] == "Test OS 1"
    assert found["virtualization"] == {"hypervisor_flag": False}
    assert found["time_sync"] == {"hints": ["chronyd"]}
    assert found["load"] == {"1min": 0.5, "5min": 0.4, "15min": 0.3}
    assert (found["boot_id"], found["uptime_s"]) == ("abc", 12.5)
    assert set(absent) == {"boost"}
    hashed = hashlib.sha256(b"inferometer 0123456789abcdef0123456789abcdef").hexdigest()
    assert found["machine_id_sha256"] == hashed


def test_ticks_count_guests_once_and_waiting_as_idle(tmp_path: Path) -> None:
    found, _ = facts_of(tmp_path, PHONE)
    assert found["cpu_ticks"] == {"total": 125, "idle": 105}


def test_temperatures_are_in_degrees_and_a_zone_that_is_off_is_left_out(tmp_path: Path) -> None:
    found, _ = facts_of(tmp_path, PHONE)
    expected = {"thermal_zone0.cpu-thermal": 45.5, "hwmon0.nvme.temp1": -1.0}
    assert found["temperatures_c"] == expected


def test_limits_come_from_the_agents_own_group(tmp_path: Path) -> None:
    found, _ = facts_of(tmp_path, PHONE)
    limits = {"version": 2, "path": "/app", "cpu.max": "50000 100000", "memory.max": "max"}
    assert found["cgroup"] == limits


def test_limits_of_the_first_kind_of_groups_are_read_too(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "3:memory:/x\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "1024\n",
    }
    found, _ = facts_of(tmp_path, files)
    assert found["cgroup"] == {"version": 1, "memory/memory.limit_in_bytes": "1024"}


def test_a_container_and_a_hypervisor_show(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": "flags : fpu hypervisor\n",
        "proc/1/cgroup": "0::/docker/abc\n",
        "sys/hypervisor/type": "xen\n",
    }
    found, _ = facts_of(tmp_path, files)
    signs = {"hypervisor_flag": True, "hypervisor_type": "xen", "container": ["docker"]}
    assert found["virtualization"] == signs


def test_an_empty_device_gives_a_reason_for_every_fact_that_has_files(tmp_path: Path) -> None:
    found, absent = facts_of(tmp_path, {})
    assert set(found) | set(absent) == set(FACTS)
    assert set(found) <= {"affinity", "system", "time_sync"}
    assert all(reason.partition(":")[0] == "not-present" for reason in absent.values())


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [
        ("proc/stat", "nothing here\n", "cpu_ticks"),
        ("proc/loadavg", "a b c\n", "load"),
        ("proc/meminfo", "MemTotal: lots\n", "memory_bytes"),
        ("proc/cpuinfo", "x" * (3 << 20), "cpu_flags"),
        ("proc/uptime", "", "uptime_s"),
    ],
)
def test_a_file_that_says_something_else_makes_the_fact_absent(
    tmp_path: Path, name: str, text: str, fact: str
) -> None:
    _, absent = facts_of(tmp_path, {name: text})
    assert absent[fact].partition(":")[0] in {"not-understood", "not-told", "too-long"}


def test_this_machine_gives_a_message_that_can_be_sent() -> None:
    found = device_facts()
    assert found["boot_id"]
    assert found["system"]["kernel"] == os.uname().release
    assert json.loads(json.dumps(found, allow_nan=False)) == found
