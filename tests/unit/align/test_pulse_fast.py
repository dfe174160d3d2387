"""A meter that sends by itself is judged by the load pulses as a polled one is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from collectors.meters.layout import Layout, told
from collectors.meters.protocol import Block
from host.align.meters import Metered, meters_in
from host.align.pulse_check import Known, barred, checked
from host.align.pulses import Pattern
from host.run.folder import write_json
from host.run.samples import SampleWriter
from tests.fakes.clock import ScriptedClock
from tests.fakes.pulse_bench import patterns

MS = 10**6
CLOCK = "monotonic_raw@boot"
NAME = "meter.m.power"


def recorded(data: Path, played: tuple[Pattern, ...], late_ms: int) -> Metered:
    """A kilohertz of 5 W and 4 W of load, from before the first pattern to after the last."""
    place = data / "meters/m/1"
    place.mkdir(parents=True)
    layout = Layout(((NAME, "<f8"),), 1000.0, (NAME,))
    writer = SampleWriter(place, "m", layout, ScriptedClock([0]))
    begin_ns, end_ns = int(played[0].t_ns[0]) - 1000 * MS, int(played[-1].t_ns[-1]) + 1000 * MS
    t_ns = np.arange(begin_ns, end_ns, MS)
    watts = np.full(len(t_ns), 5.0)
    for pattern in played:
        at = np.searchsorted(pattern.t_ns, t_ns - late_ms * MS, side="right") - 1
        inside = (at >= 0) & (at < len(pattern.load))
        watts[inside] += 4 * pattern.load[at[inside]]
    for first in range(0, len(t_ns), 100):
        part = watts[first : first + 100]
        writer.add(Block(first, begin_ns + (first + len(part)) * MS, {NAME: part}))
    writer.close()
    channel = {"name": NAME, "unit": "W", "kind": "instant", "quantity": "power"}
    write_json(place / "meter.json", {"channels": [channel], "samples": told(layout)})
    return meters_in(data, None, same_clock=True)


@pytest.mark.parametrize(("late_ms", "verdict"), [(0, "agrees"), (400, "outside")])
def test_a_fast_meter_is_judged_by_the_pulses(tmp_path: Path, late_ms: int, verdict: str) -> None:
    played = patterns()
    metered = recorded(tmp_path, played, late_ms)
    known = Known(played, frozenset({CLOCK}), CLOCK, 100_000, 2.0)
    (found,) = checked(metered, known)
    assert (found.channel, found.verdict, found.reason) == (NAME, verdict, "")
    assert found.lag is not None
    assert abs(found.lag.lag_ns - late_ms * MS) <= 5 * MS
    marked = barred(metered, [found]).around([])
    assert [s.barred.partition(":")[0] for s in marked] == ["meter-out-of-time" if late_ms else ""]
    (unasked,) = checked(metered, None)
    assert unasked.reason == "not-asked"
