"""AMD GPUs, with a module that answers like amdsmi."""

from __future__ import annotations

from types import ModuleType

import pytest

from collectors.device.amdsmi import open_amdsmi
from collectors.protocol import Scope
from collectors.reading import Kind, Unit
from tests.fakes.clock import SteppingClock
from tests.fakes.far_libraries import FakeAmdSmi, counts
from tests.fakes.nvml import no_pause
from tests.fakes.readings import channels_of, collector_of, read_values

SCOPE = Scope(SteppingClock())


def test_the_accumulator_is_a_counter_in_steps_of_its_resolution() -> None:
    smi = FakeAmdSmi([[counts(1000), counts(1000), counts(1007), counts(1010)]])
    collector = collector_of(open_amdsmi(SCOPE, lambda: smi, no_pause))
    assert read_values(collector) == {"amdsmi.gpu0.energy": 1010}
    (channel,) = channels_of(collector).values()
    assert (channel.unit, channel.kind, channel.tier) == (Unit.MICROJOULE, Kind.COUNTER, "B")
    assert (channel.scale, channel.resolution) == (15.3, 15.3)
    collector.close()
    assert smi.open_sessions == 0


def test_the_field_of_older_releases_is_understood() -> None:
    old = [{"power": n, "counter_resolution": 15.3, "timestamp": 1} for n in (5, 5, 6)]
    collector = collector_of(open_amdsmi(SCOPE, lambda: FakeAmdSmi([old]), no_pause))
    assert read_values(collector) == {"amdsmi.gpu0.energy": 6}
    collector.close()


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([counts(7)], "frozen: the counter does not move"),
        (["Not Supported"], "not-answered: Not Supported"),
        ([counts(7, resolution=0.0)], "not-supported: no resolution is stated"),
        ([{"energy_accumulator": "N/A"}], "not-a-number: accumulator"),
        ([7], "not-a-number: no fields"),
    ],
)
def test_a_counter_that_says_nothing_is_refused_when_it_is_opened(
    answers: list[object], reason: str
) -> None:
    smi = FakeAmdSmi([answers])
    opened = open_amdsmi(SCOPE, lambda: smi, no_pause)
    assert opened.collector is None
    assert opened.absent[0].reason == reason
    assert smi.open_sessions == 0


def test_a_machine_without_the_package_or_the_driver_says_which() -> None:
    def no_library() -> ModuleType:
        raise OSError("libamd_smi.so")

    assert open_amdsmi(SCOPE, no_library).absent[0].reason == "not-installed: OSError"
    smi = FakeAmdSmi([], init_error="no amdgpu")
    assert open_amdsmi(SCOPE, lambda: smi).absent[0].reason == "no-driver: no amdgpu"
    assert open_amdsmi(SCOPE, lambda: FakeAmdSmi([])).absent[0].reason == "not-present: no GPU"
