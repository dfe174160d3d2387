"""Load and clock of GPUs from their drivers' nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.device.gpu_nodes import busy_share, open_gpu, percent
from collectors.reading import Kind, Missing, Quantity, Unit, Value
from tests.fakes.machine import machine, scope_of
from tests.fakes.readings import channels_of, collector_of, read_values
from tests.fakes.tree import tree


def test_each_driver_gives_its_load_and_those_of_phones_their_clock(tmp_path: Path) -> None:
    collector = collector_of(open_gpu(machine(tmp_path)))
    assert read_values(collector) == {
        "gpu.amdgpu.busy": 37,
        "gpu.adreno.frequency": 220_000_000,
        "gpu.adreno.busy": 25.0,
        "gpu.mali.busy": 12,
        "gpu.mali.frequency": 762_000_000,
    }
    channels = channels_of(collector)
    busy, clock = channels["gpu.amdgpu.busy"], channels["gpu.mali.frequency"]
    assert (busy.unit, busy.kind) == (Unit.PERCENT, Kind.AVERAGE)
    assert (clock.unit, clock.quantity) == (Unit.HERTZ, Quantity.FREQUENCY)
    assert channels["gpu.adreno.busy"].note.startswith("adreno730v2:")
    collector.close()


def test_two_cards_are_two_channels_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    files = {f"sys/class/drm/card{n}/device/gpu_busy_percent": f"{n}\n" for n in (1, 10, 2)}
    collector = collector_of(open_gpu(scope_of(tree(tmp_path, files))))
    assert list(read_values(collector).values()) == [1, 2, 10]
    collector.close()


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"250 1000\n", 25.0),
        (b"0 1000", 0.0),
        (b"0 0\n", Missing("no-window: 0 of 0")),
        (b"5 4\n", Missing("no-window: 5 of 4")),
        (b"-1 4\n", Missing("no-window: -1 of 4")),
        (b"7\n", Missing("not-a-number: '7\\n'")),
    ],
)
def test_a_share_is_busy_over_total_and_a_window_of_nothing_is_none(
    data: bytes, value: Value
) -> None:
    assert busy_share(data) == (value,)


@pytest.mark.parametrize(
    ("data", "value"), [(b"100\n", 100), (b"7 %\n", 7), (b"101\n", Missing("out-of-range: 101 %"))]
)
def test_a_share_in_per_cent_is_none_beyond_a_hundred(data: bytes, value: Value) -> None:
    assert percent(data) == value
