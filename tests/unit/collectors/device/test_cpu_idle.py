"""Idle states."""

from __future__ import annotations

from pathlib import Path

from collectors.device.cpu_idle import open_idle
from collectors.reading import Kind, Quantity, Unit
from tests.fakes.machine import CPU, machine, scope_of
from tests.fakes.readings import collector_of, read_values
from tests.fakes.tree import tree


def test_each_state_of_each_core_is_a_counter_in_us(tmp_path: Path) -> None:
    collector = collector_of(open_idle(machine(tmp_path)))
    assert read_values(collector) == {
        "cpuidle.core0.poll.time": 12,
        "cpuidle.core0.c6.time": 1608425425,
    }
    for channel in collector.describe():
        assert channel.unit is Unit.MICROSECOND
        assert (channel.kind, channel.quantity) == (Kind.COUNTER, Quantity.IDLE)
    collector.close()


def test_states_of_one_name_are_told_apart_by_core_and_number(tmp_path: Path) -> None:
    files = {}
    for core in (0, 1):
        for state in (0, 1):
            files[f"{CPU}/cpu{core}/cpuidle/state{state}/name"] = "C1\n"
            files[f"{CPU}/cpu{core}/cpuidle/state{state}/time"] = f"{core}{state}\n"
    collector = collector_of(open_idle(scope_of(tree(tmp_path, files))))
    assert read_values(collector) == {
        "cpuidle.core0.c1.time": 0,
        "cpuidle.core0.c1-2.time": 1,
        "cpuidle.core1.c1.time": 10,
        "cpuidle.core1.c1-2.time": 11,
    }
    collector.close()


def test_a_machine_with_very_many_states_keeps_its_descriptors(tmp_path: Path) -> None:
    files = {f"{CPU}/cpu{n}/cpuidle/state0/time": "1\n" for n in range(300)}
    opened = open_idle(scope_of(tree(tmp_path, files)))
    assert opened.collector is None
    assert opened.absent[0].reason == "too-many: 300 files, 256 allowed"


def test_without_idle_states_it_is_absent(tmp_path: Path) -> None:
    assert open_idle(scope_of(tmp_path)).absent[0].reason == "not-present: no cpuidle states"
