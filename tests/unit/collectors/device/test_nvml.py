"""NVIDIA GPUs, with a module that answers like pynvml."""

from __future__ import annotations

from types import ModuleType

import pytest

from collectors.clocks import device_clock
from collectors.device.nvml import load_pynvml, open_nvml
from collectors.protocol import Scope
from collectors.reading import Gap, Kind, Quantity, Unit
from tests.fakes.clock import SteppingClock
from tests.fakes.nvml import GPU_IS_LOST, NOT_SUPPORTED, FakeNvml, answers, no_pause
from tests.fakes.readings import channels_of, collector_of, read_values

SCOPE = Scope(SteppingClock())
WHY_NOT = ("not-installed", "no-driver", "not-present")


def test_a_board_gives_energy_power_heat_clocks_memory_and_throttling() -> None:
    nvml = FakeNvml([answers()])
    collector = collector_of(open_nvml(SCOPE, lambda: nvml, no_pause))
    assert read_values(collector) == {
        "nvml.gpu0.energy": 9_000_000_123,
        "nvml.gpu0.power": 71_500,
        "nvml.gpu0.power_instant": 69_000,
        "nvml.gpu0.power_average": 70_000,
        "nvml.gpu0.temperature": 41,
        "nvml.gpu0.sm_clock": 1980,
        "nvml.gpu0.memory_clock": 1980,
        "nvml.gpu0.memory_used": 3 << 30,
        "nvml.gpu0.utilisation": 97,
        "nvml.gpu0.memory_utilisation": 12,
        "nvml.gpu0.clock_event_reasons": 0x44,
    }
    collector.close()


def test_energy_is_a_counter_in_mj_and_power_a_mean_in_mw_both_of_tier_b() -> None:
    nvml = FakeNvml([answers()])
    collector = collector_of(open_nvml(SCOPE, lambda: nvml, no_pause))
    channels = channels_of(collector)
    energy, power = channels["nvml.gpu0.energy"], channels["nvml.gpu0.power"]
    assert (energy.unit, energy.kind) == (Unit.MILLIJOULE, Kind.COUNTER)
    assert (power.unit, power.kind) == (Unit.MILLIWATT, Kind.AVERAGE)
    assert channels["nvml.gpu0.power_instant"].kind is Kind.INSTANT
    for channel in channels.values():
        evidence = channel.quantity in {Quantity.POWER, Quantity.ENERGY}
        assert channel.tier == ("B" if evidence else "")
    assert collector.max_hz == 20.0
    collector.close()


def test_boards_are_numbered_and_stand_for_themselves() -> None:
    second = answers() | {"nvmlDeviceGetTemperature": 77}
    nvml = FakeNvml([answers(), second])
    collector = collector_of(open_nvml(SCOPE, lambda: nvml, no_pause))
    found = read_values(collector)
    assert (found["nvml.gpu0.temperature"], found["nvml.gpu1.temperature"]) == (41, 77)
    collector.close()


def test_what_a_board_does_not_support_is_absent_and_no_channel() -> None:
    board = answers() | {
        "nvmlDeviceGetTotalEnergyConsumption": NOT_SUPPORTED,
        "nvmlDeviceGetFieldValues": {185: (0, 1, 5)},
    }
    nvml = FakeNvml([board])
    opened = open_nvml(SCOPE, lambda: nvml, no_pause)
    assert [(a.source, a.reason) for a in opened.absent] == [
        ("gpu0 nvmlDeviceGetTotalEnergyConsumption", "not-answered: Not Supported"),
        ("gpu0 field NVML_FI_DEV_POWER_INSTANT", "not-answered: NVML code 3"),
    ]
    collector = collector_of(opened)
    assert "nvml.gpu0.energy" not in channels_of(collector)
    assert "nvml.gpu0.power_average" in channels_of(collector)
    collector.close()


def test_a_field_of_another_type_is_not_taken_for_a_number() -> None:
    board = answers() | {"nvmlDeviceGetFieldValues": {185: (0, 0, 5), 186: (0, 1, 5)}}
    opened = open_nvml(SCOPE, lambda: FakeNvml([board]), no_pause)
    assert [a.reason for a in opened.absent] == ["not-a-number: NVML value type 0"]
    collector_of(opened).close()


