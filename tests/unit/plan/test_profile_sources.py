"""The shipped profiles against the collectors, and against answers put together from documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from collectors.device.amdsmi import open_amdsmi
from collectors.device.nvml import open_nvml
from collectors.protocol import Opened, Scope
from collectors.reading import Channel
from collectors.table import COLLECTORS, opener
from host.handover.profile import Profile, Source
from host.plan.profile import all_shipped
from tests.fakes.far_libraries import FakeAmdSmi, counts
from tests.fakes.machine import machine
from tests.fakes.nvml import FakeNvml, answers, no_pause

SHIPPED = {one.product.name: one for one in all_shipped()}
# Files of the fake machine that a channel of the shell agent's is one of, by first word.
FILED = ("power_supply", "thermal", "cpufreq", "memory", "ina3221")
# Answers as documents have them; none was captured by us.
SAID = {
    # drivers/iio/power/odpm.c of the gs201 kernel.
    "odpm.*.energy": (
        "t=251237\nCH0(T=251237)[S10M_VDD_TPU], 23416\nCH1(T=251237)[VSYS_PWR_MODEM], 11084\n",
        [("S10M_VDD_TPU", "23416"), ("VSYS_PWR_MODEM", "11084")],
    ),
    # AOSP, PowerStats.cpp of the HAL, dumpEnergyMeter: "  %32s   %14.2f mWs".
    "power_stats.*.energy": (
        "\n============= PowerStats HAL 2.0 energy meter ==============\n"
        "             [S8M_LLDO2]:Infra 1             29.18 mWs\n"
        "            [VSYS_PWR_MODEM]:Modem          11084.50 mWs (         12.00)\n"
        "========== End of PowerStats HAL 2.0 energy meter ==========\n",
        [("S8M_LLDO2", "29.18"), ("VSYS_PWR_MODEM", "11084.50")],
    ),
    # AOSP, BatteryService.java, dump.
    "battery.charge_counter": ("  Charge counter: 2890000\n  status: 3\n", [("", "2890000")]),
    "battery.voltage": ("  Max charging voltage: 5000000\n  voltage: 4120\n", [("", "4120")]),
    "battery.temperature": ("  level: 80\n  temperature: 312\n", [("", "312")]),
    # AOSP, ThermalManagerService.java, dump.
    "thermal_hal.throttling.status": (
        "IsStatusOverride: false\nThermal Status: 2\nCached temperatures:\n",
        [("", "2")],
    ),
    # wiki.termux.com, Termux-battery-status.
    "battery.current": ('{\n  "health": "GOOD",\n  "current": -324000\n}\n', [("", "-324000")]),
    # Documentation/filesystems/proc.rst.
    "memory.available": ("MemFree:  1 kB\nMemAvailable:   24133832 kB\n", [("", "24133832")]),
}


def sources(wanted: Callable[[Source], bool]) -> Iterator[tuple[str, Source]]:
    for name, profile in SHIPPED.items():
        yield from ((name, source) for source in profile.source if wanted(source))


def named(found: Iterator[tuple[str, Source]]) -> list[object]:
    return [
        pytest.param(source, id=f"{name}-{number}-{source.channel}")
        for number, (name, source) in enumerate(found)
    ]


def opened(kind: str, scope: Scope) -> Opened:
    if kind == "nvml":  # where the far end is a library, one that answers stands in for it
        return open_nvml(scope, lambda: FakeNvml([answers()]), no_pause)
    if kind == "amdsmi":
        smi = FakeAmdSmi([[counts(number) for number in range(9)]])
        return open_amdsmi(scope, lambda: smi, no_pause)
    return opener(kind)(scope)


def channels(kind: str, scope: Scope) -> tuple[Channel, ...]:
    collector = opened(kind, scope).collector
    assert collector is not None
    found = collector.describe()
    collector.close()
    return found


def agree(source: Source, channel: Channel) -> bool:
    return (source.unit, source.tier) == (channel.unit, channel.tier)


@pytest.mark.parametrize("source", named(sources(lambda s: s.kind in COLLECTORS)))
def test_a_source_is_a_channel_of_its_collector(source: Source, tmp_path: Path) -> None:
    found = [
        channel
        for channel in channels(source.kind, machine(tmp_path))
        if fnmatchcase(channel.name, source.channel)
    ]
    assert found, source.channel
    assert all(agree(source, channel) for channel in found)


@pytest.mark.parametrize(
    "source", named(sources(lambda s: s.kind == "node" and s.channel.split(".")[0] in FILED))
)
def test_a_node_is_named_and_read_as_its_collector_would(source: Source, tmp_path: Path) -> None:
    word = source.channel.partition(".")[0]
    found = [
        channel
        for channel in channels(word, machine(tmp_path))
        if fnmatchcase(channel.name, source.channel)
    ]
    assert found, source.channel
    assert all(channel.unit is source.unit for channel in found)
    assert source.path is not None
    assert list(tmp_path.glob(source.path.lstrip("/"))), source.path


@pytest.mark.parametrize("source", named(sources(lambda s: s.pattern is not None)))
def test_a_pattern_takes_names_and_numbers_out_of_an_answer(source: Source) -> None:
    assert source.pattern is not None
    text, expected = SAID[source.channel]
    found = [match.groupdict() for match in re.finditer(source.pattern, text)]
    assert [(one.get("name", ""), one["value"]) for one in found] == expected


@pytest.mark.parametrize("profile", SHIPPED.values(), ids=SHIPPED)
def test_a_control_is_read_as_it_is_set(profile: Profile) -> None:
    for control in profile.control:
        if control.pattern is not None:
            (value,) = re.findall(control.pattern, f"{control.value}\n")
            assert value == control.value
