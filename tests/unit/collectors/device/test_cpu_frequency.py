"""CPU clocks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.device.cpu_frequency import core_megahertz, open_frequency, open_limits
from collectors.reading import Kind, Missing, Unit
from tests.fakes.machine import CPU, machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_each_policy_gives_its_clock_in_khz_and_names_its_cores(tmp_path: Path) -> None:
    collector = collector_of(open_frequency(machine(tmp_path)))
    assert read_values(collector) == {
        "cpufreq.policy0.frequency": 1804000,
        "cpufreq.policy4.frequency": 2419200,
    }
    channels = channels_of(collector)
    assert channels["cpufreq.policy0.frequency"].unit is Unit.KILOHERTZ
    assert channels["cpufreq.policy0.frequency"].note.startswith("cores 0,1,2,3;")
    assert channels["cpufreq.policy4.frequency"].note.startswith("cores not stated;")
    collector.close()


def test_a_driver_that_does_not_know_the_clock_leaves_a_gap(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    (tmp_path / CPU / "cpufreq/policy0/scaling_cur_freq").write_text("<unknown>\n")
    collector = collector_of(open_frequency(scope))
    found = read_values(collector)
    assert found["cpufreq.policy0.frequency"] == "not-a-number: '<unknown>\\n'"
    assert found["cpufreq.policy4.frequency"] == 2419200
    collector.close()


def test_limits_are_states_and_asked_for_rarely(tmp_path: Path) -> None:
    collector = collector_of(open_limits(machine(tmp_path)))
    assert read_values(collector) == {
        "cpufreq.policy0.min_limit": 300000,
        "cpufreq.policy0.max_limit": 1804800,
        "cpufreq.policy4.min_limit": 710400,
        "cpufreq.policy4.max_limit": 2419200,
    }
    assert {c.kind for c in collector.describe()} == {Kind.STATE}
    assert collector.max_hz == 1.0
    collector.close()


def test_without_cpufreq_the_stated_clock_is_read_under_another_name(tmp_path: Path) -> None:
    scope = machine(tmp_path)
    shutil.rmtree(tmp_path / CPU / "cpufreq")
    opened = open_frequency(scope)
    collector = collector_of(opened)
    assert read_values(collector) == {
        "cpuinfo.core0.frequency": 2596.124,
        "cpuinfo.core1.frequency": 800.5,
    }
    assert channels_of(collector)["cpuinfo.core0.frequency"].unit is Unit.MEGAHERTZ
    assert collector.max_hz == 1.0
    assert [absent.reason for absent in opened.absent] == ["not-present: no cpufreq policy"]
    collector.close()


def test_a_core_that_leaves_cpuinfo_is_a_gap(tmp_path: Path) -> None:
    cpuinfo = "processor : 0\ncpu MHz : 1.0\nprocessor : 1\ncpu MHz : 2.0\n"
    collector = collector_of(open_frequency(scope_of(tree(tmp_path, {"proc/cpuinfo": cpuinfo}))))
    (tmp_path / "proc/cpuinfo").write_text("processor : 1\ncpu MHz : 3.5\n")
    assert read_values(collector) == {
        "cpuinfo.core0.frequency": "no-such-field: core 0",
        "cpuinfo.core1.frequency": 3.5,
    }
    collector.close()


@pytest.mark.parametrize("cpuinfo", [None, "", "processor\t: 0\nBogoMIPS\t: 48.00\n"])
def test_without_any_clock_it_is_absent(cpuinfo: str | None, tmp_path: Path) -> None:
    if cpuinfo is not None:
        tree(tmp_path, {"proc/cpuinfo": cpuinfo})
    opened = open_frequency(scope_of(tmp_path))
    assert opened.collector is None
    assert len(opened.absent) == 1
    assert open_limits(scope_of(tmp_path)).collector is None


def test_a_clock_before_any_processor_belongs_to_no_core() -> None:
    assert core_megahertz(b"cpu MHz : 1.0\nprocessor : 3\ncpu MHz : 2.0\n") == {3: 2.0}


@given(st.binary(max_size=100))
def test_any_bytes_are_parsed_without_an_error(data: bytes) -> None:
    for value in core_megahertz(b"processor: 1\ncpu MHz: " + data).values():
        assert isinstance(value, Missing) or value == value  # noqa: PLR0124 - not NaN
