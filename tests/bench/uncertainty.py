"""Prints what uncertainty budgets cost on this machine.

    python tests/bench/uncertainty.py

The budget is the worked one of the `shared` reference metrology, 1.1: five inputs, one of them
rectangular with 95 % of the variance, so that `both` simulates every time: the dearest case.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from host.evaluate.both import TRIALS, both
from host.evaluate.gum import propagate
from host.evaluate.type_a import autocorrelated
from tests.fakes.inputs import ENERGY_INPUTS, ENERGY_MODEL

REPEATS = 7
BUDGETS = 2000
IN_RECORD = 60
SAMPLES = 60_000  # a minute of power at 1 kHz


def timed(what: str, work: Callable[[], object]) -> None:
    """Print median and range of the seconds that some work takes, after one time more."""
    work()
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    middle = statistics.median(found)
    sys.stdout.write(
        f"{what}: median {middle:.3f} s ({min(found):.3f} to {max(found):.3f}, n = {REPEATS})\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Print everything."""
    samples = [5 + 0.01 * ((i * 7919) % 101) for i in range(SAMPLES)]
    timed(
        f"{BUDGETS} budgets",
        lambda: [propagate(ENERGY_MODEL, ENERGY_INPUTS) for _ in range(BUDGETS)],
    )
    timed(
        f"{IN_RECORD} budgets with {TRIALS} trials each",
        lambda: [both(ENERGY_MODEL, ENERGY_INPUTS, seed=1) for _ in range(IN_RECORD)],
    )
    timed(f"mean of {SAMPLES} autocorrelated samples", lambda: autocorrelated(samples))


if __name__ == "__main__":
    main()
