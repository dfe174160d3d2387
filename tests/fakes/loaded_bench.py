"""A device under load: a WT310E and a hwmon sensor that both follow what the agent's steps say.

The agent writes down each step of its load as it begins; power here is a straight line of the
level of the last step. The meter shows that power; the sensor, a file under a folder that stands
in for /sys/class, shows it with a known gain, offset and lag.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.instruments import POINTS
from tests.fakes.meters.serving import on_tcp
from tests.fakes.meters.wt310e import Wt310e

UPDATE_S = 0.1
IDLE_W, LOAD_W = 6.0, 8.0
GAIN, OFFSET_W, LAG_UPDATES = 0.93, 0.4, 3
LAG_S = LAG_UPDATES * UPDATE_S
CHANNEL = "hwmon.board.soc.power"


@dataclass(slots=True)
class Bench:
    """store: where the agent spools. classes: in place of /sys/class. level: of the load."""

    store: Path
    classes: Path
    port: int = 0
    level: float = 0.0

    def look(self) -> None:
        """Take the level of the step that the agent is in from what it wrote down last."""
        spools = sorted(self.store.rglob("events.tsv"), key=lambda p: p.stat().st_mtime_ns)
        for line in spools[-1].read_text().splitlines()[-2:] if spools else ():
            fields = line.split("\t")
            if "step_start" in fields or "step_end" in fields:
                args = json.loads(next(f for f in fields if f.startswith("{")))
                self.level = args["level"] if "step_start" in fields else 0.0

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
    bench, double, stop = Bench(store, classes), Wt310e(), threading.Event()

    def updates() -> None:
        late, tick = deque([IDLE_W] * (LAG_UPDATES + 1), LAG_UPDATES + 1), 0
        while not stop.wait(UPDATE_S):
            tick += 1
            bench.look()
            power_w = IDLE_W + LOAD_W * bench.level + 0.01 * (tick % 3)
            double.tick({"U": "12.00E+00", "I": f"{power_w / 12:.3E}", "P": f"{power_w:.4E}"})
            late.append(power_w)
            shown_uw = round((GAIN * corrected(late[0]) + OFFSET_W) * 1e6)
            with sensor.open("r+b") as file:
                file.write(f"{shown_uw:012d}\n".encode())

    ticking = threading.Thread(target=updates, daemon=True)
    with on_tcp(double) as bench.port:
        ticking.start()
        try:
            yield bench
        finally:
            stop.set()
            ticking.join()
