"""CPU time from /proc/stat."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collectors.clocks import device_clock
from collectors.device.cpu_time import cpu_lines, open_cpu_time
from collectors.protocol import Collector, Scope
from collectors.reading import Gap, Kind, Missing, Reading, Unit
from tests.fakes.machine import machine, scope_of
from tests.fakes.tree import tree


def opened(scope: Scope) -> Collector:
    found = open_cpu_time(scope).collector
    assert found is not None
    return found


def values(collector: Collector) -> dict[str, int | float | str]:
    return {
        one.channel: one.value if isinstance(one, Reading) else one.reason
        for one in collector.read()
    }


def test_busy_leaves_out_idle_iowait_steal_and_does_not_count_guests_twice(tmp_path: Path) -> None:
    collector = opened(machine(tmp_path))
    assert values(collector) == {
        "cpu.total.busy": 300 + 10 + 100 + 3 + 7,
        "cpu.total.idle": 5000 + 40,
        "cpu.total.steal": 5,
        "cpu.core0.busy": 100 + 10 + 50 + 1 + 3,
        "cpu.core1.busy": 200 + 0 + 50 + 2 + 4,
    }
    collector.close()


def test_ticks_become_seconds_by_the_scale_of_the_channel(tmp_path: Path) -> None:
    collector = opened(machine(tmp_path))
    for channel in collector.describe():
        assert (channel.unit, channel.kind) == (Unit.SECOND, Kind.COUNTER)
        assert channel.scale == 1 / os.sysconf("SC_CLK_TCK")
    collector.close()


def test_a_core_that_goes_offline_leaves_a_gap_and_the_rest_goes_on(tmp_path: Path) -> None:
    collector = opened(machine(tmp_path))
    (tmp_path / "proc/stat").write_text("cpu  1 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n")
    found = values(collector)
    assert found["cpu.core0.busy"] == 1
    assert found["cpu.core1.busy"] == "no-such-field: cpu1"
    collector.close()


def test_counters_that_gain_digits_are_still_read_in_full(tmp_path: Path) -> None:
    def stat(number: str) -> str:
        numbers = " ".join([number] * 10)
        cores = "".join(f"cpu{core} {numbers}\n" for core in range(64))
        return f"cpu  {numbers}\n{cores}intr {'0 ' * 9999}\n"

    collector = opened(scope_of(tree(tmp_path, {"proc/stat": stat("1")})))
    tree(tmp_path, {"proc/stat": stat("12345678901")})
    found = values(collector)
    assert found["cpu.total.steal"] == 12345678901
    assert found["cpu.core63.busy"] == 5 * 12345678901
    collector.close()


def test_a_line_of_an_older_kernel_with_too_few_fields_is_a_gap(tmp_path: Path) -> None:
    collector = opened(machine(tmp_path))
    (tmp_path / "proc/stat").write_text("cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu1 1 2 3 4\n")
    assert all(isinstance(one, Gap) for one in collector.read())
    assert values(collector)["cpu.total.busy"] == "too-few-fields: 'cpu  1 2 3 4'"
    collector.close()


def test_without_procfs_the_source_is_absent(tmp_path: Path) -> None:
    found = open_cpu_time(scope_of(tmp_path))
    assert found.collector is None
    assert found.absent[0].reason == "not-present: ENOENT"
    assert found.absent[0].source == str(tmp_path / "proc/stat")


def test_garbage_at_open_leaves_the_totals_as_gaps(tmp_path: Path) -> None:
    collector = opened(scope_of(tree(tmp_path, {"proc/stat": "garbage\n"})))
    assert {one.channel for one in collector.read() if isinstance(one, Gap)} == {
        "cpu.total.busy",
        "cpu.total.idle",
        "cpu.total.steal",
    }
    collector.close()


@given(st.lists(st.integers(0, 2**63), min_size=8, max_size=10), st.integers(0, 9999))
def test_a_line_reads_back_as_its_numbers(numbers: list[int], core: int) -> None:
    line = f"cpu{core} {' '.join(map(str, numbers))}\nintr 1\n".encode()
    assert cpu_lines(line) == {b"%d" % core: tuple(numbers)}


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_without_an_error(data: bytes) -> None:
    for fields in cpu_lines(b"cpu" + data).values():
        assert isinstance(fields, Missing) or all(field >= 0 for field in fields)


def test_the_real_kernel_gives_one_busy_counter_per_core_that_goes_up() -> None:
    collector = opened(Scope(device_clock()))
    first, second = values(collector), values(collector)
    cores = [name for name in first if re.fullmatch(r"cpu\.core[0-9]+\.busy", name)]
    assert len(cores) == os.sysconf("SC_NPROCESSORS_ONLN")
    for name in ("cpu.total.busy", *cores):
        assert isinstance(first[name], int)
        assert isinstance(second[name], int)
        assert second[name] >= first[name]  # type: ignore[operator]
    collector.close()
