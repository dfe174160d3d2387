"""A device under load: a WT310E and a hwmon sensor that both follow what the agent's steps say.

The agent writes down each step of its load with the moment at which it begins; power here is a
straight line of the level at each moment. The meter shows the mean of that power over its update,
as the real one does. The sensor, a file under a folder that stands in for /sys/class, shows a
momentary power with a known gain, offset and lag.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from collectors.clocks import device_clock
from tests.fakes.instruments import POINTS
from tests.fakes.meters.serving import on_tcp
from tests.fakes.meters.wt310e import Wt310e

UPDATE_S = 0.1
IDLE_W, LOAD_W = 6.0, 8.0
GAIN, OFFSET_W = 0.93, 0.4
# How old what the sensor shows is on average. A value stays for an update, so it is taken of a
# moment half an update nearer than that.
LAG_S = 0.3
_HELD_S = LAG_S - UPDATE_S / 2
FIELDS = 5  # of a line of events.tsv
CHANNEL = "hwmon.board.soc.power"


@dataclass(slots=True)
class Bench:
    """store: where the agent spools. classes: in place of /sys/class.

    changes: moments of the device's clock at which the level of the load changed, ns, and to what.
    """

    store: Path
    classes: Path
    port: int = 0
    changes: list[tuple[int, float]] = field(default_factory=lambda: [(0, 0.0)])

    def hold(self, level: float) -> None:
        """From now on."""
        self.changes.append((device_clock().now_ns(), level))

    def look(self) -> None:
        """Take the level of the step that the agent is in from what it wrote down last."""
        spools = sorted(self.store.rglob("events.tsv"), key=lambda p: p.stat().st_mtime_ns)
        for line in spools[-1].read_text().splitlines()[-4:] if spools else ():
            fields = line.split("\t")  # number, ns, event, arguments, check; the last may be cut
            told = len(fields) == FIELDS and fields[2] in {"step_start", "step_end"}
            if told and int(fields[1]) > self.changes[-1][0]:
                level = json.loads(fields[3])["level"] if fields[2] == "step_start" else 0.0
                self.changes.append((int(fields[1]), level))

    def mean_w(self, start_ns: int, end_ns: int) -> float:
        """Mean power over a stretch that has a length."""
        before = [level for t_ns, level in self.changes if t_ns <= start_ns]
        within = [c for c in self.changes if start_ns < c[0] < end_ns]
        levels = [before[-1], *(level for _, level in within)]
        spans = np.diff([start_ns, *(t_ns for t_ns, _ in within), end_ns])
        return IDLE_W + LOAD_W * float(np.average(levels, weights=spans))

    def under(self, argv: list[str]) -> list[str]:
        """A command line that has the sensor. Skips where a folder cannot be put in its place."""
        unshare = shutil.which("unshare")
        if unshare is None or os.geteuid() != 0:
            pytest.skip("a folder in place of /sys/class needs root and unshare")
        mount = f'mount --bind {self.classes} /sys/class && exec "$@"'
        return [unshare, "-m", "sh", "-c", mount, "sh", *argv]


def corrected(shown_w: float) -> float:
    """What the meter's certificate makes of its indication."""
    at, by = ([float(p[i]) for p in POINTS] for i in (0, 1))
    return shown_w + float(np.interp(shown_w, at, by))


@contextmanager
def loaded_bench(store: Path, classes: Path) -> Iterator[Bench]:
    """Meter and sensor are new every 0.1 s, with a ripple of some mW that both show."""
    place = classes / "hwmon/hwmon0"
    place.mkdir(parents=True)
    (place / "name").write_text("board\n")
    (place / "power1_label").write_text("soc\n")
    sensor = place / "power1_input"
    sensor.write_text(f"{0:012d}\n")
    bench, double, stop, clock = Bench(store, classes), Wt310e(), threading.Event(), device_clock()

    def updates() -> None:
        tick, before_ns = 0, clock.now_ns()
        while not stop.wait(UPDATE_S):
            tick, now_ns = tick + 1, clock.now_ns()
            bench.look()
            ripple_w, then_ns = 0.01 * (tick % 3), now_ns - round(_HELD_S * 1e9)
            power_w = bench.mean_w(before_ns, now_ns) + ripple_w
            double.tick({"U": "12.00E+00", "I": f"{power_w / 12:.3E}", "P": f"{power_w:.4E}"})
            late_w = bench.mean_w(then_ns, then_ns + 1) + ripple_w
            shown_uw = round((GAIN * corrected(late_w) + OFFSET_W) * 1e6)
            with sensor.open("r+b") as file:
                file.write(f"{shown_uw:012d}\n".encode())
            before_ns = now_ns

    ticking = threading.Thread(target=updates, daemon=True)
    with on_tcp(double) as bench.port:
        ticking.start()
        try:
            yield bench
        finally:
            stop.set()
            ticking.join()
