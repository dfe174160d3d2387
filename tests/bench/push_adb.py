"""Prints how fast a push is over `adb push` of the same file to the same adbd, in pairs.

    python tests/bench/push_adb.py --pairs 20 --mebibytes 256 --megabits 320

A real adbd in its own network namespace, one adb server, Google's adb as the other program. A
pair is one push by our transport and one by `adb push`; which comes first is drawn. The file's
bytes do not compress. The ratio is `adb push`'s time over ours: above 1 we are faster. Printed
are the median of the ratios with its distribution-free 95 % interval and the rates, for a new
file, for the second half of one, for `adb pull`, and for adb-direct. Budget for a new file:
>= 0.9. `adb push` starts a process, as it does for everybody.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from host.evaluate.quantile import order_interval, quantile
from host.transport import adb, adb_direct
from host.transport.adbd.server import private, program
from host.transport.base import Transport, output
from tests.fakes.ends.adbd_end import ROOT, running
from tests.fakes.phone.phone import Phone

SEED = 1


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compared(
    what: str, size: int, ours: Callable[[], object], theirs: Callable[[], object], pairs: int
) -> None:
    """Print one line for so many interleaved pairs after one that warms up."""
    draw = random.Random(SEED)  # noqa: S311 - an order, no secret
    ratios: list[float] = []
    rates: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs + 1):
        order = [ours, theirs]
        if draw.random() < 0.5:
            order.reverse()
        took = {run: seconds(run) for run in order}
        if number:
            ratios.append(took[theirs] / took[ours])
            for rate, run in zip(rates, (ours, theirs), strict=True):
                rate.append(size / took[run] / 1e6)
    ordered = sorted(ratios)
    interval = order_interval(ordered, 0.5)
    mine, other = (statistics.median(rate) for rate in rates)
    sys.stdout.write(
        f"{what:20} {quantile(ordered, 0.5):.3f} [{interval.low or 0:.3f}, "
        f"{interval.high or 0:.3f}] (95 %), n = {pairs}; {mine:.0f} against {other:.0f} MB/s\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--megabits", type=int, help="of the link a second; without, no limit")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "phone") as phone:
        place = Path(folder)
        if asked.megabits:
            narrow(phone, asked.megabits)
        server = private(place)
        transport = adb.connect(phone.address, server)
        direct = adb_direct.connect(phone.address, place / "adbkey")
        google = [program(), "-L", str(server), "-s", phone.address]
        bench(transport, direct, google, place, asked.mebibytes << 20, asked.pairs)
        direct.close()
        transport.close()


def narrow(phone: Phone, megabits: int) -> None:
    """Limit the cable both ways, as USB 2 or Wi-Fi does (tc-tbf(8))."""
    near = f"{phone.net.device.removesuffix('f')}n"
    for at, device in (([], near), (phone.net.inside([]), phone.net.device)):
        tc = [*at, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", f"{megabits}mbit"]
        subprocess.run([*tc, "burst", "256kb", "latency", "50ms"], check=True)


def bench(
    transport: Transport, direct: Transport, google: list[str], place: Path, size: int, pairs: int
) -> None:
    """Every comparison, each followed by a proof of what lies there."""

    def plain(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run([*google, *words], check=True, capture_output=True)

    src, second, there = place / "src", place / "second", ROOT / "ours"
    src.write_bytes(os.urandom(size))
    half = size // 2
    second.write_bytes(src.read_bytes()[half:])
    push = plain("push", str(src), str(ROOT / "plain"))
    compared("push, new file", size, lambda: transport.push(src, there), push, pairs)
    prove(transport, src)
    push_half = plain("push", str(second), str(ROOT / "half"))
    rest = size - half
    compared(
        "push, second half",
        rest,
        lambda: transport.push(src, there, offset=half),
        push_half,
        pairs,
    )
    prove(transport, src)
    pull = plain("pull", str(there), str(place / "plain"))
    compared("pull", size, lambda: transport.pull(there, place / "back"), pull, pairs)
    compared("adb-direct push", size, lambda: direct.push(src, there), push, pairs)
    prove(direct, src)


def prove(transport: Transport, src: Path) -> None:
    """What was pushed is what was meant. Raises AssertionError."""
    said = output(transport, ["sha256sum", str(ROOT / "ours")], timeout_s=300)
    assert said.split()[0].decode() == hashlib.sha256(src.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
