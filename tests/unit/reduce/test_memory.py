from dataclasses import replace

import pytest

from host.handover import rules
from host.handover.trace import AttemptTrace, Gap, Series, Window
from host.reduce.memory import memory_results
from tests.fakes.traces import attempt, kind_of, series

S = 10**9


def memory(channel: str, values: list[float], kind: str = "instant") -> Series:
    times = [i * S for i in range(len(values))]
    return series(times, values, kind_of("memory", kind, "By", channel=channel))


def device(*found: Series, load: Window | None = None) -> AttemptTrace:
    return replace(attempt((), found), load=load or Window(S + 1, 2 * S))


RSS = memory("process.rss", [1.0, 7.0, 3.0])
PEAK = memory("process.rss_peak", [1.0, 8.0, 8.0], "peak")
FREE = memory("memory.available", [90.0, 100.0, 40.0, 60.0])


def test_the_kernels_own_peak_goes_before_the_largest_reading() -> None:
    peak, _ = memory_results([device(RSS, PEAK)])
    assert (peak.source, peak.rule) == ("process.rss_peak", rules.KERNEL_PEAK)
    assert peak.by_attempt == ((1, 8.0),)


def test_without_it_the_largest_reading_stands_and_says_so() -> None:
    peak, _ = memory_results([device(RSS)])
    assert (peak.source, peak.rule) == ("process.rss", rules.LARGEST_RESIDENT)
    assert peak.by_attempt == ((1, 7.0),)


def test_device_memory_is_a_result_of_its_own() -> None:
    board = memory("nvml.gpu0.memory_used", [5.0, 6.0])
    peak, used, _ = memory_results([device(PEAK, board)])
    assert (used.source, used.rule) == ("nvml.gpu0.memory_used", rules.LARGEST_IN_USE)
    assert used.by_attempt == ((1, 6.0),)
    assert peak.source == "process.rss_peak"


def test_the_drop_counts_from_the_last_reading_before_the_load() -> None:
    _, drop = memory_results([device(PEAK, FREE)])
    assert drop.by_attempt == ((1, 60.0),)
    assert drop.source == "memory.available"


def test_a_system_that_got_memory_back_shows_a_negative_drop() -> None:
    _, drop = memory_results([device(PEAK, memory("memory.available", [10.0, 10.0, 15.0]))])
    assert drop.by_attempt == ((1, -5.0),)


@pytest.mark.parametrize("load", [Window(-5, -1), Window(9 * S, 10 * S)])
def test_a_drop_needs_a_reading_on_both_sides(load: Window) -> None:
    _, drop = memory_results([device(FREE, load=load)])
    assert "not-covered" in drop.missing


def test_a_drop_needs_a_load() -> None:
    _, drop = memory_results([attempt((), (FREE,))])
    assert "load-not-recorded" in drop.missing


def test_no_source_is_named_as_such() -> None:
    peak, drop = memory_results([device()])
    assert peak.missing.startswith("no-source")
    assert drop.missing.startswith("no-source")


def test_a_source_that_was_empty_gives_the_reason_of_its_gap() -> None:
    gone = replace(memory("process.rss", []), gaps=(Gap("process.rss", 0, "process-ended: x"),))
    peak, _ = memory_results([device(gone)])
    assert "process-ended" in peak.missing
