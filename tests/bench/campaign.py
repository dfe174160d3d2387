"""Prints how often a campaign claims a difference where there is none, and finds one of 2 %.

    python -m tests.bench.campaign [--cases 200] [--blocks 20] [--only randomised,abba]

Two cells in a simulated bench: level x drift x noise. The order, the warm-up rule, the looks, the
analysis and the level of claims are the shipped ones; only the values are simulated. The noise is
an AR(1) over visits (phi 0.3 to 0.6) with a spread as warm devices show it, the drifts are those
that the field reports (ratios of the last to the first rate):

- a steady fall of 33 % (204.8 to 137.9 token/s on a laptop without a pause, mlx-lm#1010)
- an exponential one of 19 % (367 to 298 token/s in five runs, nntrainer#3811)
- an exponential one of 44 % in eight runs (TinyBench, a phone)
- a warm-up of 9 % whose spread falls away (8.97 % CV with one warm-up, 2.06 % with three,
  OmniInfer#257), and none at all

`fixed`: the same values and the same analysis with an order that always visits A first (A B A B),
`apart`: all visits of A, then all of B, `usual`: the same and two means with Welch's t, as most
tools do. The product orders and analyses nothing so; each is told for every drift.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from host.campaign.analyse import LEVEL, Seen, contrast, holm, ratio_of, units_of
from host.campaign.design import order, unit_of, warm_up_order
from host.campaign.stopping import blocks_for, claim_level, look, stable, width_of_ratio
from host.compare.critical import student_below
from host.handover.campaign import Design, StopRule, WarmUpRule

CELLS = ("A", "B")
WARM_UP = WarmUpRule(window=3, relative_spread=0.03, relative_slope=0.03, max=8)
DIFFERENCE = 0.02
SPREAD = 0.0206  # coefficient of variation after three warm-ups, OmniInfer#257
PHIS = (0.3, 0.45, 0.6)
Drift = Callable[[float], float]
# Of the visit's number, 0 the first one; 60 visits are a campaign with its warm-up.
DRIFTS: dict[str, Drift] = {
    "none": lambda _: 1.0,
    "steady 33 %": lambda t: 1 - 0.33 * min(t / 60, 1.0),
    "exponential 19 %": lambda t: 1 - 0.19 * (1 - exp(-t / 2)),
    "exponential 44 %": lambda t: 1 - 0.44 * (1 - exp(-t / 4)),
    "warm-up 9 %": lambda t: 1 - 0.09 * exp(-t / 1.5),
}


@dataclass
class Bench:
    """A device that drifts. phi, spread: of the noise; difference: of B over A, relative."""

    drift: Drift
    phi: float
    spread: float
    difference: float
    draw: np.random.Generator
    visits: int = 0
    noise: float = 0.0

    def visit(self, cell: str) -> float:
        """The rate of one visit."""
        fresh = self.draw.normal() * self.spread
        before = self.visits > 0
        self.noise = self.phi * self.noise + sqrt(1 - self.phi**2) * fresh if before else fresh
        value = 100.0 * self.drift(self.visits) * exp(self.noise)
        self.visits += 1
        return value * (1 + self.difference if cell == "B" else 1.0)


def campaign(bench: Bench, design: Design, stop: StopRule, seed: int) -> bool:
    """Whether a whole campaign claims a difference: warm-up, looks, stop, Holm."""
    warm: dict[str, list[float]] = {cell: [] for cell in CELLS}
    for block in range(1, WARM_UP.max + 1):
        for cell in warm_up_order(CELLS, seed, block):
            warm[cell].append(bench.visit(cell))
        if all(stable(values, WARM_UP) for values in warm.values()):
            break
    unit = unit_of(design, len(CELLS))
    seen: dict[str, dict[int, Seen]] = {cell: {} for cell in CELLS}
    for block in range(1, stop.max + 1):
        for place, cell in enumerate(order(design, CELLS, seed, block)):
            seen[cell][block] = Seen(bench.visit(cell), place)
        found = contrast(*units_of(seen["A"], seen["B"], unit), design)
        widths = [] if found == "few" else [width_of_ratio(ratio_of(found))]
        now = look(stop, unit, block, widths)
        if now is not None and now.ends:
            break
    return _claims(seen, design, unit, claim_level(stop, unit))


def unplanned(bench: Bench, blocks: int, *, apart: bool) -> bool:
    """The same analysis of an order that nobody drew."""
    seen: dict[str, dict[int, Seen]] = {cell: {} for cell in CELLS}
    visits = [(cell, block) for block in range(1, blocks + 1) for cell in CELLS]
    for cell, block in sorted(visits) if apart else visits:
        seen[cell][block] = Seen(bench.visit(cell), CELLS.index(cell))
    return _claims(seen, "randomised", 1, LEVEL)


def welch(bench: Bench, visits: int) -> bool:
    """Two means of `visits` each, one set after the other, as unpaired samples (Welch 1947)."""
    a, b = ([bench.visit(cell) for _ in range(visits)] for cell in CELLS)
    first, second = np.var(a, ddof=1) / visits, np.var(b, ddof=1) / visits
    u = sqrt(float(first + second))
    nu = float((first + second) ** 2 / ((first**2 + second**2) / (visits - 1)))
    return 2 * student_below(-abs(float(np.mean(b) - np.mean(a))) / u, nu) <= LEVEL


def _claims(seen: dict[str, dict[int, Seen]], design: Design, unit: int, level: float) -> bool:
    found = contrast(*units_of(seen["A"], seen["B"], unit), design)
    return found != "few" and holm([ratio_of(found).p_value], level)[0]


def unit_spread(design: Design, phi: float) -> float:
    """Standard deviation of a unit's mean ln(B / A) under the noise alone, from its covariance."""
    sizes = {"randomised": [-1, 1], "abba": [-1, 1, 1, -1], "latin": [-1, 1, 1, -1]}
    weights = np.array(sizes[design]) / (len(sizes[design]) / 2)
    lags = np.abs(np.subtract.outer(np.arange(len(weights)), np.arange(len(weights))))
    return SPREAD * sqrt(float(weights @ (phi**lags) @ weights))


