from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from collectors.meters import joulescope, monsoon
from collectors.meters.joulescope import Joulescope
from collectors.meters.monsoon import Monsoon
from collectors.meters.protocol import MeterError
from collectors.reading import Gap, Reading
from tests.fakes.clock import SteppingClock
from tests.fakes.meters.libraries import Hvpm, JoulescopeDriver, hvpm_packet, statistics

JS220, JS110 = "u/js220/000123", "u/js110/004567"
TOPIC = f"{JS220}/s/stats/value"


def told(entries: tuple[Reading | Gap, ...]) -> dict[str, float | str]:
    return {e.channel: e.value if isinstance(e, Reading) else e.reason for e in entries}


def test_a_js220_gives_means_and_counters_of_each_window() -> None:
    driver = JoulescopeDriver(JS220)
    meter = Joulescope(driver, SteppingClock(), rate_hz=10)
    settings = {s.name: s.found for s in meter.begin()}
    caller = threading.Thread(
        target=driver.send, args=(TOPIC, statistics(0, 100_000, 2.5, 3 * 2**27))
    )
    caller.start()
    found = told(meter.read(timeout_s=5))
    caller.join()
    assert settings == {"s/i/range/mode": "auto", "s/stats/scnt": "100000", "s/stats/ctrl": "1"}
    assert (found["js.voltage"], found["js.current"], found["js.power"]) == (5.0, 0.5, 2.5)
    scales = {channel.name: channel.scale for channel in meter.describe()}
    energy = found["js.energy"]
    assert isinstance(energy, int)
    assert energy * scales["js.energy"] == 3.0
    assert (meter.identity.model, meter.identity.serial) == ("JS220", "000123")
    assert meter.read(timeout_s=0) == ()


def test_a_window_that_never_came_is_a_gap_before_the_next_one() -> None:
    driver = JoulescopeDriver(JS220)
    meter = Joulescope(driver, SteppingClock())
    meter.begin()
    for first in (0, 1000, 3000):
        driver.send(TOPIC, statistics(first, 1000, 1.0, first))
    found = [told(meter.read(timeout_s=5)) for _ in range(4)]
    assert [f["js.power"] for f in found] == [
        1.0, 1.0, "lost: 1000 samples between two windows", 1.0,
    ]  # fmt: skip


def test_a_value_that_is_not_as_the_driver_says_is_a_gap() -> None:
    driver = JoulescopeDriver(JS220)
    meter = Joulescope(driver, SteppingClock())
    meter.begin()
    good = statistics(0, 10, 1e9, 10)
    for value in (good, {}, None, "text", {"signals": [1]}, {"accumulators": {"energy": 1}}):
        driver.send(TOPIC, value)
    found = [told(meter.read(timeout_s=5)) for _ in range(6)]
    assert str(found[0]["js.power"]).startswith("overrange")
    assert all(str(f["js.power"]).startswith("no-such-field") for f in found[1:])


def test_a_js110_sends_by_itself_and_is_only_told_its_range() -> None:
    driver = JoulescopeDriver(JS110, "u/other/1")
    meter = Joulescope(driver, SteppingClock())
    assert [s.name for s in meter.begin()] == ["s/i/range/select"]
    assert list(driver.heard) == [f"{JS110}/s/sstats/value"]
    meter.end()
    meter.end()
    meter.close()
    meter.close()
    assert (driver.heard, driver.open_now, driver.finalized) == ({}, set(), True)


@pytest.mark.parametrize(
    ("attached", "path", "words"),
    [((), "", "none"), ((JS220, JS110), "", "js110"), ((JS220,), JS110, "not one of those")],
)
def test_which_joulescope_is_meant_must_be_clear(
    attached: tuple[str, ...], path: str, words: str
) -> None:
    with pytest.raises(MeterError, match=words):
        Joulescope(JoulescopeDriver(*attached), SteppingClock(), path=path)


# Zero calibration at raw 1000 (coarse) and 2000 (fine), reference at 33000 and 60000.
CALIBRATION = [
    (1000, 2000, 0, 0x10),
    (33000, 60000, 0, 0x30),
]


def test_an_hvpm_gives_what_its_calibrations_make_of_the_raw_counts() -> None:
    packets = hvpm_packet(0, CALIBRATION) + hvpm_packet(
        0, [(9000, 64500, 16000, 0), (1200, 12000, 16000, 0)]
    )
    meter = Monsoon(Hvpm([packets]), SteppingClock(), volts=4.0)
    meter.begin()
    block = meter.read(timeout_s=5)
    assert block is not None
    coarse_ma = (9000 - 990) * 6400 / (33000 - 990)
    fine_ma = (12000 - 2015) * 36500 / (60000 - 2015) / 1000
    assert block.values["monsoon.current"] == pytest.approx([coarse_ma / 1000, fine_ma / 1000])
    assert block.values["monsoon.voltage"] == pytest.approx([4.0, 4.0])
    assert [entry[:2] for entry in block.lost] == [(0, 2)]
    assert block.lost[0][2].startswith("calibrating")
    assert block.first == 2


def test_what_an_hvpm_dropped_is_counted_over_the_wrap_of_its_counter() -> None:
    one = [(1200, 12000, 16000, 0)]
    reads: list[bytes | OSError] = [
        hvpm_packet(65534, CALIBRATION),
        OSError(errno.ETIMEDOUT, "Operation timed out"),
        hvpm_packet(65534, one) + hvpm_packet(3, one) + b"\xff" * 64 + hvpm_packet(3, one),
    ]
    meter = Monsoon(Hvpm(reads), SteppingClock())
    meter.begin()
    assert meter.read(timeout_s=5) is not None
    assert meter.read(timeout_s=5) is None
    block = meter.read(timeout_s=5)
    assert block is not None
    assert [entry[:2] for entry in block.lost] == [(3, 5), (9, 3)]
    assert len(block.values["monsoon.power"]) == 3


def test_before_its_first_calibration_an_hvpm_gives_nothing() -> None:
    meter = Monsoon(Hvpm([hvpm_packet(0, [(1200, 12000, 16000, 0)] * 3)]), SteppingClock())
    meter.begin()
    block = meter.read(timeout_s=5)
    assert block is not None
    assert not len(block.values["monsoon.current"])
    assert np.sum([count for _, count, _ in block.lost]) == 3


def test_an_hvpm_that_is_unplugged_is_an_error() -> None:
    meter = Monsoon(Hvpm([OSError(errno.ENODEV, "No such device")]), SteppingClock())
    meter.begin()
    with pytest.raises(MeterError, match="No such device"):
        meter.read(timeout_s=5)


def test_an_hvpm_is_not_asked_for_a_voltage_that_it_does_not_have() -> None:
    library = Hvpm([])
    with pytest.raises(MeterError, match="not 20"):
        Monsoon(library, SteppingClock(), volts=20)
    assert library.calls == []


@pytest.mark.parametrize(
    ("module", "opener"),
    [("pyjoulescope_driver", joulescope.own_driver), ("Monsoon", monsoon.own_library)],
)
def test_a_library_that_is_not_installed_names_its_extra(
    module: str, opener: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as import sees a module that is not there
    with pytest.raises(MeterError, match=r"pip install inferometer\["):
        opener()
