"""Load average and pressure."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.clocks import device_clock
from collectors.device.load import load_values, open_load, open_pressure, stall_totals
from collectors.protocol import Scope
from collectors.reading import Kind, Missing, Unit
from tests.fakes.machine import machine, scope_of
from tests.fakes.readings import collector_of, read_values
from tests.fakes.tree import tree


def test_load_is_an_average_and_runnable_tasks_are_of_the_moment(tmp_path: Path) -> None:
    collector = collector_of(open_load(machine(tmp_path)))
    assert read_values(collector) == {"load.one_minute": 0.25, "load.runnable": 2}
    assert [c.kind for c in collector.describe()] == [Kind.AVERAGE, Kind.INSTANT]
    collector.close()


@pytest.mark.parametrize("data", [b"1.0", b"", b"0.1 0.2 0.3", b"x y z w v", b"1 " * 9])
def test_a_damaged_loadavg_has_no_values(data: bytes) -> None:
    assert all(isinstance(value, Missing) for value in load_values(data))


def test_stall_time_is_a_counter_in_us(tmp_path: Path) -> None:
    collector = collector_of(open_pressure(machine(tmp_path)))
    assert read_values(collector) == {
        "pressure.cpu.some": 104230811,
        "pressure.memory.some": 12,
        "pressure.memory.full": 11,
        "pressure.io.some": 77,
    }
    assert {(c.unit, c.kind) for c in collector.describe()} == {(Unit.MICROSECOND, Kind.COUNTER)}
    collector.close()


def test_an_old_kernel_without_the_full_line_leaves_a_gap_for_it(tmp_path: Path) -> None:
    some = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n"
    files = {f"proc/pressure/{what}": some for what in ("cpu", "memory", "io")}
    collector = collector_of(open_pressure(scope_of(tree(tmp_path, files))))
    assert read_values(collector)["pressure.memory.full"] == "no-such-field: full"
    collector.close()


def test_a_kernel_without_pressure_files_says_how_to_get_them(tmp_path: Path) -> None:
    opened = open_pressure(scope_of(tmp_path))
    assert opened.collector is None
    assert opened.absent[0].reason == "not-present: no pressure files"
    assert "psi=1" in opened.absent[0].fix
    assert open_load(scope_of(tmp_path)).absent[0].reason == "not-present: ENOENT"


@given(st.binary(max_size=150))
def test_any_bytes_are_parsed_without_an_error(data: bytes) -> None:
    assert len(load_values(data)) == 2
    for value in stall_totals(data, [b"some", b"full"]):
        assert isinstance(value, (int, Missing))


def test_the_real_kernel_gives_load() -> None:
    collector = collector_of(open_load(Scope(device_clock())))
    found = read_values(collector)
    assert isinstance(found["load.one_minute"], float)
    assert found["load.runnable"] >= 1  # type: ignore[operator]
    collector.close()
