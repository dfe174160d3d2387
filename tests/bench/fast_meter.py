"""Prints what fast meters cost: an hour at 1 kHz reduced, and a PPK2 at 100 kS/s recorded.

    python tests/bench/fast_meter.py hour [ppk2]
    python tests/bench/fast_meter.py stream [seconds]

The hour is written by the recorder's own writer. CPU time and the peak of resident memory are of
reading, aligning and reducing alone; memory above what the imports took is told apart.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from collectors.meters.layout import WORD, Layout, plain, readings_of, told
from collectors.meters.ppk2 import RATE_HZ, Ppk2, Wanted
from collectors.meters.protocol import Block
from collectors.meters.usb_fields import amperes, celsius, volts, watts
from collectors.reading import Channel
from host.align.meters import meters_in
from host.handover.trace import Window
from host.reduce.power import power_results
from host.run.folder import write_json
from host.run.samples import SampleWriter
from tests.fakes.clock import ScriptedClock, SteppingClock
from tests.fakes.meters.far_lines import far_end
from tests.fakes.meters.ppk2_end import Ppk2End
from tests.fakes.meters.ppk2_live import Ppk2Live, ppk2_live
from tests.fakes.traces import Shape, attempt, requests

HOUR_S = 3600
BLOCK_S = 0.01
NS = 1_000_000_000
# 64 requests of 55 s each in the hour, after 10 s.
SHAPE = Shape(output_tokens=1000, ttft_ns=5 * NS, tpot_ns=50_000_000)
REQUESTS = 64


def four_channels() -> tuple[Layout, tuple[Channel, ...]]:
    """Voltage, current, power and temperature, a sample each millisecond."""
    fields = (
        volts("m.voltage", "bench", 1.0),
        amperes("m.current", "bench", 1.0),
        watts("m.power", "bench"),
        celsius("m.temperature", "bench", 1.0),
    )
    channels = tuple(f.channel for f in fields)
    return plain(channels, 1000.0), channels


def ppk2() -> tuple[Layout, tuple[Channel, ...]]:
    """What a PPK2 says of its words."""
    end = Ppk2End()
    with far_end(lambda data: [end.hear(data[:1])]) as line:
        meter = Ppk2(line, SteppingClock(), Wanted("source", 3700), "m")
        return meter.layout, meter.describe()


def blocks(layout: Layout) -> Iterator[Block]:
    """An hour of blocks of 10 ms, late by up to 2 ms."""
    rng = np.random.default_rng(1)
    count = round(layout.rate_hz * BLOCK_S)
    for number in range(round(HOUR_S / BLOCK_S)):
        first = number * count
        received_ns = (
            NS + round((first + count) * NS / layout.rate_hz) + int(rng.integers(2_000_000))
        )
        if layout.columns[0][0] == WORD:
            counters = np.arange(first, first + count) % 64
            words = (500 + counters | 4 << 14 | counters << 18).astype(np.uint32)
            yield Block(first, received_ns, {}, words=words)
        else:
            made = 5 + rng.random((len(layout.gives), count))
            yield Block(first, received_ns, dict(zip(layout.gives, made, strict=True)))


def written(data: Path, layout: Layout, channels: tuple[Channel, ...]) -> None:
    """The folder of a meter as a run leaves it."""
    place = data / "meters" / "m" / "1"
    place.mkdir(parents=True)
    writer = SampleWriter(place, "m", layout, ScriptedClock([0]))
    for block in blocks(layout):
        writer.add(block)
    writer.close()
    said = [
        {"name": c.name, "unit": c.unit.value, "kind": c.kind.value, "quantity": c.quantity.value}
        for c in readings_of(layout, channels)
    ]
    write_json(place / "meter.json", {"channels": said, "samples": told(layout)})


def reduce(data: Path) -> None:
    """What `verify` does of it."""
    before_kib, before_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    metered = meters_in(data, None, same_clock=True)
    asked = requests([SHAPE] * REQUESTS, t0_ns=11 * NS)
    series = metered.beside(Window(NS, (HOUR_S + 1) * NS))
    aligned_s = time.process_time() - before_s
    found = power_results([attempt(asked, series)])
    took_s = time.process_time() - before_s
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values = sum(len(one.by_attempt) for one in found)
    sys.stdout.write(
        f"{sum(len(s.values) for s in series)} readings of {len(series)} channels,"
        f" {values} results: {took_s:.2f} s of CPU ({aligned_s:.2f} s to align),"
        f" peak {peak_kib >> 10} MiB, {(peak_kib - before_kib) >> 10} MiB above the imports\n"
    )


def stream(seconds: float) -> None:
    """A PPK2 in real time into a recorder of its own process."""
    live = Ppk2Live()
    settings = json.dumps({"mode": "source", "vdd_mv": live.vdd_mv, "power": True})
    with tempfile.TemporaryDirectory() as folder, ppk2_live(live) as path:
        module = "tests.fakes.meters.recording_process"
        argv = [sys.executable, "-m", module, folder, "p", "ppk2", f"serial:{path}", settings]
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            while live.made < seconds * RATE_HZ:
                time.sleep(0.1)
            said, _ = process.communicate()
        recording = meters_in(Path(folder), None, same_clock=True).recordings[0]
    end = json.loads(said.splitlines()[-1])
    took_s = live.made / RATE_HZ
    lost = sum(count for _, count, _ in recording.blocks.lost)
    reads, drains = (f"{end[name] / took_s:.1%}" for name in ("cpu_s", "drain_s"))
    sys.stdout.write(
        f"{len(recording.blocks.rows)} samples kept of {live.made} made in {took_s:.1f} s,"
        f" {lost} lost; recorder {reads}, drain {drains} of a core; rate found"
        f" {1e9 / recording.fit.slope:.2f} Hz, width {recording.fit.width_ns / 1e3:.0f} us\n"
    )


def main() -> None:
    """Do what was asked for."""
    what, *rest = sys.argv[1:] or ["hour"]
    if what == "stream":
        stream(float(rest[0]) if rest else 10.0)
    elif what == "reduce":
        reduce(Path(rest[0]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            written(Path(folder), *(ppk2() if rest else four_channels()))
            subprocess.run([sys.executable, __file__, "reduce", folder], check=True)


if __name__ == "__main__":
    main()
