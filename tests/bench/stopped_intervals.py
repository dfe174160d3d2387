"""How often the 95 % interval of a campaign that stops at a width holds the truth, by simulation.

python -m tests.bench.stopped_intervals [CASES]: units without drift or autocorrelation, spread 1,
true difference 0, the looks of `host/campaign/stopping.py`. A width is small where the spread of
the units so far happens to be small, so an interval that ended a campaign is a little too short;
claims are made at a level that allows for it.
"""

from __future__ import annotations

import sys

import numpy as np

from host.campaign.analyse import LEVEL
from host.campaign.stopping import claim_level, looks
from host.compare.critical import student
from host.handover.campaign import StopRule

CASES, SEED = 20_000, 1
STAGES = ((6, 6), (3, 24), (4, 16), (6, 24), (10, 40))
# Wanted width over the spread of a unit: from one that takes all looks to one that takes one.
WIDTHS = (0.5, 0.8, 1.0, 1.2, 1.5)


def shares(least: int, most: int, width: float, cases: int) -> tuple[float, float]:
    """(share of intervals that hold the truth, share of claims although nothing differs)."""
    rule = StopRule("decode_rate", "ratio", 0.5, least, most)
    stages, level = looks(rule, 1), claim_level(rule, 1)
    units = np.random.default_rng(SEED).normal(size=(cases, most))
    done, held, claimed = (np.zeros(cases, dtype=bool) for _ in range(3))
    for n in stages:
        mean, u = units[:, :n].mean(axis=1), units[:, :n].std(axis=1, ddof=1) / np.sqrt(n)
        expanded = student(1 - LEVEL / 2, n - 1) * u
        ends = ~done & ((expanded <= width) | (n == most))
        held |= ends & (np.abs(mean) <= expanded)
        claimed |= ends & (np.abs(mean) > student(1 - level / 2, n - 1) * u)
        done |= ends
    return float(held.mean()), float(claimed.mean())


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    for least, most in STAGES:
        for width in WIDTHS:
            held, claimed = shares(least, most, width, cases)
            said = (
                f"min {least} max {most} width {width}: held {held:.3f}, claimed {claimed:.3f}\n"
            )
            sys.stdout.write(said)


if __name__ == "__main__":
    main()
