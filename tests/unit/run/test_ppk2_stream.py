"""A PPK2 that streams 100,000 words a second in real time into a recorder of its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from host.align.meters import Metered, meters_in
from host.handover.trace import Series, Window
from host.reduce.energy import meter_of
from host.reduce.power import power_results
from tests.fakes.meters.ppk2_live import RATE_HZ, Ppk2Live, ppk2_live
from tests.fakes.shells import until
from tests.fakes.traces import Shape, attempt, requests

S = 1_000_000_000
SETTINGS = json.dumps({"mode": "source", "vdd_mv": 3700, "power": True})


@contextmanager
def recorder(data: Path, path: str) -> Iterator[subprocess.Popen[str]]:
    module = "tests.fakes.meters.recording_process"
    argv = [sys.executable, "-m", module, str(data), "p", "ppk2", f"serial:{path}", SETTINGS]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "recording\n"
        yield process


def power(metered: Metered, window: Window) -> Series:
    return next(s for s in metered.beside(window) if s.channel == "meter.p.power")


def streamed(live: Ppk2Live, seconds: float) -> None:
    """Wait until it has made so much more."""
    goal = live.made + round(seconds * RATE_HZ)
    until("so much was streamed", lambda: live.made >= goal)


def kept(data: Path, seconds: float) -> None:
    """Wait until so much is on the disk."""
    path, size = data / "meters/p/1/samples-p.bin", round(4 * seconds * RATE_HZ)
    until("so much was kept", lambda: path.stat().st_size >= size)


@contextmanager
def stopped(*processes: psutil.Process) -> Iterator[None]:
    for process in processes:
        process.suspend()
    yield
    for process in processes:
        process.resume()


def test_a_stopped_machine_loses_what_the_arrivals_say_and_the_window_says_so(
    tmp_path: Path,
) -> None:
    live = Ppk2Live()
    with ppk2_live(live) as path, recorder(tmp_path, path) as process:
        host = psutil.Process(process.pid)
        (drain,) = host.children()
        streamed(live, 1.2)
        with stopped(host, drain):
            streamed(live, 1.0)
        streamed(live, 1.2)
        process.communicate()
    metered = meters_in(tmp_path, None, same_clock=True)
    assert metered.faults == ()
    (recording,) = metered.recordings
    lost = [count for _, count, _ in recording.blocks.lost]
    read = int(recording.blocks.runs.numbers(np.array([len(recording.blocks.rows) - 1]))[0])
    dropped = [len(numbers) for numbers in live.dropped if numbers.start < read]
    assert max(dropped) > RATE_HZ / 2
    # The counter alone tells it but for multiples of 64; where those are wrong, the bound says so.
    assert [n % 64 for n in lost] == [n % 64 for n in dropped]
    wrong_ns = abs(sum(lost) - sum(dropped)) * S / RATE_HZ
    assert wrong_ns <= recording.fit.width_ns
    series = power(metered, Window(live.begun_ns, live.begun_ns + 3 * S))
    assert any(f"({max(lost)} samples, " in gap.reason for gap in series.gaps)
    shape = Shape(output_tokens=2, ttft_ns=S, tpot_ns=S * 9 // 5)
    over_it = attempt(requests([shape], t0_ns=live.begun_ns + S // 5), [series])
    told = {(o.measurand, o.scope): o.missing for o in power_results([over_it])}
    assert told["energy@1", "request"].partition(":")[0] in ("hole", "unobserved")


def test_a_stopped_host_loses_nothing_and_the_energy_is_what_was_drawn(tmp_path: Path) -> None:
    live = Ppk2Live(room_words=RATE_HZ)  # of a second: the machine of a test may be busy
    with ppk2_live(live) as path, recorder(tmp_path, path) as process:
        streamed(live, 0.5)
        with stopped(psutil.Process(process.pid)):
            streamed(live, 1.0)  # the process that drains the line has 2.6 s of room
        kept(tmp_path, 2.5)
        process.communicate()
    metered = meters_in(tmp_path, None, same_clock=True)
    (recording,) = metered.recordings
    assert (live.dropped, recording.blocks.lost, metered.faults) == ([], (), ())
    series = power(metered, Window(live.begun_ns, live.begun_ns + 2 * S))
    window = Window(live.begun_ns + S // 2, live.begun_ns + S * 19 // 10)
    found = meter_of(series).over(window)
    bound_s = (recording.behind_ns + recording.fit.width_ns) / S
    step_w = float(np.ptp(series.values))
    true_j = live.joules(window.start_ns, window.end_ns)
    assert abs(found.value - true_j) <= found.half_width + 2 * bound_s * step_w
    assert abs(found.value / true_j - 1) < 0.05


def test_a_killed_host_leaves_a_prefix_that_is_read(tmp_path: Path) -> None:
    live = Ppk2Live()
    with ppk2_live(live) as path, recorder(tmp_path, path) as process:
        kept(tmp_path, 0.5)
        process.kill()
        process.communicate()
    assert not (tmp_path / "meters/p/1/end.json").exists()
    metered = meters_in(tmp_path, None, same_clock=True)
    assert {f.fault for f in metered.faults} <= {"torn"}
    series = power(metered, Window(live.begun_ns, live.begun_ns + S))
    assert len(series.values) > 300  # means of a millisecond each
