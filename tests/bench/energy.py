"""Prints the error of energies on loads that are known, ours and other tools', and the coverage.

    python tests/bench/energy.py [trials] [trials with offsets] [seed]

The second table has the meter's clock off by up to so many ms, within the bound that the record
states; rows are marked as below. 2,000 trials of both take some two hours of one core. Readings
of the kind `numbered` are those of `instantaneous`, of a meter that counts them, stamps them or
has a gate for its updates: a value that repeats is then known to be a new reading. These loads
have no noise, so that of the others nothing tells that they are new while power stands still.

A row is a load, a phase, a kind of source and a rate. `median`, `p95`: of |error| in percent of
the truth over the trials, the phase of the sampling at random. `half`: median half-width of the
interval that is stated for a single attempt, in percent. `covers`: share of the trials that it
holds the truth in. `refused`: share of the trials without a value, with the reason of the first.
Then, for each other tool's rule, the 95th percentile of its |error|. `best` marks rows in which
one of them is better than ours.

The interval is that of a record: the same reduction, and the rows of the same budget, of one
attempt: half-widths of what is bounded added up, and t times u of the scatter of the readings.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np

from host.evaluate.budget_table import terms_of
from host.evaluate.student import coverage_factor, student_t
from host.evaluate.terms import Measured
from host.handover.conditions import Conditions
from host.handover.result import Observation
from host.reduce.power import power_results
from tests.fakes.energy_loads import LOADS, SOURCE_KINDS, Load, SourceKind, metered, seen
from tests.fakes.peer_rules import by_peers

RATES_HZ = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 350.0, 1000.0)
OFFSETS_S = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4)
OFFSET_RATES_HZ = (10.0, 100.0, 1000.0)
TRIALS = 2000
PROCESSES = 2
ALIKE = 0.05  # of the 95th percentile: two that differ by less are alike


@dataclass(frozen=True, slots=True)
class Cell:
    """What is simulated. offset_s: the meter's clock is off by up to so much, evenly."""

    load: Load
    kind: SourceKind
    rate_hz: float
    offset_s: float = 0.0


@dataclass(slots=True)
class Phase:
    """Relative errors of a phase over the trials, signed; half: relative half-widths."""

    errors: list[float] = field(default_factory=list)
    half: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    peers: dict[str, list[float]] = field(default_factory=dict)

    @property
    def covers(self) -> float:
        """Share of the trials with a value whose interval holds the truth."""
        held = np.abs(self.errors) <= np.array(self.half) + 1e-9
        return float(held.mean()) if len(held) else float("nan")

    def p95(self, name: str = "") -> float:
        """95th percentile of |error| of ours, or of another tool's rule, in percent."""
        found = self.peers[name] if name else self.errors
        return 100 * float(np.quantile(np.abs(found), 0.95)) if found else float("nan")


def stated(found: Observation, conditions: Conditions) -> float:
    """Half-width of the interval of a single attempt, J, from the rows of its budget."""
    if found.basis is None:
        raise ValueError("a value of a measurand has a basis")
    ((_, value),) = found.by_attempt
    measured = Measured(found, value, student_t([value]), found.basis, conditions)
    added = [term for term in terms_of(measured) if term.shape == "add"]
    half = sum(abs(t.c) * t.input.half_width for t in added if t.input.half_width is not None)
    scatter = [t.input for t in added if t.input.symbol == "noise" and t.input.u]
    return half + sum(coverage_factor(one.nu) * (one.u or 0.0) for one in scatter)


def simulated(cell: Cell, trials: int, seed: int) -> dict[str, Phase]:
    """Errors of every phase of a load over trials whose phase and offset are drawn."""
    rng = np.random.default_rng(seed)
    made = {phase: Phase() for phase in cell.load.phases}
    for _ in range(trials):
        phase, off = rng.random(), cell.offset_s * (2 * rng.random() - 1)
        readings = seen(cell.load, cell.kind, cell.rate_hz, phase)
        results = power_results([metered(cell.load, readings, cell.rate_hz, off)])
        conditions = Conditions(alignment_bound_ns=round(cell.offset_s * 1e9))
        for result in results:
            if result.measurand == "energy@1" and result.scope in made:
                _take(made[result.scope], cell.load, result, conditions)
        for name, edges in cell.load.phases.items():
            truth = cell.load.truth(name)
            for rule, value in by_peers(readings, *(x - off for x in edges)).items():
                made[name].peers.setdefault(rule, []).append(value / truth - 1)
    return made


def _take(phase: Phase, load: Load, result: Observation, conditions: Conditions) -> None:
    if not result.by_attempt:
        phase.refused.append(result.missing.partition(":")[0])
        return
    truth = load.truth(result.scope)
    phase.errors.append(result.by_attempt[0][1] / truth - 1)
    phase.half.append(stated(result, conditions) / truth)


def _kinds(load: Load) -> tuple[SourceKind, ...]:
    """Whether readings are known to be new decides only where phases are split."""
    return (*SOURCE_KINDS, "numbered") if "prefill" in load.phases else SOURCE_KINDS


def cells() -> Iterator[Cell]:
    for load in LOADS:
        for kind in _kinds(load):
            yield from (Cell(load, kind, rate) for rate in RATES_HZ)


def cells_with_offsets() -> Iterator[Cell]:
    for load in LOADS[:2]:
        for kind in _kinds(load):
            for rate in OFFSET_RATES_HZ:
                yield from (Cell(load, kind, rate, offset) for offset in OFFSETS_S)


def line(cell: Cell, name: str, phase: Phase) -> str:
    """A row of the table."""
    head = f"{cell.load.name:22} {name:8} {cell.kind:14} {cell.rate_hz:6g}"
    head += f" {1000 * cell.offset_s:5g}" if cell.offset_s else ""
    peers = "  ".join(f"{rule} {phase.p95(rule):6.2f}" for rule in phase.peers)
    if not phase.errors:
        ((reason, _),) = Counter(phase.refused).most_common(1)
        return f"{head}  refused ({reason}); the total is given  | {peers}"
    best = min(phase.p95(rule) for rule in phase.peers)
    median = 100 * float(np.median(np.abs(phase.errors)))
    share = len(phase.refused) / (len(phase.refused) + len(phase.errors))
    refused = f" refused {100 * share:.1f} % ({phase.refused[0]})" if phase.refused else ""
    mark = " best" if best < (1 - ALIKE) * phase.p95() - ALIKE / 10 else ""
    mark += " NOT COVERED" if phase.covers < 0.95 else ""
    return (
        f"{head}  {median:6.3f} {phase.p95():6.3f}  half {100 * float(np.median(phase.half)):7.2f}"
        f"  covers {100 * phase.covers:5.1f} %{refused}{mark}  | {peers}"
    )


def main() -> None:
    """Print both tables."""
    given = [int(word) for word in sys.argv[1:]]
    trials, with_offsets, seed = (*given, *(TRIALS, TRIALS, 1)[len(given) :])
    with get_context("fork").Pool(PROCESSES) as pool:
        for table, many in ((cells(), trials), (cells_with_offsets(), with_offsets)):
            asked = [(cell, many, seed) for cell in table]
            for (cell, *_), found in zip(asked, pool.imap(_simulated, asked), strict=True):
                sys.stdout.writelines(f"{line(cell, n, p)}\n" for n, p in found.items())
                sys.stdout.flush()


def _simulated(asked: tuple[Cell, int, int]) -> dict[str, Phase]:
    return simulated(*asked)


if __name__ == "__main__":
    main()
