"""A Yokogawa WT310E whose updates happen when the test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from collectors.clocks import device_clock
from collectors.meters.line_serial import SerialLine
from collectors.meters.line_tcp import TcpLine
from collectors.meters.protocol import Line, MeterError
from collectors.meters.wt300 import Wt300
from collectors.meters.wt300_items import Ranges, Ranging, Wt300Plan
from collectors.protocol import Clock
from collectors.reading import Gap, Kind, Reading
from tests.fakes.meters.serving import on_pty, on_tcp
from tests.fakes.meters.wt310e import WORDS, Wt310e

PLAN = Wt300Plan(
    update_s=0.1,
    mode="RMS",
    crest_factor="3",
    ranges=Ranges(300.0, 1.0),
    items=("U", "I", "P", "S", "Q", "LAMB", "FU", "WH", "TIME"),
    integrate=True,
    element="1",
)
BASIC = replace(PLAN, items=("U", "I", "P"), integrate=False)
VALUES = {
    "U": "230.12E+00",
    "I": "0.2000E+00",
    "P": "42.00E+00",
    "S": "46.02E+00",
    "Q": "18.8E+00",
    "LAMB": "0.9126E+00",
    "FU": "49.98E+00",
    "WH": "1.25E-03",
    "TIME": "0.1E+00",
}
PEAK_OF_CURRENT = 1 << 8
UPDATE_NS = 100_000_000


class HandClock:
    """Goes on when it is told to, and by a little each time it is asked."""

    domain = "by-hand@test-boot"

    def __init__(self) -> None:
        self.t_ns = 1_000_000_000

    def now_ns(self) -> int:
        self.t_ns += 1000
        return self.t_ns


@contextmanager
def meter(double: Wt310e, plan: Wt300Plan = PLAN, clock: Clock | None = None) -> Iterator[Wt300]:
    with on_tcp(double) as port:
        line: Line = TcpLine.open("127.0.0.1", port, timeout_s=5)
        try:
            yield Wt300.open(line, clock or device_clock(), plan, "meter.wall")
        finally:
            line.close()


def reasons(found: tuple[Reading | Gap, ...]) -> dict[str, str]:
    """The reason code of each gap, by the last word of its channel."""
    return {
        gap.channel.rpartition(".")[2]: gap.reason.partition(":")[0]
        for gap in found
        if isinstance(gap, Gap)
    }


def values(found: tuple[Reading | Gap, ...]) -> list[float]:
    return [reading.value for reading in found if isinstance(reading, Reading)]


def test_each_update_gives_one_reading_for_each_channel_and_none_twice() -> None:
    double = Wt310e()
    with meter(double) as wt:
        wt.begin()
        assert wt.read(timeout_s=0.02) == ()  # no update yet; the question stays open
        double.tick(VALUES)
        first = wt.read(timeout_s=5)
        assert wt.read(timeout_s=0.02) == ()  # and the same update is not given again
        double.tick(VALUES | {"P": "41.00E+00", "TIME": "0.2E+00"})
        second = wt.read(timeout_s=5)
        channels = wt.describe()
    assert [r.channel for r in first] == [c.name for c in channels]
    assert values(first) == [230.12, 0.2, 42.0, 46.02, 18.8, 0.9126, 49.98, 1.25e-3, 0.1, 0.0]
    assert values(second)[2] == 41.0
    power, energy = channels[2], channels[7]
    assert (power.name, power.kind, power.tier) == ("meter.wall.power", Kind.AVERAGE, "A-")
    assert (power.averaging_s, energy.averaging_s) == (0.1, None)
    assert power.each_new  # the gate opens once an update
    assert (energy.kind, energy.unit.value, energy.tier) == (Kind.COUNTER, "W.h", "A-")


def test_a_serial_line_carries_the_same_meter() -> None:
    double = Wt310e()
    with on_pty(double) as path:
        wt = Wt300.open(SerialLine.open(path, baud=9600), device_clock(), BASIC, "meter.wall")
        wt.begin()
        double.tick(VALUES)
        assert values(wt.read(timeout_s=5)) == [230.12, 0.2, 42.0, 0.0]
        wt.end()
        wt.close()


def test_settings_are_read_back_and_put_back_and_the_integration_is_stopped() -> None:
    double = Wt310e()
    with meter(double) as wt:
        found = {setting.name: setting.found for setting in wt.begin()}
        assert found["update interval, s"] == "1.000E-01"
        assert found["current range, A"] == "1.000E+00"
        assert found["averaging"] == "0"
        assert found["integration state"] == "START"
        assert double.settings["STAT:FILT1"] == "FALL"
        wt.end()
        assert wt.end() == ()
    changed = {
        head: (word, double.settings[head])
        for head, word in WORDS.items()
        if double.settings[head] != word and not head.endswith(("RANG", "RATE"))
    }
    assert changed == {"COMM:HEAD": ("1", "0")}
    assert [float(double.settings[h]) for h in ("INP:VOLT:RANG", "RATE")] == [600, 0.25]
    assert double.integration == "RESET"


def test_a_wait_for_an_update_is_ended_before_the_settings_are_put_back() -> None:
    double = Wt310e()
    with meter(double, BASIC) as wt:
        wt.begin()
        assert wt.read(timeout_s=0.02) == ()
        double.tick(VALUES)
        wt.end()
    assert double.settings["STAT:FILT1"] == "NEVER"


def test_ranging_takes_the_largest_ranges_that_auto_range_chose_and_fixes_them() -> None:
    double = Wt310e()
    double.auto = [(300, 0.05), (300, 0.5), (150, 0.2)]
    double.free_running = True
    with meter(double, replace(BASIC, ranges=Ranging(3))) as wt:
        found = {setting.name: setting.found for setting in wt.begin()}
        assert wt.ranges == Ranges(300.0, 0.5)
    assert found["auto current range"] == "0"
    assert (found["voltage range, V"], found["current range, A"]) == ("3.000E+02", "5.000E-01")


def test_missing_data_overflow_and_peaks_beyond_the_range_are_gaps_with_their_reasons() -> None:
    double = Wt310e()
    with meter(double, replace(BASIC, items=("U", "I", "P", "FU"))) as wt:
        wt.begin()
        double.tick(VALUES | {"FU": "NAN", "I": "INF"})
        assert reasons(wt.read(timeout_s=5)) == {"frequency": "no-data", "current": "overrange"}
        double.tick(VALUES, condition=PEAK_OF_CURRENT)
        assert reasons(wt.read(timeout_s=5)) == {
            "current": "overrange",
            "power": "overrange",
            "under_range": "no-power",
        }
        double.tick(VALUES | {"U": "1,2"})
        found = wt.read(timeout_s=5)
    assert set(reasons(found).values()) == {"wrong-count"}
    assert len(found) == 5


def test_a_reading_under_a_tenth_of_the_range_is_kept_and_flagged() -> None:
    double = Wt310e()
    with meter(double, BASIC) as wt:
        wt.begin()
        double.tick(VALUES | {"P": "29.9E+00"})
        low = wt.read(timeout_s=5)
        double.tick(VALUES | {"P": "-30.1E+00"})
        enough = wt.read(timeout_s=5)
    assert values(low)[2:] == [29.9, 1.0]
    assert values(enough)[2:] == [-30.1, 0.0]


def test_updates_that_nobody_fetched_are_gaps_before_the_next_reading() -> None:
    double, clock = Wt310e(), HandClock()
    with meter(double, BASIC, clock) as wt:
        wt.begin()
        double.tick(VALUES)
        wt.read(timeout_s=5)
        last_ns = clock.t_ns
        clock.t_ns += 3 * UPDATE_NS
        double.tick(VALUES)
        missed = wt.read(timeout_s=5)
        assert values(wt.read(timeout_s=5)) == [230.12, 0.2, 42.0, 0.0]
    assert {gap.reason for gap in missed if isinstance(gap, Gap)} == {"missed-update: 2 of them"}
    assert len(missed) == 4
    assert all(isinstance(g, Gap) and abs(g.t_ns - last_ns - UPDATE_NS) < 1e6 for g in missed)


def test_the_same_update_again_is_a_gap() -> None:
    double, clock = Wt310e(), HandClock()
    with meter(double, BASIC, clock) as wt:
        wt.begin()
        for step_ns, expected in ((0, set()), (UPDATE_NS // 10, {"repeat"}), (UPDATE_NS, set())):
            clock.t_ns += step_ns
            double.tick(VALUES)
            assert set(reasons(wt.read(timeout_s=5)).values()) == expected


def test_an_integration_that_begins_anew_spoils_its_counters_only() -> None:
    double = Wt310e()
    with meter(double, replace(PLAN, items=("P", "WH", "TIME"))) as wt:
        wt.begin()
        double.tick(VALUES | {"TIME": "9.9E+00"})
        wt.read(timeout_s=5)
        double.tick(VALUES | {"WH": "0.00E+00", "TIME": "0.1E+00"})
        found = wt.read(timeout_s=5)
    assert reasons(found) == {"energy": "counter-reset", "integration_time": "counter-reset"}


def test_an_integration_that_stands_still_gives_no_energy_but_power() -> None:
    double, clock = Wt310e(), HandClock()
    seen = []
    with meter(double, replace(PLAN, items=("P", "WH", "TIME"), update_s=1.0), clock) as wt:
        wt.begin()
        for _ in range(5):
            clock.t_ns += 10 * UPDATE_NS
            double.tick(VALUES)
            seen.append(reasons(wt.read(timeout_s=5)))
    frozen = {"energy": "counter-frozen", "integration_time": "counter-frozen"}
    assert seen == [{}, {}, {}, frozen, frozen]


def test_an_update_of_before_the_measurement_began_is_not_given() -> None:
    double = Wt310e()
    double.update_at = "INP:CURR:RANG"
    with meter(double, BASIC) as wt:
        wt.begin()
        assert wt.read(timeout_s=0.02) == ()
        double.tick(VALUES)
        wt.read(timeout_s=5)


def test_an_integration_that_is_already_running_belongs_to_somebody_else() -> None:
    double = Wt310e()
    double.integration = "START"
    with meter(double) as wt, pytest.raises(MeterError, match="is it in use"):
        wt.begin()
    assert double.settings == WORDS | {"COMM:HEAD": "0", "COMM:REM": "1"}


def test_a_range_that_the_meter_does_not_have_is_refused_with_its_own_words() -> None:
    with (
        meter(Wt310e(), replace(BASIC, ranges=Ranges(301.0, 1.0))) as wt,
        pytest.raises(MeterError, match=r'refused :INP:VOLT:RANG 301: .*130,"Illegal parameter"'),
    ):
        wt.begin()