def cases(count: int) -> list[tuple[str, float, int]]:
    """(drift, phi, seed): all kinds of drift and noise in turn."""
    kinds = [(drift, phi) for drift in DRIFTS for phi in PHIS]
    return [(*kinds[number % len(kinds)], number) for number in range(count)]


def share(found: Sequence[bool]) -> str:
    """Claims among the cases as text, with the interval that so many cases give (95 %, Wilson)."""
    hits, count, z = sum(found), len(found), 1.96
    rate = hits / count
    middle = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z * sqrt(rate * (1 - rate) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return f"{hits:4d} of {count} = {rate:6.1%}  [{middle - half:.1%}, {middle + half:.1%}]"


def bench_of(drift: str, phi: float, seed: int, difference: float) -> Bench:
    draw = np.random.default_rng([seed, 20261127])
    return Bench(DRIFTS[drift], phi, SPREAD, difference, draw)


def say(line: str) -> None:
    """A line at once, since the next one takes its time."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def designed(design: Design, count: int, blocks: int) -> None:
    """Print claims of a drawn design where nothing differs, and where 2 % do."""
    unit = unit_of(design, len(CELLS))
    fixed = StopRule("decode_rate", "ratio", 0.0001, blocks, blocks)
    staged = StopRule("decode_rate", "ratio", 0.01, blocks // 2, blocks)
    stated = {phi: blocks_for(DIFFERENCE, unit_spread(design, phi), unit=unit) for phi in PHIS}

    def all_of(difference: float, stop: Callable[[float], StopRule]) -> list[bool]:
        return [
            campaign(bench_of(drift, phi, seed, difference), design, stop(phi), seed)
            for drift, phi, seed in cases(count)
        ]

    def enough(phi: float) -> StopRule:
        return StopRule("decode_rate", "ratio", 0.0001, stated[phi], stated[phi])

    say(f"{design:<11} A/A, {blocks} blocks  {share(all_of(0.0, lambda _: fixed))}")
    looked = f"looks at {blocks // 2}, {blocks}"
    say(f"{design:<11} A/A, {looked}  {share(all_of(0.0, lambda _: staged))}")
    said = ", ".join(map(str, stated.values()))
    say(f"{design:<11} 2 %, {said} blocks  {share(all_of(DIFFERENCE, enough))}")


def undesigned(name: str, count: int, claims: Callable[[Bench], bool]) -> None:
    """Print claims of an order that nobody drew, where nothing differs, for each drift."""
    for drift in DRIFTS:
        found = [
            claims(bench_of(drift, phi, seed, 0.0))
            for kind, phi, seed in cases(count * len(DRIFTS))
            if kind == drift
        ]
        say(f"{name:<11} A/A, drift {drift:<16} {share(found)}")


def main(argv: Sequence[str] | None = None) -> None:
    """Print the figures of every design."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--only", default="randomised,abba,latin,undesigned")
    asked = parser.parse_args(argv)
    only = asked.only.split(",")
    designs: tuple[Design, ...] = ("randomised", "abba", "latin")
    for design in designs:
        if design in only:
            designed(design, asked.cases, asked.blocks)
    if "undesigned" not in only:
        return
    undesigned("fixed", asked.cases, lambda it: unplanned(it, asked.blocks, apart=False))
    undesigned("apart", asked.cases, lambda it: unplanned(it, asked.blocks, apart=True))
    undesigned("usual", asked.cases, lambda it: welch(it, asked.blocks))


if __name__ == "__main__":
    main()