def test_a_package_older_than_a_call_makes_only_that_absent() -> None:
    nvml = FakeNvml([answers()])
    del nvml.nvmlDeviceGetTotalEnergyConsumption
    opened = open_nvml(SCOPE, lambda: nvml, no_pause)
    (absent,) = opened.absent
    assert absent.reason.startswith("not-supported: ")
    collector_of(opened).close()


@pytest.mark.parametrize("package_has_it", [True, False])
def test_an_older_driver_or_package_is_asked_for_the_event_reasons_by_the_old_name(
    package_has_it: bool,  # noqa: FBT001 - a case of the test
) -> None:
    board = answers() | {"nvmlDeviceGetCurrentClocksThrottleReasons": 0x44}
    board["nvmlDeviceGetCurrentClocksEventReasons"] = "Function Not Found"
    if not package_has_it:
        del board["nvmlDeviceGetCurrentClocksEventReasons"]
    nvml = FakeNvml([board])
    collector = collector_of(open_nvml(SCOPE, lambda: nvml, no_pause))
    assert read_values(collector)["nvml.gpu0.clock_event_reasons"] == 0x44
    collector.close()


def test_a_board_that_falls_off_the_bus_leaves_gaps_and_the_other_goes_on() -> None:
    nvml = FakeNvml([answers(), answers()])
    collector = collector_of(open_nvml(SCOPE, lambda: nvml, no_pause))
    nvml.boards[0] = dict.fromkeys(nvml.boards[0], GPU_IS_LOST)
    found = read_values(collector)
    lost = {name: value for name, value in found.items() if name.startswith("nvml.gpu0")}
    assert set(lost.values()) == {"not-answered: GPU is lost"}
    assert len(lost) == 11
    assert found["nvml.gpu1.power"] == 71_500
    collector.close()


def test_the_session_is_given_back_once_and_reads_after_it_are_gaps() -> None:
    nvml = FakeNvml([answers()])
    collector = collector_of(open_nvml(SCOPE, lambda: nvml, no_pause))
    assert nvml.open_sessions == 1
    collector.close()
    collector.close()
    assert nvml.open_sessions == 0
    assert all(isinstance(one, Gap) for one in collector.read())


def test_a_machine_without_driver_says_so() -> None:
    opened = open_nvml(SCOPE, lambda: FakeNvml([], init_error="Driver Not Loaded"), no_pause)
    assert opened.collector is None
    (absent,) = opened.absent
    assert absent.reason == "no-driver: Driver Not Loaded"
    assert "NVIDIA driver" in absent.fix


def test_a_driver_without_boards_is_absent_and_given_back() -> None:
    nvml = FakeNvml([])
    opened = open_nvml(SCOPE, lambda: nvml, no_pause)
    assert opened.collector is None
    assert opened.absent[0].reason == "not-present: no GPU"
    assert nvml.open_sessions == 0


def no_package() -> ModuleType:
    raise ModuleNotFoundError("No module named 'pynvml'")


def test_a_missing_package_names_the_extra() -> None:
    (absent,) = open_nvml(SCOPE, no_package).absent
    assert absent.reason == "not-installed: ModuleNotFoundError"
    assert absent.fix == "pip install inferometer[nvidia]"


def test_the_real_package_opens_or_says_why_not() -> None:
    opened = open_nvml(Scope(device_clock()), load_pynvml)
    if opened.collector is None:
        assert opened.absent[0].reason.partition(":")[0] in set(WHY_NOT)
        return
    assert len(opened.collector.read()) == len(opened.collector.describe())
    opened.collector.close()


class Moving(FakeNvml):
    """A board whose counter is one further at every third look, as time goes on by the clock."""

    looks = 0

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle: int) -> int:  # noqa: N802 - pynvml's
        self.looks += 1
        return self.looks // 3


def test_how_long_the_counter_stays_is_found_by_polling_it() -> None:
    paused: list[float] = []
    clock = SteppingClock(step_ns=1_000_000)
    board = {k: v for k, v in answers().items() if "Energy" not in k}
    collector = collector_of(open_nvml(Scope(clock), lambda: Moving([board]), paused.append))
    channels = channels_of(collector)
    assert channels["nvml.gpu0.energy"].refresh_s == pytest.approx(0.001)
    # The power of this board never changes: nothing is known, and the search for it ends.
    assert channels["nvml.gpu0.power"].refresh_s is None
    assert sum(paused) == pytest.approx(0.5)
    assert channels["nvml.gpu0.power_average"].averaging_s == 1.0
    collector.close()
