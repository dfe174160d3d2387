"""A few cells of the bench of energies, seeded: coverage, and error beside other tools' rules.

The whole table is `tests/bench/energy.py`.
"""

import pytest

from tests.bench.energy import Cell, Phase, simulated
from tests.fakes.energy_loads import LOADS, SOURCE_KINDS, SourceKind, prompt, rectangle

pytestmark = pytest.mark.no_cover  # the same lines, hundreds of times

TRIALS = 40
KNOWN_OR_NOT: tuple[SourceKind, SourceKind] = ("numbered", "instantaneous")
CELLS = [
    *(Cell(rectangle(5.0), kind, 1.0) for kind in SOURCE_KINDS),
    *(Cell(prompt(), kind, 10.0) for kind in SOURCE_KINDS),
    Cell(prompt(), "counter", 100.0, offset_s=0.1),
    Cell(prompt(), "numbered", 100.0),
]


def name_of(cell: Cell) -> str:
    return f"{cell.kind}-{cell.rate_hz:g}-{cell.offset_s:g}"


@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_what_is_stated_of_one_attempt_holds_the_truth(cell: Cell) -> None:
    for phase in simulated(cell, TRIALS, 3).values():
        assert not phase.errors or phase.covers >= 0.95


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_the_total_errs_less_than_by_the_best_rule_of_the_tables(kind: SourceKind) -> None:
    """Those have trapezoids for momentary readings, else averages weighted by their overlap."""
    rule = "clipped" if kind == "instantaneous" else "overlap"
    for load in LOADS[:2]:
        found = simulated(Cell(load, kind, 10.0), TRIALS, 4)["request"]
        assert found.p95() < 0.8 * found.p95(rule)


@pytest.mark.parametrize(("kind", "rate_hz"), [("instantaneous", 5.0), ("averaging", 5.0)])
def test_a_phase_that_a_source_cannot_resolve_is_refused_and_the_total_is_given(
    kind: SourceKind, rate_hz: float
) -> None:
    found = simulated(Cell(prompt(), kind, rate_hz), 5, 5)
    assert set(found["prefill"].refused) == {"not-resolvable"}
    assert len(found["request"].errors) == 5


def test_readings_that_a_meter_numbers_split_a_phase_in_which_power_stands_still() -> None:
    known, unsaid = (simulated(Cell(prompt(), k, 350.0), 5, 7)["prefill"] for k in KNOWN_OR_NOT)
    assert set(unsaid.refused) == {"not-resolvable"}
    assert not known.refused
    assert known.p95() < 0.8 * known.p95("clipped")


def test_a_prompt_of_which_no_reading_fell_on_prefill_is_refused() -> None:
    found: Phase = simulated(Cell(prompt(), "instantaneous", 1.0), TRIALS, 6)["request"]
    # One reading a second misses 0.8 s in one of five trials.
    assert set(found.refused) == {"unobserved"}
    assert 0.05 * TRIALS < len(found.refused) < 0.4 * TRIALS
