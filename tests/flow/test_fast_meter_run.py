"""A whole measurement beside a PPK2 that streams 100,000 words a second in real time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from host.align.read import read_run
from host.handover.equipment import Connection
from host.reduce.phases import REQUEST, windows
from tests.fakes.command import Command, small_plan
from tests.fakes.instruments import equipment, instrument, write
from tests.fakes.meters.ppk2_live import RATE_HZ, Ppk2Live, ppk2_live


def test_the_energy_of_a_request_is_what_the_device_drew_within_its_uncertainty(
    command: Command, tmp_path: Path
) -> None:
    live = Ppk2Live(room_words=RATE_HZ)  # of a second: the machine of a test may be busy
    with ppk2_live(live) as serial:
        settings: dict[str, str | int | float | bool] = {
            "mode": "source",
            "vdd_mv": live.vdd_mv,
            "power": True,
        }
        feed = instrument(
            id="feed",
            kind="external_meter",
            channels=("meter.feed.*",),
            certificate=(),
            connect=Connection("ppk2", f"serial:{serial}", settings),
        )
        path = write(tmp_path / "lab", equipment(feed))
        plan = small_plan(tmp_path / "plan.toml", items=["assistant-tea-en"])
        argv = ("--plan", plan, "--equipment", path, "--runs", tmp_path / "runs", "--json")
        done = command("measure", *argv)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    root = Path(said["run"])
    place = root / "data/meters/feed/1"
    end = json.loads((place / "end.json").read_bytes())
    assert end["failed"] == ""
    told = {s["stream"]: s for s in end["streams"]}
    assert told["samples-feed"]["size_bytes"] == (place / "samples-feed.bin").stat().st_size
    assert "samples" in json.loads((place / "meter.json").read_bytes())
    (energy,) = (
        r
        for r in said["results"]
        if (r["source"], r["measurand_id"], r["scope"])
        == ("meter.feed.power", "energy@1", "request")
    )
    assert (energy["tier"], energy["unit"]) == ("A-", "J")
    for attempt in read_run(root).run.counted():
        found = windows(attempt, REQUEST)
        drawn_j = sum(live.joules(w.start_ns, w.end_ns) for w in found)
        (power,) = (s for s in attempt.series if s.channel == "meter.feed.power")
        # An edge is as sure as the stamps around a reading, times what the power steps by.
        edge_s = float((power.t1_ns - power.t0_ns).max()) * 1e-9
        bound_j = 2 * len(found) * (edge_s + 1e-3) * float(np.ptp(power.values))
        value_j = float(dict(energy["by_attempt"])[attempt.number])
        assert abs(value_j - drawn_j) <= bound_j
        assert bound_j < drawn_j
    verified = json.loads(command("verify", said["run"], "--json").stdout)
    assert verified["findings"] == []
