"""Memory of the machine."""

from __future__ import annotations

from pathlib import Path

from collectors.clocks import device_clock
from collectors.device.memory import open_memory
from collectors.protocol import Scope
from collectors.reading import Unit
from tests.fakes.machine import machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_memory_is_given_in_the_kibibytes_of_the_kernel(tmp_path: Path) -> None:
    collector = collector_of(open_memory(machine(tmp_path)))
    assert read_values(collector) == {
        "memory.available": 24133832,
        "memory.free": 20000000,
        "memory.cached": 250860,
        "memory.swap_free": 0,
    }
    assert {c.unit for c in collector.describe()} == {Unit.KIBIBYTE}
    collector.close()


def test_a_kernel_before_3_14_without_an_estimate_leaves_a_gap_for_it_only(tmp_path: Path) -> None:
    files = {"proc/meminfo": "MemFree: 12 kB\nCached: 1 kB\nSwapFree: 0 kB\n"}
    collector = collector_of(open_memory(scope_of(tree(tmp_path, files))))
    found = read_values(collector)
    assert found["memory.available"] == "no-such-field: MemAvailable"
    assert found["memory.free"] == 12
    collector.close()


def test_without_procfs_it_is_absent(tmp_path: Path) -> None:
    assert open_memory(scope_of(tmp_path)).absent[0].reason == "not-present: ENOENT"


def test_every_channel_says_which_line_it_is(tmp_path: Path) -> None:
    collector = collector_of(open_memory(machine(tmp_path)))
    channel = channels_of(collector)["memory.available"]
    assert channel.source == f"{tmp_path / 'proc/meminfo'} MemAvailable"
    collector.close()


def test_the_real_kernel_states_all_of_them() -> None:
    collector = collector_of(open_memory(Scope(device_clock())))
    found = read_values(collector)
    assert all(isinstance(value, int) for value in found.values()), found
    assert found["memory.free"] > 0  # type: ignore[operator]
    collector.close()
